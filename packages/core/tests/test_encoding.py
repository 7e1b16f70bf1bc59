"""What enters the network does not depend on batches or chunks, and has the mean it should have."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from snn.clock import Clock
from snn.encoding import ConstantCurrent, EventSpikes, PoissonSpikes, RegularSpikes
from snn.randomness import uniform
from snn.sources import InputEvents

EXAMPLES = settings(max_examples=60, deadline=None, derandomize=True)


@EXAMPLES
@given(
    count=st.integers(1, 9),
    cuts=st.lists(st.integers(0, 12), max_size=4),
    seed=st.integers(0, 2**63),
    sample=st.integers(0, 2**40),
)
def test_draws_do_not_depend_on_how_the_steps_are_cut(count, cuts, seed, sample):
    whole = uniform(seed, sample, "layer", 0, 12, count)
    assert whole.shape == (12, count)
    edges = [0, *sorted(cuts), 12]
    parts = [uniform(seed, sample, "layer", a, b, count) for a, b in itertools.pairwise(edges)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_draws_differ_by_seed_sample_stream_and_step():
    streams = [uniform(*key, 0, 1, 500)[0] for key in ((0, 0, "a"), (1, 0, "a"), (0, 1, "a"), (0, 0, "b"), (1, 1, "b"))]
    streams.append(uniform(0, 0, "a", 1, 2, 500)[0])
    assert len({stream.tobytes() for stream in streams}) == len(streams)
    correlation = np.corrcoef(streams) - np.eye(len(streams))
    assert np.abs(correlation).max() < 5 / math.sqrt(500)


def test_seed_and_sample_are_told_apart_where_their_digits_run_together():
    assert (uniform(1, 11, "a", 0, 1, 8) != uniform(11, 1, "a", 0, 1, 8)).any()
    assert (uniform(1, 1, "1/a", 0, 1, 8) != uniform(1, 11, "a", 0, 1, 8)).any()


def test_draws_are_uniform_from_zero_to_below_one():
    draws = uniform(3, 0, "layer", 0, 100, 1000)
    assert draws.dtype == np.float32
    assert 0 <= draws.min() < draws.max() < 1
    n = draws.size
    assert abs(draws.mean() - 0.5) < 5 / math.sqrt(12 * n)
    counts = np.histogram(draws, 10, (0, 1))[0]
    assert np.abs(counts - n / 10).max() < 5 * math.sqrt(n * 0.09)


def poisson(samples, numbers=None, *, rate_hz=1000.0, seed=0, clock=None):
    numbers = np.arange(len(samples)) if numbers is None else numbers
    return PoissonSpikes(np.asarray(samples, np.float32), numbers, clock or Clock(100, 1), rate_hz, seed)


@EXAMPLES
@given(batch=st.integers(1, 5), cut=st.integers(0, 20), seed=st.integers(0, 99))
def test_spikes_do_not_depend_on_batches_or_chunks(batch, cut, seed):
    samples = np.random.default_rng(seed).random((5, 2, 3)).astype(np.float32)
    whole = poisson(samples, seed=seed).steps(0, 20)
    assert whole.shape == (20, 5, 2, 3)
    for start in range(0, 5, batch):
        part = poisson(samples[start : start + batch], np.arange(5)[start : start + batch], seed=seed)
        pieces = np.concatenate([part.steps(0, cut), part.steps(cut, 20)])
        np.testing.assert_array_equal(pieces, whole[:, start : start + batch])


@pytest.mark.parametrize("rate_hz", [1000.0, 250.0])
@pytest.mark.parametrize("dt_ms", [1.0, 0.5])
def test_mean_of_the_spikes_is_the_sample_per_millisecond(rate_hz, dt_ms):
    samples = np.array([[0.0, 0.2, 0.7, -0.4, 1.0]])
    steps = 20_000
    spikes = poisson(samples, rate_hz=rate_hz, clock=Clock(steps * dt_ms, dt_ms)).steps(0, steps)[:, 0]
    share = np.abs(samples[0]) * rate_hz * dt_ms / 1000
    height = 1000 / rate_hz
    spread = height * np.sqrt(share * (1 - share) / steps) / dt_ms
    assert (np.abs(spikes.mean(axis=0) / dt_ms - samples[0]) <= 5 * spread + 1e-6).all()
    assert set(np.unique(spikes)) <= {-height, 0, height}
    assert (spikes[:, 3] <= 0).all(), "a spike has the sign of its input"


def test_spikes_of_different_seeds_differ():
    samples = np.full((1, 100), 0.5)
    assert (poisson(samples, seed=1).steps(0, 10) != poisson(samples, seed=2).steps(0, 10)).mean() > 0.3


def test_input_above_one_spike_a_step_spikes_in_every_step():
    assert (poisson([[3.0]]).steps(0, 50) == 1).all()


def test_current_is_the_sample_in_every_step_times_dt():
    current = ConstantCurrent(np.array([[1.0, -2.0]], np.float32), np.arange(1), Clock(10, 0.5))
    assert current.constant
    assert not poisson([[1.0]]).constant
    np.testing.assert_array_equal(current.steps(3, 6), np.full((3, 1, 2), [0.5, -1.0]))


@pytest.mark.parametrize(
    ("duration", "dt", "steps"), [(100, 1, 100), (0.3, 0.1, 3), (1, 0.3, 3), (10, 10, 1), (200, 0.001, 200_000)]
)
def test_clock_counts_whole_steps(duration, dt, steps):
    assert Clock(duration, dt).steps == steps


@pytest.mark.parametrize(
    ("duration", "dt"), [(0, 1), (1, 0), (1, -1), (-1, 1), (1, 2), (math.inf, 1), (math.nan, 1), (1, math.nan)]
)
def test_clock_without_a_whole_step_is_refused(duration, dt):
    with pytest.raises(ValueError, match="no whole step"):
        Clock(duration, dt)


def test_spikes_of_the_ancestor_are_as_high_as_the_largest_value():
    samples, numbers, clock = np.array([[0.5, -1.5, 2.5, 0.0]], np.float32), np.array([7]), Clock(200, 0.5)
    found = PoissonSpikes(samples, numbers, clock, rate_hz=400.0, seed=3, maximum=2.5).steps(0, 400)[:, 0]
    draws = uniform(3, 7, "input", 0, 400, 4)
    rescale = 1000 / (400 * 0.5)
    expected = np.where(draws * rescale * 2.5 <= np.abs(samples[0]), 2.5 * np.sign(samples[0]), 0)
    np.testing.assert_array_equal(found, expected)
    assert (found[:, 3] == 0).all()


def regular(samples, *, rate_hz=1000.0, clock=None):
    samples = np.asarray(samples, np.float32)
    return RegularSpikes(samples, np.arange(len(samples)), clock or Clock(12, 1), rate_hz)


def test_regular_spikes_come_half_an_interval_after_the_start():
    found = regular([[0.25, 1.0, -0.5, 0.0, 0.03]]).steps(0, 12)[:, 0].T
    assert np.flatnonzero(found[0]).tolist() == [1, 5, 9]
    assert found[1].tolist() == [1] * 12
    assert found[2].tolist() == [-1, 0] * 6
    assert not found[3:].any(), "0.36 of a spike is nearer to none than to one"


def test_lower_rates_give_fewer_and_larger_regular_spikes():
    assert regular([[1.0]], rate_hz=250.0).steps(0, 12)[:, 0, 0].tolist() == [0, 4, 0, 0] * 3
    assert regular([[1.0]], rate_hz=1000.0, clock=Clock(4, 0.5)).steps(0, 8)[:, 0, 0].tolist() == [1, 0] * 4


def test_regular_spikes_are_at_most_one_a_step():
    assert (regular([[7.0]]).steps(0, 12) == 1).all()


@EXAMPLES
@given(value=st.floats(-1, 1, width=32), rate_hz=st.floats(10, 1000), steps=st.integers(1, 60), cut=st.integers(0, 60))
def test_mean_of_regular_spikes_is_right_to_half_a_spike_after_every_step(value, rate_hz, steps, cut):
    stimulus = regular([[value]], rate_hz=rate_hz, clock=Clock(steps, 1))
    whole = stimulus.steps(0, steps)[:, 0, 0]
    cut = min(cut, steps)
    np.testing.assert_array_equal(np.concatenate([stimulus.steps(0, cut), stimulus.steps(cut, steps)])[:, 0, 0], whole)
    error = whole.cumsum(dtype=np.float64) - value * np.arange(1, steps + 1)
    assert np.abs(error).max() <= 0.5001 * 1000 / rate_hz


def events(*rows, ticks=100, tick_us=1.0):
    time, element, value = (np.array(column) for column in zip(*rows, strict=True))
    return InputEvents(time.astype(np.int64), element.astype(np.int64), value.astype(np.float64), ticks, tick_us)


RECORDED = events((0, 0, 0.5), (24, 1, 0.25), (25, 1, 0.25), (26, 1, 0.5), (99, 0, -1.0))


def shown(*recorded, clock, step_us=None, unit=False):
    samples = np.stack([one.dense((2,)) for one in recorded])
    return EventSpikes(samples, np.arange(len(recorded)), clock, recorded=recorded, step_us=step_us, unit=unit)


def test_recording_is_stretched_to_the_presentation_and_keeps_its_mean():
    found = shown(RECORDED, clock=Clock(8, 2)).steps(0, 4)[:, 0]
    # four steps of 25 ticks; heights are 8 ms times the values, and those of a step and element are added up
    assert found.tolist() == [[4, 2], [0, 6], [0, 0], [-8, 0]]
    np.testing.assert_allclose(found.sum(axis=0) / 8, RECORDED.dense((2,)))


def test_spikes_of_events_may_have_height_one_however_many_come_in_a_step():
    found = shown(RECORDED, clock=Clock(8, 2), unit=True).steps(0, 4)[:, 0]
    assert found.tolist() == [[1, 1], [0, 1], [0, 0], [-1, 0]]
    both = events((0, 0, 0.5), (1, 0, -0.5), (2, 1, 0.5), (3, 1, -0.75))
    assert shown(both, clock=Clock(1), unit=True).steps(0, 1).tolist() == [[[0, -1]]]


def test_steps_of_a_recording_may_have_a_length():
    stimulus = shown(RECORDED, clock=Clock(3, 1), step_us=25)
    assert stimulus.steps(0, 3)[:, 0].tolist() == [[1.5, 0.75], [0, 2.25], [0, 0]], "the last event comes too late"
    slow = events((1, 0, 1.0), ticks=4, tick_us=1000.0)
    assert np.flatnonzero(shown(slow, clock=Clock(4, 0.5), step_us=500).steps(0, 8)[:, 0, 0]).tolist() == [2]


@EXAMPLES
@given(batch=st.integers(1, 4), cut=st.integers(0, 9), seed=st.integers(0, 99), step_us=st.none() | st.floats(3, 40))
def test_events_do_not_depend_on_batches_or_chunks(batch, cut, seed, step_us):
    random = np.random.default_rng(seed)
    recorded = [
        InputEvents(random.integers(0, 50, 30), random.integers(0, 2, 30), random.standard_normal(30), 50)
        for _ in range(4)
    ]
    whole = shown(*recorded, clock=Clock(9), step_us=step_us).steps(0, 9)
    for start in range(0, 4, batch):
        part = shown(*recorded[start : start + batch], clock=Clock(9), step_us=step_us)
        pieces = np.concatenate([part.steps(0, cut), part.steps(cut, 9)])
        np.testing.assert_array_equal(pieces, whole[:, start : start + batch])


def test_sample_without_events_is_silent():
    nothing = InputEvents(*(np.zeros(0, kind) for kind in (np.int64, np.int64, np.float64)), 1)
    assert not shown(nothing, clock=Clock(5)).steps(0, 5).any()
