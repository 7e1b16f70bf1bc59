"""What a sample gives depends on nothing but the sample, its number, the network and the seed."""

import dataclasses
import tracemalloc

import numpy as np
import pytest
from snn.clock import Clock
from snn.encoding import ConstantCurrent, PoissonSpikes
from snn.layers import AvgPool, Concat, MaxPool
from snn.neurons import SoftmaxFire
from snn.simulating import Setup
from snn_backend_inisim import presenting
from snn_backend_inisim.backend import IniSim

CLOCK = Clock(duration_ms=30, dt_ms=1)


@pytest.fixture
def network(builder):
    """Return a network of every kind of state, whose weights are not dyadic."""
    b = builder((2, 6, 5), seed=4)
    b.numbers = lambda *shape, **_: b.random.normal(size=shape).astype(np.float32) / 2
    b.conv(5, (3, 3), padding=(1, 1))
    first = b.fire()
    pooled = b.pool(MaxPool, (3, 3), stride=1, padding=(1, 1))
    averaged = b.pool(AvgPool, (3, 3), first, stride=1, padding=(1, 1))
    b.put(Concat, pooled, averaged, "input")
    b.conv(3, (2, 2), stride=2)
    b.fire(reset="zero", leak=0.01, refractory_ms=2)
    b.flat()
    b.dense(4)
    b.put(SoftmaxFire, gain=0.3)
    return b.network()


@pytest.fixture(params=["current", "poisson"])
def stimulus(request):
    samples = np.random.default_rng(9).normal(size=(7, 2, 6, 5)).astype(np.float32)
    numbers = np.arange(40, 47)
    if request.param == "current":
        return ConstantCurrent(samples, numbers, CLOCK)
    return PoissonSpikes(samples, numbers, CLOCK, rate_hz=400, seed=2)


@pytest.fixture
def run(network, record_all):
    def run(stimulus, seed=0, threads=0):
        with IniSim(threads=threads).build(network, record_all(network, CLOCK, seed)) as simulator:
            return simulator.run(stimulus)

    return run


def part(stimulus, rows):
    return dataclasses.replace(stimulus, samples=stimulus.samples[rows], numbers=stimulus.numbers[rows])


def assert_same(found, expected, rows=slice(None)):
    np.testing.assert_array_equal(found.output, expected.output[:, rows])
    np.testing.assert_array_equal(found.operations, expected.operations[:, rows])
    for name, counts in expected.counts.items():
        np.testing.assert_array_equal(found.counts[name], counts[rows])
    for name, potentials in expected.potentials.items():
        np.testing.assert_array_equal(found.potentials[name], potentials[:, rows])
    for name, events in expected.spikes.items():
        steps, batch = expected.output.shape[:2]
        shape = expected.counts[name].shape[1:]
        dense = found.spikes[name].dense(steps, found.output.shape[1], shape)
        np.testing.assert_array_equal(dense, events.dense(steps, batch, shape)[:, rows])


def test_a_batch_of_one_equals_its_row_in_a_batch_of_many(run, stimulus):
    many = run(stimulus)
    assert many.output[-1].any()
    for row in range(len(stimulus.samples)):
        assert_same(run(part(stimulus, slice(row, row + 1))), many, slice(row, row + 1))


def test_a_last_batch_may_be_smaller(run, stimulus):
    many = run(stimulus)
    assert_same(run(part(stimulus, slice(5, 7))), many, slice(5, 7))


def test_an_empty_batch_gives_an_empty_recording(run, stimulus):
    none = run(part(stimulus, slice(0, 0)))
    assert none.output.shape == (30, 0, 4)
    assert none.operations.shape == (30, 0)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_threads_change_nothing(run, stimulus, threads):
    assert_same(run(stimulus, threads=threads), run(stimulus))


@pytest.mark.parametrize(("name", "size"), [("BLOCK_BYTES", 1), ("BLOCK_BYTES", 2**14), ("SHARED_BYTES", 1)])
def test_blocks_of_steps_and_samples_change_nothing(run, stimulus, monkeypatch, name, size):
    expected = run(stimulus)
    monkeypatch.setattr(presenting, name, size)
    assert_same(run(stimulus), expected)


def test_a_seed_repeats_itself_and_another_differs(run, stimulus):
    assert_same(run(stimulus, seed=3), run(stimulus, seed=3))
    assert not np.array_equal(run(stimulus, seed=3).output, run(stimulus, seed=4).output)


def test_every_run_starts_at_rest(network, record_all, stimulus):
    with IniSim().build(network, record_all(network, CLOCK)) as simulator:
        first = simulator.run(stimulus)
        simulator.run(part(stimulus, slice(2, 5)))
        assert_same(simulator.run(stimulus), first)


def test_two_simulators_do_not_meet(network, record_all, stimulus):
    setup = record_all(network, CLOCK)
    with IniSim().build(network, setup) as one, IniSim().build(network, setup) as other:
        expected = one.run(stimulus)
        other.run(part(stimulus, slice(3, 4)))
        assert_same(one.run(stimulus), expected)


def test_memory_does_not_grow_with_the_steps(builder):
    b = builder((1000,))
    b.fire()
    b.fire(threshold=2.0)
    b.dense(1)
    b.fire()
    clock = Clock(duration_ms=5000, dt_ms=1)
    simulator = IniSim(threads=2).build(b.network(), Setup(clock))
    stimulus = ConstantCurrent(b.samples(8), np.arange(8), clock)
    tracemalloc.start()
    simulator.run(stimulus)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**25  # all spikes of one of the layers would be five times as much
