"""Spikes in any order become the recording that a step loop would have made."""

from __future__ import annotations

import numpy as np
from snn.assembling import assemble, in_order
from snn.clock import Clock
from snn.encoding import ConstantCurrent, PoissonSpikes
from snn.layers import Dense, Input
from snn.network import Network
from snn.neurons import Accumulate, IntegrateFire
from snn.simulating import Record
from snn.testing import reference


def network(last):
    """Return two inputs, three neurons with different fan-outs, and two outputs."""
    weight = np.array([[1, 0.5], [0, 1], [0.25, 0]], np.float32)
    second = np.array([[1, 1, 0], [0.5, 0, 0]], np.float32)
    return Network(
        (
            Input(name="input", shape=(2,)),
            Dense(name="first", inputs=("input",), weight=weight, bias=np.array([0.125, 0, 0])),
            IntegrateFire(name="fire", inputs=("first",)),
            Dense(name="second", inputs=("fire",), weight=second, bias=np.zeros(2)),
            last(name="out", inputs=("second",)),
        ),
        stage="spiking",
    )


def check(made, stimulus):
    trace = reference.simulate(made, stimulus)
    rng = np.random.default_rng(0)
    spikes = {}
    for name, fired in trace.spikes.items():
        columns = np.stack(np.nonzero(fired))
        columns = columns[:, rng.permutation(columns.shape[1])]
        spikes[name] = in_order(*columns)
    record = Record(frozenset({"fire"}), frozenset({"fire"}), frozenset({"out"}))
    found = assemble(made, stimulus, record, spikes, trace.potentials)
    assert (found.output == trace.output).all()
    assert (found.operations == trace.operations).all()
    assert (found.counts["fire"] == trace.spikes["fire"].sum(axis=0)).all()
    steps, batch = trace.output.shape[:2]
    assert (found.spikes["fire"].dense(steps, batch, (3,)) == trace.spikes["fire"]).all()
    assert set(found.potentials) == {"out"}


def test_a_constant_current_counts_its_multiply_adds_once():
    samples = np.array([[1, 0.25], [0.5, 2]], np.float32)
    for last in (Accumulate, IntegrateFire):
        check(network(last), ConstantCurrent(samples, np.arange(2), Clock(duration_ms=7)))


def test_spikes_that_enter_count_with_their_fan_out():
    samples = np.array([[1, 0.25], [0.5, 2], [0, 1]], np.float32)
    check(network(IntegrateFire), PoissonSpikes(samples, np.arange(3), Clock(duration_ms=9), rate_hz=400.0))


def test_no_spikes_at_all_are_a_recording_of_zeros():
    check(network(IntegrateFire), ConstantCurrent(np.full((1, 2), -1, np.float32), np.arange(1), Clock(duration_ms=3)))
