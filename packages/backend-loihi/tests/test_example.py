"""The example and the golden network, as users run them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples/mnist"
GOLDEN = ROOT.parent / "shared/reference/golden"


def snn(folder, *words):
    """Return what the command prints."""
    command = [sys.executable, "-c", "from snn.cli import main; main()", *map(str, words)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def result(folder, model, data, backend, *words):
    return json.loads(snn(folder, "simulate", model, "--data", data, "--backend", backend, "--json", *words))


def test_the_example_runs_with_no_further_setting(tmp_path):
    snn(tmp_path, "convert", EXAMPLE / "mnist.keras", "--frontend", "keras", "--backend", "loihi")
    found = result(tmp_path, "mnist.snn", EXAMPLE / "test.npz", "loihi", "--count", 50)
    assert found["agreement"] >= 0.9  # without calibration samples


def test_the_example_loses_nothing_with_calibration_samples(tmp_path):
    words = ("--calibrate", EXAMPLE / "calibration.npz", "--backend", "loihi")
    snn(tmp_path, "convert", EXAMPLE / "mnist.keras", *words)
    found = result(tmp_path, "mnist.snn", EXAMPLE / "test.npz", "loihi", "--count", 100)
    assert found["accuracy"] >= 0.99
    assert found["facts"]["executor"] == "emulator"


@pytest.mark.skipif(not GOLDEN.is_dir(), reason="shared/reference/golden is not there")
def test_the_golden_network_loses_at_most_half_a_point_with_weights_of_eight_bits(tmp_path):
    model = GOLDEN / "mnist5k_cnn.h5"
    snn(tmp_path, "convert", model, "--calibrate", GOLDEN, "-o", "float.snn")
    snn(tmp_path, "convert", model, "--calibrate", GOLDEN, "--backend", "loihi", "-o", "loihi.snn")
    ours = result(tmp_path, "loihi.snn", GOLDEN, "loihi", "--duration", 128, "--set", "measure.layers=false")
    theirs = result(tmp_path, "float.snn", GOLDEN, "inisim", "--duration", 128, "--set", "measure.layers=false")
    assert ours["accuracy"] >= theirs["accuracy"] - 0.005
