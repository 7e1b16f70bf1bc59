"""Samples are chosen by number, by class and by count; they keep their numbers and their order."""

from __future__ import annotations

import numpy as np
import pytest
from snn import checking
from snn.errors import SettingsError
from snn.selecting import numbers, select

CLASSES = np.array([0, 0, 1, 1, 0, 2, 2, 1, -1, 2])


def data():
    return checking.from_arrays(np.arange(10.0).reshape(10, 1), CLASSES, "d.npz")


def chosen(**settings):
    found = select(data(), **settings)
    np.testing.assert_array_equal(found.samples[:, 0], found.numbers)
    np.testing.assert_array_equal(found.labels, CLASSES[found.numbers])
    return found.numbers.tolist()


@pytest.mark.parametrize(
    ("subset", "expected"),
    [
        ("0:3", [0, 1, 2]),
        ("7:", [7, 8, 9]),
        (":2", [0, 1]),
        (":", list(range(10))),
        ("0:10:4", [0, 4, 8]),
        ("::5", [0, 5]),
        ("-2:", [8, 9]),
        ("-1", [9]),
        ("5,7,9", [5, 7, 9]),
        (" 9, 0:2 ,1", [0, 1, 9]),
        ("0:999", list(range(10))),
    ],
)
def test_subset_names_samples_as_python_does(subset, expected):
    assert numbers(subset, 10).tolist() == expected
    assert chosen(subset=subset) == expected


@pytest.mark.parametrize("subset", ["a", "1.5", "0:1:0", ",", "1,", "0:2:-1", "1:2:3:4", "0x1", "1 2", "f()"])
def test_subset_that_is_none_is_refused(subset):
    with pytest.raises(SettingsError, match=r"\[data\] subset: .* is no number and no range") as caught:
        numbers(subset, 10)
    assert "0:1000" in caught.value.hint


@pytest.mark.parametrize("subset", ["10", "-11", "10:", "5:5", "0,99"])
def test_subset_that_names_no_sample_is_refused(subset):
    with pytest.raises(SettingsError, match="names none of the 10 samples, 0 to 9"):
        numbers(subset, 10)


def test_first_samples_of_each_class_are_taken_and_unknown_ones_left():
    assert chosen(per_class=1) == [0, 2, 5]
    assert chosen(per_class=2) == [0, 1, 2, 3, 5, 6]


def test_class_with_too_few_samples_is_told():
    with pytest.raises(SettingsError, match=r"per_class: d\.npz has 3 samples of class 0, not 4"):
        select(data(), per_class=4)
    with pytest.raises(SettingsError, match=r"no class of a sample of d\.npz is known"):
        select(data(), subset="8", per_class=1)


def test_subset_goes_before_classes_and_classes_before_the_count():
    assert chosen(subset="1:8", per_class=1) == [1, 2, 5]
    assert chosen(subset="1:8", per_class=1, count=2) == [1, 2]


def test_selecting_again_changes_nothing():
    settings = {"subset": "1:8", "per_class": 1, "count": 2}
    once = select(data(), **settings)
    assert select(once, **settings).numbers.tolist() == once.numbers.tolist()
