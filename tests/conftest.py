"""What the whole-repository tests share: the example, the golden network, and the command as users call it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def example():
    return ROOT / "examples/mnist"


@pytest.fixture(scope="session")
def golden():
    folder = ROOT.parent / "shared/reference/golden"
    if not folder.is_dir():
        pytest.skip(f"the golden network is not at {folder}")
    return folder


@pytest.fixture(scope="session")
def ancestors(golden):
    """Return the golden network, converted with the settings with which the ancestor made its golden counts."""
    import snn

    settings = {
        "normaliser": {"percentile": {"ignore_zeros": True}},
        "convert": {"initial": 0, "spiking_pools": True, "readout": "spikes"},
    }
    return snn.convert(golden / "mnist5k_cnn.h5", calibrate=golden, settings=settings)


@pytest.fixture
def snn(tmp_path):
    """Return a function that calls the command in an empty folder, as a user would."""

    def call(*words):
        command = [sys.executable, "-c", "from snn.cli import main; main()", *map(str, words)]
        environment = {**os.environ, "COLUMNS": "120", "PYTHONWARNINGS": "error"}
        return subprocess.run(command, cwd=tmp_path, env=environment, text=True, capture_output=True, check=False)

    return call


@pytest.fixture(scope="session")
def converted(example, tmp_path_factory):
    """Return the example's spiking network file."""
    import snn

    path = tmp_path_factory.mktemp("converted") / "mnist.snn"
    snn.save(snn.convert(example / "mnist.keras", calibrate=example / "calibration.npz"), path)
    return path
