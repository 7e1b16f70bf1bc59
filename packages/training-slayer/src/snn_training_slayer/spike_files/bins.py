"""Bins of time and of place that events fall into."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from snn.errors import SettingsError

from .columns import FARTHEST, Numbers, Times


def bins_of(times_ms: Times, sampling_time: float) -> Numbers:
    """Return the number of the bin of ``sampling_time`` ms nearest to each time, half to even."""
    if not 0 < sampling_time < np.inf:
        raise SettingsError(f"a bin of {sampling_time} ms holds no time", hint="give a sampling_time above 0")
    return np.clip(np.rint(times_ms / sampling_time), -FARTHEST, FARTHEST).astype(np.int64)


def inside(axes: Sequence[Numbers], shape: Sequence[int]) -> npt.NDArray[np.bool_]:
    """Return which events, with an address along each axis, lie inside an array of ``shape``."""
    found = np.ones(len(axes[0]), np.bool_)
    for axis, size in zip(axes, shape, strict=True):
        found &= (axis >= 0) & (axis < size)
    return found
