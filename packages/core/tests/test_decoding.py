"""The class that latched outputs tell: by how long their currents have flowed, then by their potentials."""

from __future__ import annotations

import numpy as np
import pytest
from snn.decoding import decode
from snn.neurons import CorrectiveFirstSpike, DynamicFirstSpike, FirstSpike
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
