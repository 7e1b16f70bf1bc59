"""Class numbers out of what files and arrays hold as labels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .errors import DataError
from .sources import Numbers

UNKNOWN = -1  # the label of a sample whose class is not known
_MOST_CLASSES = 2**31  # more than any network has, and still whole in every kind of float


def class_numbers(labels: npt.NDArray[np.generic] | None, count: int, name: str) -> Numbers:
    """Return the class of each of ``count`` samples, (n,), from class numbers (n,), one-hot (n, classes) or None.

    Raises
    ------
    DataError
        They are neither; the first bad index is named.
    """
    if labels is None:
        return np.full(count, UNKNOWN, np.int64)
    if labels.shape[:1] != (count,):
        raise DataError(f"{name}: {count} samples, but labels of shape {labels.shape}")
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.dtype.kind not in "iufb":
        raise DataError(f"{name}: labels have type {labels.dtype}; needed: class numbers or one-hot")
    if labels.ndim == 2:
        hot = (labels == 1).sum(axis=1)
        bad = np.flatnonzero((hot != 1) | ((labels != 0).sum(axis=1) != 1))
        if len(bad):
            raise DataError(f"{name}: the label of sample {bad[0]} is not one-hot: {labels[bad[0]]}")
        return np.asarray(labels.argmax(axis=1), np.int64)
    if labels.ndim != 1:
        raise DataError(f"{name}: labels have shape {labels.shape}; needed: (n,) or (n, classes)")
    numbers = labels.astype(np.float64)
    bad = np.flatnonzero(~(np.abs(numbers) < _MOST_CLASSES) | (numbers != np.floor(numbers)))
    if len(bad):
        raise DataError(f"{name}: the label of sample {bad[0]} is {labels[bad[0]]}, not a class number")
    return numbers.astype(np.int64)
