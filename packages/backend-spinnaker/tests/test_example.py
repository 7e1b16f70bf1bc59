"""The example, from its Keras file to spikes on another simulator, by the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[3] / "examples" / "mnist"


def snn(folder, *words):
    command = [sys.executable, "-W", "error", "-c", "from snn.cli import main; main()", *map(str, words)]
    return subprocess.run(command, cwd=folder, text=True, capture_output=True, check=True).stdout


@pytest.mark.parametrize("backend", ["pynn", "spinnaker"])
def test_the_example_is_converted_for_it_wherever_that_may_be(backend, tmp_path):
    """Nothing of the simulator is needed to convert."""
    snn(tmp_path, "convert", EXAMPLE / "mnist.keras", "--frontend", "keras", "--backend", backend)
    assert (tmp_path / "mnist.snn").is_file()


def test_the_example_gives_the_spikes_of_inis_engine_on_nest(tmp_path):
    pytest.importorskip("nest", reason="NEST is missing")
    words = ("--calibrate", EXAMPLE / "calibration.npz", "--frontend", "keras", "--backend", "pynn")
    snn(tmp_path, "convert", EXAMPLE / "mnist.keras", *words)
    words = ("--data", EXAMPLE / "test.npz", "--count", 4, "--duration", 24, "--backends", "inisim,pynn", "--json")
    ours, theirs = reversed(json.loads(snn(tmp_path, "parity", "mnist.snn", *words))["backends"])
    assert not ours["fault"]
    assert ours["accuracy"] == theirs["accuracy"]
    assert ours["agreement"] == 1
    for layer in ours["layers"].values():
        assert layer["difference"] == 0 < layer["count"]
