"""A network whose connections come out of files is the network that they were saved of."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from snn.clock import Clock
from snn.encoding import ConstantCurrent, PoissonSpikes
from snn.errors import NetworkError
from snn.neurons import IntegrateFire
from snn.simulating import Record, Setup
from snn_backend_brian2 import simulator
from snn_backend_brian2.backend import Brian2
from test_against_inisim import network

CLOCK = Clock(duration_ms=12)


def stimulus(kind):
    samples = (np.random.default_rng(1).integers(0, 9, (2, 2, 8, 8)) / 8).astype(np.float32)
    if kind == "current":
        return ConstantCurrent(samples, np.arange(2), CLOCK)
    return PoissonSpikes(samples, np.arange(2), CLOCK, rate_hz=500.0)


def run(made, kind, folder=""):
    """Return the spikes of all neurons, what was told, and the facts."""
    names = frozenset(layer.name for layer in made.layers if isinstance(layer, IntegrateFire))
    told = []
    setup = Setup(clock=CLOCK, record=Record(spikes=names), tell=told.append, kind=kind)
    with Brian2(connections=str(folder)).build(made, setup) as built:
        found = built.run(stimulus(kind))
        return found, [step.note for step in told if step.note], built.facts()


@pytest.mark.parametrize("kind", ["current", "spikes"])
def test_a_loaded_network_spikes_as_the_built_one(tmp_path, monkeypatch, kind):
    made, folder = network(), tmp_path / "kept"
    built, notes, facts = run(made, kind, folder)
    assert notes == [f"connections saved to {folder / kind}"]
    assert facts["connections"] == notes[0]
    monkeypatch.setattr(simulator, "connections", None)
    monkeypatch.setattr("snn.connection_files.connections", None)  # nothing is worked out again
    loaded, notes, _ = run(made, kind, folder)
    assert notes == [f"connections loaded from {folder / kind}"]
    for name, events in built.spikes.items():
        for field in ("step", "sample", "neuron", "sign"):
            assert getattr(events, field).tobytes() == getattr(loaded.spikes[name], field).tobytes(), name
    assert loaded.output.tobytes() == built.output.tobytes()


def test_both_kinds_of_input_have_files_of_their_own_in_one_folder(tmp_path):
    for kind in ("current", "spikes"):
        run(network(), kind, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["current", "spikes"]
    names = {kind: [path.name for path in (tmp_path / kind).glob("*-fire1.txt")] for kind in ("current", "spikes")}
    assert names == {"current": [], "spikes": ["0001-input-fire1.txt"]}


def test_a_changed_network_is_refused(tmp_path):
    run(network(), "current", tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    made = network()
    layers = [
        layer if layer.name != "dense" else dataclasses.replace(layer, bias=layer.bias + 1) for layer in made.layers
    ]
    with pytest.raises(NetworkError, match="holds the connections of another network") as caught:
        run(dataclasses.replace(made, layers=tuple(layers)), "current", tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert caught.value.hint
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*.*")}


def test_without_the_setting_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, notes, facts = run(network(), "current")
    assert not notes
    assert "connections" not in facts
    assert not list(tmp_path.iterdir())
