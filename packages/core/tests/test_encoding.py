"""What enters the network does not depend on batches or chunks, and has the mean it should have."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from snn.clock import Clock
from snn.encoding import ConstantCurrent, PoissonSpikes
from snn.randomness import uniform

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
