"""Samples in a row are one stimulus, and what a simulator recorded of it is taken apart again."""

from __future__ import annotations

import numpy as np
import pytest
from snn.clock import Clock
from snn.encoding import ConstantCurrent, PoissonSpikes
from snn.neurons import Accumulate, IntegrateFire
from snn.sequences import clock, sequence, split, to_record
from snn.simulating import Events, Record, Recording

from . import graphs

CLOCK = Clock(3, 1)
DENSE = graphs.dense("d", "in", np.eye(2))
NETWORK = graphs.chain(
    (2,), DENSE, IntegrateFire(name="n", inputs=("d",)), Accumulate(name="out", inputs=("n",)), stage="spiking"
)


def currents(*samples):
    return [ConstantCurrent(np.float32([x]), np.array([i]), CLOCK) for i, x in enumerate(samples)]


def test_one_stimulus_is_a_sequence_of_itself():
    (only,) = currents([1, 2])
    assert sequence([only]) is only
    assert clock(CLOCK, 1) is CLOCK
    assert only.constant


def test_a_sequence_gives_the_steps_of_its_parts_in_turn():
    both = sequence(currents([1, 2], [3, 4]))
    assert (both.kind, both.constant, both.clock) == ("current", False, Clock(6, 1))
    assert both.steps(0, 6)[:, 0].tolist() == [[1, 2]] * 3 + [[3, 4]] * 3
    for start in range(7):
        for stop in range(start, 7):
            np.testing.assert_array_equal(both.steps(start, stop), both.steps(0, 6)[start:stop])


def test_random_spikes_of_a_sequence_are_those_of_its_samples():
    parts = [PoissonSpikes(np.full((1, 2), 0.5, np.float32), np.array([i]), CLOCK, seed=3) for i in range(3)]
    whole = sequence(parts)
    assert whole.kind == "spikes"
    np.testing.assert_array_equal(whole.steps(2, 7), np.concatenate([part.steps(0, 3) for part in parts])[2:7])


@pytest.mark.parametrize("dt_ms", [0.1, 0.3, 1, 7])
@pytest.mark.parametrize("parts", [2, 3, 10, 1000])
def test_a_sequence_has_whole_parts(dt_ms, parts):
    single = Clock(20.5, dt_ms)
    assert clock(single, parts).steps == parts * single.steps


def test_counts_are_taken_from_spikes_where_samples_share_a_presentation():
    record = Record(counts=frozenset({"a"}), spikes=frozenset({"b"}), potentials=frozenset({"c"}))
    assert to_record(record, 1) is record
    assert to_record(record, 2) == Record(spikes=frozenset({"a", "b"}), potentials=frozenset({"c"}))


def test_a_recording_is_taken_apart_by_hand():
    # Two sequences of two samples, of two steps each; the last sequence has one sample.
    potential = np.float32([[1, 10], [2, 20], [5, 50], [4, 60]])  # (steps, sequences)
    events = Events(
        step=np.int32([0, 1, 2, 2, 3]),
        sample=np.int32([0, 1, 0, 1, 0]),
        neuron=np.int32([1, 0, 0, 1, 0]),
        sign=np.ones(5, np.int8),
    )
    recording = Recording(
        output=potential[:, :, None],
        operations=np.float64([[3, 0], [3, 1], [4, 1], [9, 1]]),
        spikes={"n": events},
        potentials={"n": potential[:, :, None] * np.float32([1, 2])},
    )
    record = Record(counts=frozenset({"n"}), spikes=frozenset({"n"}), potentials=frozenset({"n"}))
    found = split(recording, NETWORK, record, 2, 3, current=True)
    # Samples: the first of sequence 0, its second, the first of sequence 1.
    assert found.output[:, :, 0].tolist() == [[1, 3, 10], [2, 2, 20]]
    # Two multiply-adds a sample, of the weights that are not 0.
    assert found.operations.tolist() == [[3 + 2, 1 + 2, 0 + 2], [3 + 2, 6 + 2, 1 + 2]]
    assert found.counts["n"].tolist() == [[0, 1], [2, 0], [1, 0]]
    assert np.stack([found.spikes["n"].step, found.spikes["n"].sample, found.spikes["n"].neuron]).T.tolist() == [
        [0, 0, 1],
        [0, 1, 0],
        [1, 1, 0],
        [1, 2, 0],
    ]
    assert found.potentials["n"][:, :, 1].tolist() == [[2, 10, 20], [4, 8, 40]]


def test_spikes_as_input_are_counted_by_the_simulator_alone():
    recording = Recording(np.zeros((4, 1, 2), np.float32), np.float64([[1], [2], [3], [5]]))
    assert split(recording, NETWORK, Record(), 2, 2, current=False).operations.tolist() == [[1, 1], [2, 3]]
    assert split(Recording(recording.output), NETWORK, Record(), 2, 2, current=True).operations is None
