"""``snn parity`` tells how far backends are apart, and goes on without one that does not run."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
import snn
from snn import layers as op
from snn.dataset import Dataset
from snn.errors import PluginError, SettingsError, UnsupportedLayer
from snn.network import Network
from snn.neurons import Accumulate, IntegrateFire, SoftmaxFire
from snn.parity import parity
from snn.plugins import Plugins
from snn.run_file import build
from test_against_inisim import network


def data(made):
    rng = np.random.default_rng(1)
    samples = (rng.integers(0, 9, (5, *made.shapes[made.input.name])) / 8).astype(np.float32)
    return Dataset(samples, np.array([0, 1, 2, -1, 0]), "samples")


def compared(made, *backends, **tables):
    plugins = Plugins()
    run = build({"simulate": {"duration_ms": 24.0, **tables}}, plugins)
    return parity(run, made, data(made), backends, plugins)


def test_backends_that_agree_have_no_difference():
    first, second = compared(network(), "inisim", "brian2", batch=2)
    assert (first.backend, second.backend) == ("inisim", "brian2")
    assert list(second.layers) == ["fire1", "fire2", "fire3", "fire4"]
    for name, spikes in second.layers.items():
        assert spikes.difference == 0 < spikes.count == first.layers[name].count
    assert second.output == 0
    assert second.agreement == 1
    assert second.accuracy == first.accuracy


def test_a_difference_is_counted_neuron_by_neuron(monkeypatch):
    """One neuron of each sample is given a spike less than it fires: five samples, five spikes."""
    from snn_backend_brian2.simulator import Brian2Simulator

    run = Brian2Simulator.run

    def one_less(self, stimulus):
        recording = run(self, stimulus)
        recording.counts["fire4"][:, np.argmax(recording.counts["fire4"].sum(axis=0))] -= 1
        return recording

    monkeypatch.setattr(Brian2Simulator, "run", one_less)
    first, second = compared(network(), "inisim", "brian2")
    assert second.layers["fire4"].difference == 5
    assert second.layers["fire4"].share == 5 / first.layers["fire4"].count
    assert second.layers["fire3"].difference == 0


def lottery():
    """Return a network that Brian2 does not run."""
    return Network(
        (
            op.Input(name="input", shape=(3,)),
            IntegrateFire(name="fire", inputs=("input",)),
            SoftmaxFire(name="out", inputs=("fire",)),
        ),
        stage="spiking",
    )


def test_a_backend_that_does_not_run_the_network_is_told_and_left_out():
    first, second = compared(lottery(), "inisim", "brian2")
    assert not first.fault
    assert second.fault.startswith("layer 'out': backend 'brian2' does not run SoftmaxFire (")


def test_samples_in_a_row_are_not_compared():
    with pytest.raises(SettingsError, match="sequence"):
        compared(network(), "inisim", "brian2", sequence=2)


def test_the_first_backend_must_run_it():
    with pytest.raises(UnsupportedLayer, match="SoftmaxFire"):
        compared(lottery(), "brian2", "inisim")


def test_two_different_backends_are_needed():
    for names in ((), ("inisim",), ("inisim", "inisim")):
        with pytest.raises(SettingsError, match="two or more"):
            compared(network(), *names)
    with pytest.raises(PluginError, match="nobody"):
        compared(network(), "inisim", "nobody")


def test_the_command_prints_a_table_and_json(tmp_path):
    made = Network(
        (
            op.Input(name="input", shape=(2,)),
            IntegrateFire(name="fire", inputs=("input",)),
            Accumulate(name="out", inputs=("fire",)),
        ),
        stage="spiking",
    )
    snn.save(made, tmp_path / "net.snn")
    np.savez(tmp_path / "x.npz", x=np.array([[0.5, 0.25], [1, 0]], np.float32), y=[0, 0])
    words = ["parity", "net.snn", "--data", "x.npz", "--backends", "inisim,brian2", "--duration", "8"]
    told = []
    for more in ([], ["--json"]):
        command = [sys.executable, "-W", "error", "-c", "from snn.cli import main; main()", *words, *more]
        told.append(subprocess.run(command, cwd=tmp_path, text=True, capture_output=True, check=True).stdout)
    assert "14 spikes, 0 off" in told[0]  # 4 + 2 and 8
    assert [side["backend"] for side in json.loads(told[1])["backends"]] == ["inisim", "brian2"]
