"""Frames are those that counting by hand gives, and their events add up to them."""

from __future__ import annotations

import numpy as np
import pytest
from snn.eventframes import Addresses, FrameSettings, input_events

# x, y, polarity, time on a sensor of three columns and two rows
EVENTS = [
    (0, 0, 1, 100),
    (0, 0, 1, 100),
    (0, 0, 0, 130),
    (2, 1, 0, 140),
    (1, 0, 1, 150),
    (1, 0, 0, 160),
    (0, 0, 1, 199),
]


def addresses(events=EVENTS, sensor=(3, 2)):
    x, y, p, t = (np.array(column, np.int64) for column in zip(*events, strict=True))
    return Addresses(t, x, y, p, sensor)


def frame(*, events=EVENTS, sensor=(3, 2), **settings):
    chosen = FrameSettings(**{"full": 1.0, **settings})
    found = input_events(addresses(events, sensor), chosen)
    assert (found.value != 0).all()
    return found.dense(chosen.shape(sensor)).tolist()


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("signed_sum", [[[2, 0, 0], [0, 0, -1]]]),
        ("rectified_sum", [[[4, 2, 0], [0, 0, 1]]]),
        ("rectified_polarity_channels", [[[1, 1, 0], [0, 0, 1]], [[3, 1, 0], [0, 0, 0]]]),
        ("signed_polarity_channels", [[[-1, -1, 0], [0, 0, -1]], [[3, 1, 0], [0, 0, 0]]]),
    ],
)
def test_each_method_counts_in_its_way(method, expected):
    assert frame(method=method) == expected


def test_largest_count_makes_one_unless_a_count_is_set():
    assert frame(method="rectified_sum", full=None) == [[[1, 0.5, 0], [0, 0, 0.25]]]
    assert frame(method="rectified_sum", full=8.0) == [[[0.5, 0.25, 0], [0, 0, 0.125]]]
    assert frame(method="signed_sum", full=None, events=[(0, 0, 0, 1)] * 2) == [[[-1, 0, 0], [0, 0, 0]]]
    assert frame(method="signed_sum", full=None, events=[(0, 0, 0, 1), (0, 0, 1, 2)]) == [[[0, 0, 0], [0, 0, 0]]]


def test_times_begin_with_the_first_event_and_ticks_end_with_the_last():
    found = input_events(addresses(), FrameSettings(full=1.0))
    assert found.time.tolist() == [0, 0, 30, 40, 50, 60, 99]
    assert (found.ticks, found.tick_us) == (100, 1.0)


def test_events_that_cancel_stay_events():
    found = input_events(addresses([(1, 0, 1, 5), (1, 0, 0, 9), (0, 0, 1, 9)]), FrameSettings("signed_sum", full=4.0))
    assert found.value.tolist() == [0.25, -0.25, 0.25]


def test_axes_are_turned_round_and_exchanged():
    corner = [(0, 0, 1, 0)]
    assert frame(events=corner, method="rectified_sum", flip_x=True) == [[[0, 0, 1], [0, 0, 0]]]
    assert frame(events=corner, method="rectified_sum", flip_y=True) == [[[0, 0, 0], [1, 0, 0]]]
    assert frame(events=[(2, 0, 1, 0)], method="rectified_sum", x_first=True) == [[[0, 0], [0, 0], [1, 0]]]


def test_subsampling_takes_the_floor_as_the_ancestor_did():
    # 240 columns to 64: x * 63 / 239; 180 rows to 32: y * 31 / 179
    events = [(0, 0, 1, 0), (3, 5, 1, 1), (4, 6, 1, 2), (239, 179, 1, 3), (238, 178, 1, 4)]
    found = input_events(addresses(events, (240, 180)), FrameSettings("rectified_sum", size=(64, 32), full=1.0))
    assert np.stack(np.unravel_index(found.element, (1, 32, 64)))[1:].T.tolist() == [
        [0, 0], [0, 0], [1, 1], [31, 63], [30, 62],
    ]  # fmt: skip


def test_duplicates_are_events_of_one_pixel_and_time():
    assert frame(method="rectified_sum", drop_duplicates=True) == [[[3, 2, 0], [0, 0, 1]]]
    twice = [(0, 0, 1, 5), (0, 0, 0, 5), (1, 0, 1, 5), (0, 0, 1, 6)]
    assert frame(method="rectified_sum", drop_duplicates=True, events=twice)[0][0] == [2, 1, 0]
    assert frame(method="signed_sum", drop_duplicates=True, events=twice)[0][0] == [1, 1, 0]
    # 0 and 1 of 6 columns are one of 3, and so are their events at one time
    wide = [(0, 0, 1, 5), (1, 0, 1, 5), (5, 0, 1, 5)]
    settings = {"method": "rectified_sum", "events": wide, "sensor": (6, 2), "size": (3, 2)}
    assert frame(**settings) == [[[2, 0, 1], [0, 0, 0]]]
    assert frame(**settings, drop_duplicates=True) == [[[1, 0, 1], [0, 0, 0]]]


def test_rectified_sums_are_clipped_at_three_deviations_of_those_that_are_not_zero():
    # counts 9 once and 1 eleven times: mean 20/12, deviation sqrt((81 + 11) / 12 - (20/12)^2) = 2.211; 3 times: 6.63
    events = [(0, 0, 1, t) for t in range(9)] + [(x, y, 1, 99) for x in range(4) for y in range(3) if x or y]
    found = frame(events=events, sensor=(5, 4), method="rectified_sum", three_sigma=True)
    assert found[0][0] == [6, 1, 1, 1, 0]


def test_signed_sums_are_clipped_around_the_mean_of_the_frame():
    # counts 5, -2 and four zeros: mean 1/2, deviation sqrt(29/6 - 1/4) = 2.141; 1/2 -/+ 3.21: -2.71 to 3.71
    events = [(0, 0, 1, t) for t in range(5)] + [(2, 1, 0, t) for t in range(2)]
    assert frame(events=events, method="signed_sum", three_sigma=True) == [[[3, 0, 0], [0, 0, -2]]]


@pytest.mark.parametrize("method", ["rectified_sum", "rectified_polarity_channels", "signed_polarity_channels"])
def test_clipping_leaves_no_event_where_all_counts_are_equal(method):
    found = input_events(addresses([(0, 0, 1, 5), (1, 0, 1, 7)]), FrameSettings(method, three_sigma=True))
    assert len(found.time) == 0, "the deviation of equal counts is 0, as in the ancestor"
    assert found.ticks == 3


def test_events_outside_the_sensor_are_told_apart():
    found = addresses([(0, 0, 1, 5), (3, 0, 1, 5), (0, 2, 1, 5), (-1, 0, 1, 5), (0, -1, 1, 5)])
    assert found.inside().time_us.tolist() == [5]
    assert len(found.inside()) == 1


def test_random_events_are_counted_as_numpy_counts():
    random = np.random.default_rng(3)
    events = list(zip(*(random.integers(0, top, 500) for top in (7, 5, 2, 1000)), strict=True))
    x, y, p, _ = (np.array(column) for column in zip(*events, strict=True))
    counts = np.stack([np.histogram2d(y[p == q], x[p == q], bins=(range(6), range(8)))[0] for q in (0, 1)])
    found = frame(events=events, sensor=(7, 5), full=None)
    np.testing.assert_allclose(found, counts / counts.max(), rtol=1e-6)
