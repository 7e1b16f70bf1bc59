"""The class that latched outputs tell: by how long their currents have flowed, then by their potentials."""

from __future__ import annotations

import numpy as np
import pytest
from snn.decoding import decode, rank
from snn.neurons import Accumulate, CorrectiveFirstSpike, DynamicFirstSpike, FirstSpike, IntegrateFire
from snn.simulating import Recording


def classes(flowing, potentials=None, kind=FirstSpike):
    """Return the class after each step of one sample, whose outputs have currents ``flowing`` (steps, classes)."""
    output = np.float32(flowing)[:, None]
    tops = None if potentials is None else np.float32(potentials)[:, None]
    return decode(Recording(output, output_potentials=tops), kind(name="out", inputs=("in",)))[:, 0].tolist()


@pytest.mark.parametrize("kind", [FirstSpike, DynamicFirstSpike, CorrectiveFirstSpike])
def test_the_output_that_fired_first_tells_the_class_whoever_is_higher_later(kind):
    flowing = [[0, 0, 1], [0, 1, 1], [1, 1, 1]]
    potentials = [[0, 0.5, 1], [0.75, 1.5, 1.25], [9, 3, 1.5]]
    assert classes(flowing, potentials, kind) == [2, 2, 2]


def test_among_outputs_that_fired_in_the_same_step_the_higher_potential_tells_it():
    assert classes([[0, 0, 0], [0, 1, 1], [0, 1, 1]], [[0, 0, 0], [5, 1, 2], [5, 4, 3]]) == [-1, 2, 1]


def test_among_equals_in_both_the_lowest_number_tells_it():
    assert classes([[0, 1, 1]], [[2, 1, 1]]) == [1]


def test_while_none_has_fired_the_highest_potential_tells_it():
    assert classes([[0, 0], [0, 0], [0, 1]], [[0, 0], [0.5, 0.25], [0.75, 1]]) == [-1, 0, 1]


def test_where_potentials_are_not_recorded_nothing_is_decided_before_the_first_spike():
    assert classes([[0, 0], [0, 1], [1, 1]]) == [-1, 1, 1]


def test_a_spike_that_is_taken_back_counts_for_as_long_as_it_lasted():
    # Steps with current: 1, 2, 2, 2, 2 of the first, and 0, 0, 1, 2, 3 of the second; the tie goes by the potential.
    flowing = [[1, 0], [1, 0], [0, 1], [0, 1], [0, 1]]
    potentials = [[1, 0], [1, 0], [0.5, 1], [0.25, 2], [0, 3]]
    assert classes(flowing, potentials, CorrectiveFirstSpike) == [0, 0, 0, 1, 1]


def test_the_only_output_is_always_decided():
    assert classes([[0], [1]], [[0], [1]]) == [0, 0]


@pytest.mark.parametrize("output", [IntegrateFire, Accumulate, FirstSpike])
def test_rank_of_the_right_class_is_zero_where_it_is_decided_for(output):
    draw = np.random.default_rng(1)
    values = draw.integers(0, 3, (6, 40, 5)).astype(np.float32)
    recording = Recording(values, output_potentials=draw.integers(0, 3, (6, 40, 5)).astype(np.float32))
    layer = output(name="out", inputs=("in",))
    labels = draw.integers(0, 5, 40)
    np.testing.assert_array_equal(rank(recording, layer, labels) == 0, decode(recording, layer) == labels)


def test_rank_counts_those_with_more_and_equals_with_a_lower_number():
    values = np.float32([[[0, 0, 0, 0]], [[3, 1, 2, 1]], [[1, 1, 1, 1]]])
    layer = IntegrateFire(name="out", inputs=("in",))
    found = [rank(Recording(values), layer, np.array([label]))[:, 0].tolist() for label in (0, 1, 2, 3, -1)]
    assert found == [[4, 0, 0], [4, 2, 1], [4, 1, 2], [4, 3, 3], [-1, -1, -1]]


def test_rank_of_latched_outputs_goes_by_time_and_then_by_potential():
    flowing = np.float32([[[0, 0, 1]], [[1, 1, 1]]])
    potentials = np.float32([[[3, 2, 1]], [[3, 4, 0]]])
    layer = FirstSpike(name="out", inputs=("in",))
    recording = Recording(flowing, output_potentials=potentials)
    found = [rank(recording, layer, np.array([label]))[:, 0].tolist() for label in range(3)]
    assert found == [[1, 2], [2, 1], [0, 0]]
