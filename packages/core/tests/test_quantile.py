"""The percentile in two passes is that of NumPy, to the last bits, and takes memory for distinct values only."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from snn.quantile import Percentile

VALUES = st.floats(0, 2.0**100, width=32) | st.sampled_from([0.0, 1.0, 1e-45, 0.5, 3.4e38])


def measured(parts, percentile, *, ignore_zeros=False):
    """Return the percentile of each row of the ``parts`` side by side."""
    gauge = Percentile(percentile, ignore_zeros=ignore_zeros)
    for part in parts:
        gauge.first(part)
    gauge.locate()
    for part in parts:
        gauge.second(part)
    return gauge.result


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    rows=st.integers(1, 3).flatmap(lambda n: st.lists(st.lists(VALUES, min_size=n, max_size=n), min_size=1)),
    cuts=st.lists(st.integers(0, 40), max_size=3),
    percentile=st.floats(0, 100) | st.sampled_from([0, 50, 99.9, 100]),
)
def test_percentile_is_that_of_numpy_however_the_values_are_cut(rows, cuts, percentile):
    values = np.array(rows, np.float32).T
    parts = np.split(values, sorted(min(cut, values.shape[1]) for cut in cuts), axis=1)
    expected = np.percentile(values.astype(np.float64), percentile, axis=1)
    np.testing.assert_allclose(measured(parts, percentile), expected, rtol=1e-13)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    values=st.lists(st.just(0.0) | VALUES, min_size=1),
    percentile=st.floats(0, 100) | st.sampled_from([0, 50, 99.9, 100]),
)
def test_zeros_are_left_out_where_asked(values, percentile):
    array = np.array(values, np.float32)
    above = array[array > 0].astype(np.float64)
    expected = np.percentile(above, percentile) if len(above) else 0.0
    np.testing.assert_allclose(measured([array[None]], percentile, ignore_zeros=True), [expected], rtol=1e-13)


def test_dead_row_has_percentile_zero_beside_one_that_lives():
    values = np.array([[0, 0, 0], [1, 0, 3], [0, 0, 0]], np.float32)
    np.testing.assert_array_equal(measured([values], 50, ignore_zeros=True), [0, 2, 0])
    np.testing.assert_array_equal(measured([values], 50), [0, 1, 0])


def test_zero_with_a_sign_is_a_zero():
    values = np.array([[-0.0, 0.0, 4.0, 8.0]], np.float32)
    np.testing.assert_array_equal(measured([values], 50), [2])
    np.testing.assert_array_equal(measured([values], 0, ignore_zeros=True), [4])


@pytest.mark.parametrize("value", [0.0, 1e-45, 1.5, 3.4e38])
def test_one_value_is_every_percentile(value):
    for percentile in (0, 37.5, 100):
        np.testing.assert_array_equal(measured([np.array([[value]], np.float32)], percentile), [np.float32(value)])


def test_memory_grows_with_distinct_values_not_with_samples():
    values = np.random.default_rng(0).random((2, 1000)).astype(np.float32)
    kept = []
    for times in (1, 20):
        gauge = Percentile(99.9, ignore_zeros=False)
        for _ in range(times):
            gauge.first(values)
        gauge.locate()
        for _ in range(times):
            gauge.second(values)
        kept.append(len(gauge._coarse.keys) + len(gauge._fine.keys))
    assert kept[0] == kept[1]


def test_memory_is_bounded_for_any_number_of_distinct_values():
    rng = np.random.default_rng(0)
    gauge = Percentile(90, ignore_zeros=False)
    parts = [rng.lognormal(0, 5, (1, 50_000)).astype(np.float32) for _ in range(8)]
    for part in parts:
        gauge.first(part)
    assert len(gauge._coarse.keys) <= 2**15
    gauge.locate()
    for part in parts:
        gauge.second(part)
    assert len(gauge._fine.keys) <= 2**17  # two buckets, where the ranks lie in two
    expected = np.percentile(np.concatenate(parts, axis=1).astype(np.float64), 90)
    np.testing.assert_allclose(gauge.result, [expected], rtol=1e-13)
