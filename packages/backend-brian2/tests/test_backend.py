"""What the plugin offers, how lightly, and what it refuses."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import snn_backend_brian2
from snn import layers as op
from snn.clock import Clock
from snn.encoding import ConstantCurrent
from snn.errors import SimulationError, UnsupportedLayer
from snn.network import Network
from snn.neurons import Accumulate, IntegrateFire
from snn.plugins import Plugins
from snn.simulating import Setup
from snn_backend_brian2.backend import Brian2
from snn_backend_brian2.brian import preferred


def pooled(first):
    """Return a network with a max-pool behind the layer ``first``."""
    return Network(
        (
            op.Input(name="input", shape=(1, 4)),
            IntegrateFire(name="fire", inputs=("input",)),
            first,
            op.MaxPool(name="pool", inputs=(first.name,), size=(2,), stride=(2,), padding=((0, 0),)),
            Accumulate(name="out", inputs=("pool",)),
        ),
        stage="spiking",
    )


def test_the_plugin_offers_the_backend():
    assert snn_backend_brian2.snn_backends() == [Brian2]


def test_importing_the_plugin_and_making_the_backend_imports_no_brian2():
    code = (
        "import sys, snn_backend_brian2; snn_backend_brian2.snn_backends()[0]();"
        "heavy = {'brian2', 'sympy'} & set(sys.modules); sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_max_pool_of_sums_is_refused_by_name():
    mean = op.AvgPool(name="mean", inputs=("fire",), size=(1,), stride=(1,), padding=((0, 0),))
    with pytest.raises(UnsupportedLayer, match="'pool': backend 'brian2' takes the largest of spikes") as caught:
        Brian2().check(pooled(mean))
    assert "inisim" in caught.value.hint


def test_a_max_pool_of_spikes_is_taken_through_wiring():
    Brian2().check(pooled(op.Pad(name="pad", inputs=("fire",), padding=((0, 0),))))


def run(network, samples, **fields):
    stimulus = ConstantCurrent(np.asarray(samples, np.float32), np.arange(len(samples)), Clock(duration_ms=4))
    with Brian2(**fields).build(network, Setup(clock=stimulus.clock)) as simulator:
        return simulator.run(stimulus), simulator.facts()


def test_the_facts_tell_what_was_built():
    _, facts = run(pooled(_identity()), [[[1, 1, 1, 1]]])
    assert facts["synapses"] == 4 + 2  # from four neurons to two windows, and on to two potentials
    assert facts["codegen"] == "numpy"


def _identity():
    return op.Pad(name="pad", inputs=("fire",), padding=((0, 0),))


def test_preferences_of_brian2_are_left_as_they_were():
    import brian2

    before = brian2.prefs.codegen.target
    run(pooled(_identity()), [[[1, 1, 1, 1]]])
    assert brian2.prefs.codegen.target == before


def test_what_fails_in_brian2_is_one_line(monkeypatch):
    import brian2

    def fail(*words, **named):
        raise RuntimeError("no compiler\nand a long story")

    monkeypatch.setattr(brian2.Network, "run", fail)
    with pytest.raises(SimulationError, match=r"^Brian2 failed: no compiler$") as caught:
        run(pooled(_identity()), [[[1, 1, 1, 1]]])
    assert caught.value.hint


def test_progress_is_told_while_it_builds():
    told = []
    stimulus = ConstantCurrent(np.ones((1, 1, 4), np.float32), np.arange(1), Clock(duration_ms=4))
    with Brian2().build(pooled(_identity()), Setup(clock=stimulus.clock, tell=told.append)) as simulator:
        simulator.run(stimulus)
    assert [(step.stage, step.done, step.total) for step in told if step.stage == "build"] == [
        ("build", 1, 2),
        ("build", 2, 2),
    ]


def test_the_backend_is_chosen_by_name():
    assert Plugins().component("backend", "brian2") is Brian2


def test_an_interrupt_ends_the_run_with_nothing(monkeypatch):
    import brian2

    def interrupted(*words, **named):
        raise KeyboardInterrupt

    made = pooled(_identity())
    monkeypatch.setattr(brian2.SpikeMonitor, "before_run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(made, [[[1, 1, 1, 1]]])
    monkeypatch.undo()
    assert brian2.prefs.core.stop_on_keyboard_interrupt
    with preferred("numpy"):
        assert not brian2.prefs.core.stop_on_keyboard_interrupt  # a run that is cut off must not look like a whole one


def test_a_run_that_was_stopped_is_no_result(monkeypatch):
    import brian2

    whole = brian2.Network.run

    def half(self, duration, **named):
        return whole(self, duration / 2, **named)

    monkeypatch.setattr(brian2.Network, "run", half)
    with pytest.raises(SimulationError, match="stopped before the end"):
        run(pooled(_identity()), [[[1, 1, 1, 1]]])


def test_currents_that_are_not_finite_are_refused():
    dense = op.Dense(name="dense", inputs=("input",), weight=np.full((1, 1), -1e38), bias=np.zeros(1))
    network = Network(
        (
            op.Input(name="input", shape=(1,)),
            dense,
            IntegrateFire(name="fire", inputs=("dense",)),
            Accumulate(name="out", inputs=("fire",)),
        ),
        stage="spiking",
    )
    with pytest.raises(SimulationError, match="layer 'fire' is given a current that is no finite number"):
        run(network, [[0], [100], [0]])


def test_a_potential_that_is_read_within_the_network_is_refused():
    network = Network(
        (
            op.Input(name="input", shape=(1,)),
            Accumulate(name="inner", inputs=("input",)),
            IntegrateFire(name="out", inputs=("inner",)),
        ),
        stage="spiking",
    )
    with pytest.raises(UnsupportedLayer, match="'inner'"):
        Brian2().check(network)
