"""Exact percentiles of more values than fit into memory, in two passes.

A non-negative float32 sorts as its bits do.  The first pass counts the upper half of the bits, which tells the bucket
that holds each wanted rank; the second counts the lower half inside those buckets, which tells the value itself.
Only distinct halves are kept, at most 2**15 and 2**16 a row, however many values there are.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from .network import Array

Keys: TypeAlias = npt.NDArray[np.uint64]
Counts: TypeAlias = npt.NDArray[np.int64]

_LOW = 16  # bits counted in the second pass


class Percentile:
    """One percentile a row of values, linearly interpolated between ranks as `numpy.percentile` does.

    Show every value to `first`, call `locate`, and show the same values again to `second`.

    Parameters
    ----------
    percentile : float
        From 0 to 100.
    ignore_zeros : bool
        Whether the percentile is that of the values above zero.
    """

    def __init__(self, percentile: float, *, ignore_zeros: bool) -> None:
        self._share, self._ignore_zeros = percentile / 100, ignore_zeros
        self._coarse, self._fine = _Tally(), _Tally()
        self._zeros = np.zeros(0, np.int64)
        self._targets: Keys = np.zeros(0, np.uint64)

    def first(self, values: Array) -> None:
        """Count ``values``, (rows, n), none of them negative; every call has the same number of rows."""
        if not len(self._zeros):
            self._zeros = np.zeros(len(values), np.int64)
        if self._ignore_zeros:
            self._zeros += (values == 0).sum(axis=1)
        self._coarse.add(_rows(values) | (_bits(values) >> np.uint64(_LOW)))

    def locate(self) -> None:
        """End the first pass: find the buckets that hold the wanted ranks."""
        keys, counts = self._coarse.keys, self._coarse.counts
        rows = (keys >> np.uint64(_LOW)).astype(np.int64)
        totals = np.bincount(rows, counts, minlength=len(self._zeros)).astype(np.int64)
        wanted = totals - self._zeros
        exact = self._share * np.maximum(wanted - 1, 0)
        self._weight = exact - np.floor(exact)
        low = np.floor(exact).astype(np.int64)
        ranks = np.stack([low, np.minimum(low + 1, np.maximum(wanted - 1, 0))]) + self._zeros
        before = np.concatenate([[0], np.cumsum(counts)])  # values in the buckets before each, over all rows
        starts = np.concatenate([[0], np.cumsum(totals)])[:-1]
        found = np.minimum(np.searchsorted(before, starts + ranks, side="right") - 1, len(keys) - 1)
        self._bucket, self._rank = keys[found], starts + ranks - before[found]
        self._empty = wanted == 0
        self._targets = np.unique(self._bucket)

    def second(self, values: Array) -> None:
        """Count ``values`` again, this time inside the buckets found."""
        bits = _bits(values)
        coarse = _rows(values) | (bits >> np.uint64(_LOW))
        inside = np.isin(coarse, self._targets)
        low = bits[inside] & np.uint64(2**_LOW - 1)
        self._fine.add((coarse[inside] << np.uint64(_LOW)) | low)

    @property
    def result(self) -> npt.NDArray[np.float64]:
        """The percentile of each row, (rows,); 0 for a row without values."""
        keys, counts = self._fine.keys, self._fine.counts
        before = np.concatenate([[0], np.cumsum(counts)])
        offset = before[np.searchsorted(keys, self._bucket << np.uint64(_LOW))]
        found = np.minimum(np.searchsorted(before, offset + self._rank, side="right") - 1, len(keys) - 1)
        low, high = (keys[found] & np.uint64(2**31 - 1)).astype(np.uint32).view(np.float32).astype(np.float64)
        return np.where(self._empty, 0.0, low + (high - low) * self._weight)


class _Tally:
    """How often each key was seen."""

    def __init__(self) -> None:
        self.keys: Keys = np.zeros(0, np.uint64)
        self.counts: Counts = np.zeros(0, np.int64)

    def add(self, keys: Keys) -> None:
        new, counts = np.unique(keys, return_counts=True)
        self.keys, where = np.unique(np.concatenate([self.keys, new]), return_inverse=True)
        self.counts = np.bincount(where, np.concatenate([self.counts, counts])).astype(np.int64)


def _bits(values: Array) -> Keys:
    return (np.ascontiguousarray(values, np.float32) + np.float32(0)).view(np.uint32).astype(np.uint64)  # -0 becomes 0


def _rows(values: Array) -> Keys:
    # 31 bits of value, so the upper half has 15; the row stands above a 16th that is always 0
    return np.arange(len(values), dtype=np.uint64)[:, None] << np.uint64(_LOW)
