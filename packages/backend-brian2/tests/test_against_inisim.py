"""Spike trains are those of INI's engine, spike for spike, on networks whose sums are exact in any order."""

from __future__ import annotations

import numpy as np
import pytest
from snn import layers as op
from snn.clock import Clock
from snn.encoding import ConstantCurrent, PoissonSpikes
from snn.network import Network
from snn.neurons import Accumulate, IntegrateFire
from snn.plugins import Plugins
from snn.sequences import sequence
from snn.simulating import Record, Setup

STEPS = 24


def eighths(rng, *shape):
    """Return random numbers that are sums of few powers of two, so that no sum of them is rounded."""
    return (rng.integers(-6, 7, shape) / 8).astype(np.float32)


def fire(name, source, **fields):
    return IntegrateFire(name=name, inputs=(source,), **fields)


def conv(rng, name, source, out, given, *, kernel=3, **fields):
    plain = {"stride": (1, 1), "padding": ((1, 1), (1, 1)), "dilation": (1, 1), **fields}
    weight = eighths(rng, out, given // plain.get("groups", 1), kernel, kernel)
    return op.Conv(name=name, inputs=(source,), weight=weight, bias=eighths(rng, out) / 4, **plain)


def network(**fields):
    """Return convolutions with strides, groups, dilation, pools and two branches of unequal depth, all with biases."""
    rng = np.random.default_rng(7)
    flat = 8 * 2 * 2
    return Network(
        (
            op.Input(name="input", shape=(2, 8, 8)),
            conv(rng, "conv1", "input", 4, 2),
            fire("fire1", "conv1", **fields),
            op.MaxPool(name="largest", inputs=("fire1",), size=(3, 3), stride=(2, 2), padding=((0, 1), (0, 1))),
            conv(rng, "conv2", "largest", 4, 4, groups=2),
            fire("fire2", "conv2", **fields),
            conv(rng, "conv3", "fire2", 4, 4, dilation=(2, 2), padding=((2, 2), (2, 2))),
            fire("fire3", "conv3", **fields),
            op.Add(name="sum", inputs=("largest", "fire3"), factors=np.array([0.5, 2])),
            op.Concat(name="both", inputs=("sum", "fire2")),
            op.AvgPool(name="mean", inputs=("both",), size=(2, 2), stride=(2, 2), padding=((0, 0), (0, 0))),
            op.Flatten(name="flat", inputs=("mean",)),
            op.Dense(name="dense", inputs=("flat",), weight=eighths(rng, 5, flat), bias=eighths(rng, 5)),
            fire("fire4", "dense", **fields),
            op.Dense(name="classes", inputs=("fire4",), weight=eighths(rng, 3, 5), bias=eighths(rng, 3)),
            Accumulate(name="out", inputs=("classes",)),
        ),
        stage="spiking",
    )


def recordings(made, stimulus, potentials=frozenset({"fire3", "out"})):
    """Return what both backends record: spikes of all neurons, potentials of some, the output."""
    names = frozenset(layer.name for layer in made.layers if isinstance(layer, IntegrateFire))
    record = Record(counts=names, spikes=names, potentials=potentials)
    found = []
    for name in ("brian2", "inisim"):
        backend = Plugins().component("backend", name)()
        with backend.build(made, Setup(clock=stimulus.clock, record=record)) as simulator:
            found.append(simulator.run(stimulus))
    return found


def same(ours, theirs, made):
    for name in theirs.spikes:
        shape = (STEPS, len(theirs.output[0]), made.shapes[name])
        dense = [recording.spikes[name].dense(*shape) for recording in (ours, theirs)]
        assert dense[1].any(), name
        assert (dense[0] == dense[1]).all(), name
        assert (ours.counts[name] == theirs.counts[name]).all(), name
    for name in theirs.potentials:
        assert ours.potentials[name] == pytest.approx(theirs.potentials[name], abs=1e-6), name
    assert ours.output == pytest.approx(theirs.output, abs=1e-6)
    assert (ours.operations == theirs.operations).all()


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"initial": np.float32(0.5)},
        {"reset": "zero", "threshold": 0.75},
        {"reset": "modulo"},
        {"leak": 0.125, "refractory_ms": 2.0},
    ],
    ids=["plain", "initial", "zero", "modulo", "leak and pause"],
)
def test_a_constant_current_gives_the_same_spikes(fields):
    made = network(**fields)
    rng = np.random.default_rng(1)
    samples = (rng.integers(0, 9, (3, 2, 8, 8)) / 8).astype(np.float32)
    same(*recordings(made, ConstantCurrent(samples, np.arange(3), Clock(duration_ms=STEPS))), made)


def test_random_spikes_give_the_same_spikes():
    made = network()
    samples = (np.random.default_rng(2).integers(0, 9, (2, 2, 8, 8)) / 8).astype(np.float32)
    same(*recordings(made, PoissonSpikes(samples, np.arange(2), Clock(duration_ms=STEPS), rate_hz=500.0)), made)


def test_samples_in_a_row_give_the_same_spikes_and_operations():
    made, clock = network(), Clock(duration_ms=STEPS // 2)
    samples = (np.random.default_rng(4).integers(0, 9, (2, 2, 8, 8)) / 8).astype(np.float32)
    parts = [ConstantCurrent(part, np.arange(2), clock) for part in (samples, samples[::-1])]
    same(*recordings(made, sequence(parts)), made)


def test_batches_that_do_not_fit_at_once_are_run_in_parts(monkeypatch):
    from snn_backend_brian2 import simulator

    made = network()
    samples = (np.random.default_rng(3).integers(0, 9, (4, 2, 8, 8)) / 8).astype(np.float32)
    stimulus = ConstantCurrent(samples, np.arange(4), Clock(duration_ms=STEPS))
    monkeypatch.setattr(simulator, "_HELD_BYTES", 1)
    same(*recordings(made, stimulus), made)


def test_biases_behind_neurons_are_kept_where_the_input_joins_them():
    made = Network(
        (
            op.Input(name="input", shape=(1, 2, 2)),
            fire("fire", "input"),
            op.Affine(name="dense", inputs=("fire",), scale=np.array([1.0]), shift=np.array([0.5])),
            op.Add(name="sum", inputs=("input", "dense"), factors=np.array([1, 1])),
            fire("second", "sum"),
            op.Flatten(name="flat", inputs=("second",)),
            Accumulate(name="out", inputs=("flat",)),
        ),
        stage="spiking",
    )
    clock = Clock(duration_ms=STEPS // 2)
    samples = np.stack([np.zeros((1, 2, 2)), np.full((1, 2, 2), 0.25)]).astype(np.float32)
    parts = [ConstantCurrent(samples, np.arange(2), clock), ConstantCurrent(samples[::-1], np.arange(2), clock)]
    ours, theirs = recordings(made, sequence(parts), potentials=frozenset())
    assert (ours.output == theirs.output).all()
    assert ours.output[-1, 0].any()
