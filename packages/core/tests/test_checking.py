"""Each sample is looked at once; what is bad is told with its reason, or left out and counted."""

from __future__ import annotations

import numpy as np
import pytest
from snn import checking, fitting
from snn.dataset import Dataset
from snn.errors import ConversionWarning, DataError
from snn.sources import EventSource, InputEvents, Source

from .test_dataset import network


class Files(Source):
    """Nine samples, some of which are in damaged files, and which count how often they are read."""

    shape = (4,)

    def __init__(self, bad=(), values=()):
        self.bad, self.values, self.reads = bad, dict(values), np.zeros(9, int)

    def __len__(self):
        return 9

    def read(self, rows):
        for row in rows:
            if row in self.bad:
                raise DataError(f"folder/{row}.png cannot be read: it is cut short")
        self.reads[rows] += 1
        return np.array([[self.values.get(int(row), row)] * 4 for row in rows], np.float64)


def dataset(*bad, **more):
    source = Files(bad, **more)
    return source, Dataset(source, np.arange(9) % 3, "folder")


def refused(data):
    with pytest.raises(DataError) as caught:
        checking.check(data)
    return str(caught.value).splitlines(), caught.value.hint


def test_good_samples_are_read_once():
    source, data = dataset()
    checked = checking.check(checking.check(data))
    assert source.reads.tolist() == [1] * 9
    assert (checked.spread.highest, checked.spread.whole, checked.skipped) == (8, False, 0)


def test_each_bad_file_is_told_with_its_reason():
    lines, hint = refused(dataset(3, 7)[1])
    assert lines == ["folder/3.png cannot be read: it is cut short", "folder/7.png cannot be read: it is cut short"]
    assert "--skip-bad" in hint
    assert "data.skip_bad" in hint


def test_of_many_bad_files_the_first_are_told_and_the_rest_counted():
    lines, _ = refused(dataset(0, 1, 2, 3, 4, 5, 8)[1])
    assert lines[4].startswith("folder/4.png")
    assert lines[5:] == ["and 2 more"]


def test_values_that_are_not_finite_are_told_beside_damaged_files():
    lines, _ = refused(dataset(3, values={5: np.nan, 6: 1e300})[1])
    assert lines[0] == "folder: sample 5 has values that are not finite, or too large; such samples: 2"
    assert lines[1].startswith("folder/3.png")


def test_bad_samples_are_left_out_and_counted_where_that_is_asked_for():
    _, data = dataset(3, values={5: np.nan})
    with pytest.warns(
        ConversionWarning, match="2 of 9 samples are bad and left out: folder: sample 5 .*\nfolder/3"
    ) as told:
        kept = checking.check(data, skip_bad=True)
    assert len(told) == 1
    assert kept.skipped == 2
    assert kept.numbers.tolist() == [0, 1, 2, 4, 6, 7, 8], "numbers stay those of the data set"
    assert kept.labels.tolist() == [0, 1, 2, 1, 0, 1, 2]
    assert kept.samples[:, 0].tolist() == [0, 1, 2, 4, 6, 7, 8]
    assert kept.first(2).skipped == 2


def test_where_every_sample_is_bad_nothing_can_be_left_out():
    with pytest.raises(DataError, match="no sample is left"):
        checking.check(dataset(*range(9))[1], skip_bad=True)


def test_fitting_checks_and_keeps_the_count():
    _, data = dataset(1)
    with pytest.raises(DataError, match=r"folder/1\.png"):
        fitting.fit(data, network())
    with pytest.warns(ConversionWarning, match="1 of 9 samples"):
        assert fitting.fit(data, network(), skip_bad=True).skipped == 1


def test_only_the_samples_that_are_chosen_are_looked_at():
    source, data = dataset(8)
    checking.check(data.first(2))
    assert source.reads.tolist() == [1, 1] + [0] * 7


class Recording(EventSource):
    shape = (2,)

    def __len__(self):
        return 2

    def events(self, rows):
        one = np.array([0, 1])
        return tuple(InputEvents(one, one, np.array([0.5, 1.0]), 2, outside=int(row)) for row in rows)


def test_events_outside_the_sensor_are_warned_about_with_their_share():
    with pytest.warns(ConversionWarning, match=r"dvs: 1 events \(20 %\) have an address outside the sensor"):
        checking.check(Dataset(Recording(), np.array([0, 1]), "dvs"))


def test_claim_of_too_many_samples_is_refused():
    with pytest.raises(DataError, match="claims 1000000000 samples"):
        checking.check_kind((10**9, 1), np.dtype("u1"), "x.npz")


def test_axes_of_length_one_are_added_and_left_out():
    told = []
    x = np.random.default_rng(0).random((2, 5, 6))
    data = checking.from_arrays(x, None)
    found = fitting.fit(data, network((1, 5, 6)), told.append)
    np.testing.assert_array_equal(found.samples, x[:, np.newaxis])
    assert "samples (5, 6) are given the shape (1, 5, 6)" in told[0].note
    again = fitting.fit(checking.from_arrays(x[..., np.newaxis], None), network((5, 6)))
    np.testing.assert_array_equal(again.samples, x)


def test_samples_are_transposed_once():
    x = np.random.default_rng(0).random((2, 5, 6, 3))
    net = network((3, 5, 6), layout=(2, 0, 1))
    once = fitting.fit(checking.from_arrays(x, None), net)
    np.testing.assert_array_equal(fitting.fit(once, net).samples, np.moveaxis(x, 3, 1))
    ((start, part),) = once.take(np.array([True, False])).batches(5)
    assert start == 0
    np.testing.assert_array_equal(part, np.moveaxis(x[:1], 3, 1).astype(np.float32))


def test_events_are_transposed_with_their_samples():
    shape, axes = (2, 3, 4), (2, 0, 1)
    events = InputEvents(np.arange(24), np.arange(24), np.arange(24.0), 24)
    moved = events.transposed(shape, axes)
    np.testing.assert_array_equal(moved.dense((4, 2, 3)), events.dense(shape).transpose(axes))
