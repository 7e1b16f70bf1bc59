"""Samples shown one after the other meet the network as the one before has left it."""

import numpy as np
import pytest
import snn
from snn import sequences
from snn.clock import Clock
from snn.encoding import ConstantCurrent, PoissonSpikes
from snn.errors import SettingsError
from snn.layers import AvgPool, Dense, MaxPool
from snn.neurons import Accumulate
from snn.operations import constant_multiply_adds
from snn.simulating import Setup
from snn_backend_inisim.backend import IniSim


@pytest.fixture
def network(builder):
    b = builder((2, 6, 5), seed=1)
    b.conv(4, (3, 2), padding=(1, 1))
    b.fire(reset="zero", leak=0.125, refractory_ms=2.0)
    b.pool(MaxPool, (2, 2), stride=1)
    b.conv(3, (2, 2), stride=2)
    b.fire(initial=np.float32(0.5))
    b.pool(AvgPool, (2, 2))
    b.flat()
    b.dense(4)
    b.put(Accumulate)
    b.samples = lambda count: b.numbers(count, 2, 6, 5, parts=16, top=16)
    return b


@pytest.mark.parametrize("kind", [ConstantCurrent, PoissonSpikes])
def test_sequences_equal_the_step_loop(kind, network, equals_step_loop):
    clock = Clock(6, 0.5)
    parts = [kind(network.samples(4), np.arange(4) + 10 * part, clock) for part in range(3)]
    whole = sequences.sequence(parts)
    assert whole.clock == Clock(18, 0.5)
    equals_step_loop(network.network(), whole.samples, whole.clock, whole, numbers=whole.numbers)


@pytest.mark.parametrize("readout", [Accumulate, None])
@pytest.mark.parametrize("input_", ["current", "poisson"])
def test_each_sample_of_a_sequence_is_read_on_its_own_part_of_the_time(readout, input_, network, loop, tmp_path):
    if readout is None:
        network.layers.pop()
        network.last = network.layers[-1].name
        network.fire()
    spiking, samples, clock = network.network(), network.samples(7), Clock(6, 1)
    settings = {"simulate": {"sequence": 3, "input": input_, "rate_hz": 500}, "record": {"counts": ["integratefire2"]}}
    result = snn.simulate(spiking, samples, duration_ms=6, batch=100, settings=settings, out=tmp_path)
    padded = np.concatenate([samples, np.zeros_like(samples[:2])])
    for first in (0, 3, 6):
        rows = [padded[row : row + 1] for row in range(first, first + 3)]
        numbers = [np.array([row]) for row in range(first, first + 3)]
        singles = [
            ConstantCurrent(row, number, clock)
            if input_ == "current"
            else PoissonSpikes(row, number, clock, rate_hz=500, seed=0)
            for row, number in zip(rows, numbers, strict=True)
        ]
        whole = sequences.sequence(singles)
        output, operations, spikes, _ = loop(spiking, whole, Setup(whole.clock))
        for part in range(min(3, 7 - first)):
            span = slice(6 * part, 6 * part + 6)
            before = output[6 * part - 1] if part else np.zeros_like(output[0])
            grown = (output[span] - before)[:, 0]
            nothing = grown.max(axis=1) == (0 if readout is None else grown.min(axis=1))
            expected = np.where(nothing, -1, grown.argmax(axis=1))
            np.testing.assert_array_equal(result.spiking[:, first + part], expected)
            work = operations[span, 0] - (operations[6 * part - 1, 0] if part else 0)
            once = constant_multiply_adds(spiking) if input_ == "current" else 0
            np.testing.assert_array_equal(result.operations[:, first + part], work + once)
            with np.load(tmp_path / "recordings/000000.npz") as kept:
                counts = spikes["integratefire2"][span, 0].sum(axis=0)
                np.testing.assert_array_equal(kept["counts/integratefire2"][first + part], counts)


@pytest.mark.parametrize("batch", [1, 2, 3, 5, 7])
def test_sequences_do_not_depend_on_the_batch(batch, network):
    spiking, samples = network.network(), network.samples(8)
    settings = {"simulate": {"sequence": 3}}
    expected = snn.simulate(spiking, samples, duration_ms=8, settings=settings)
    found = snn.simulate(spiking, samples, duration_ms=8, batch=batch, settings=settings)
    np.testing.assert_array_equal(found.spiking, expected.spiking)
    np.testing.assert_array_equal(found.operations, expected.operations)


def test_a_sequence_of_one_is_a_presentation_at_rest(network):
    spiking, samples = network.network(), network.samples(5)
    expected = snn.simulate(spiking, samples, duration_ms=8)
    found = snn.simulate(spiking, samples, duration_ms=8, settings={"simulate": {"sequence": 1}})
    np.testing.assert_array_equal(found.spiking, expected.spiking)
    np.testing.assert_array_equal(found.operations, expected.operations)


def test_the_first_of_a_sequence_starts_at_rest_and_the_second_where_it_left(builder):
    b = builder((2,))
    b.fire()
    b.put(Dense, weight=np.eye(2, dtype=np.float32), bias=np.zeros(2, np.float32))
    b.put(Accumulate)
    # Two steps of 3/8 leave 6/8; the next sample's first 1/4 makes the neuron fire in its first step.
    samples = np.float32([[0.375, 0], [0.25, 0.5]])
    network = b.network()
    alone = snn.simulate(network, samples, duration_ms=2)
    assert alone.spiking.T.tolist() == [[-1, -1], [-1, 1]]
    result = snn.simulate(network, samples, duration_ms=2, settings={"simulate": {"sequence": 2}})
    # The second neuron fires in the second step of the second sample: 1/2, 1; then both have one spike in it.
    assert result.spiking.T.tolist() == [[-1, -1], [0, -1]]
    assert result.operations.T.tolist() == [[0, 0], [1, 2]]


def test_a_stop_and_sequences_do_not_go_together(network):
    settings = {"simulate": {"sequence": 2}, "backend": {"inisim": {"stop_margin": 1}}}
    with pytest.raises(SettingsError, match="stop_margin") as caught:
        snn.simulate(network.network(), network.samples(4), duration_ms=4, settings=settings)
    assert "sequence = 1" in caught.value.hint


def test_currents_in_a_row_are_refused_by_name_where_a_backend_takes_none(network, monkeypatch):
    monkeypatch.setattr(IniSim, "sequences", False)
    settings = {"simulate": {"sequence": 2}}
    with pytest.raises(SettingsError, match="sequence: backend 'inisim' takes no current that changes"):
        snn.simulate(network.network(), network.samples(4), duration_ms=4, settings=settings)
    settings["simulate"]["input"] = "poisson"  # spikes differ from step to step anyway
    assert snn.simulate(network.network(), network.samples(4), duration_ms=4, settings=settings).samples == 4
