"""The columns of events: lists of whole numbers, and of times."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from snn.errors import DataError

Numbers: TypeAlias = npt.NDArray[np.int64]
Times: TypeAlias = npt.NDArray[np.float64]

FARTHEST = 2.0**53  # beyond it, floats do not tell one whole number from the next


def numbers_of(name: str, values: Any) -> npt.NDArray[Any]:
    """Return ``values`` as a list of finite numbers; raise DataError with ``name`` where they are none."""
    numbers = np.asarray(values)
    if not numbers.size:
        numbers = numbers.reshape(-1).astype(np.float64)
    if numbers.ndim != 1 or numbers.dtype.kind not in "biuf":
        raise DataError(f"{name} of events is no list of numbers: {numbers.dtype}, shape {numbers.shape}")
    if not np.isfinite(numbers).all():
        raise DataError(f"{name} of an event is {numbers[~np.isfinite(numbers)][0]}, no number")
    return numbers


def whole_numbers(name: str, values: Any) -> Numbers:
    """Return ``values`` as int64; raise DataError with ``name`` where one is no whole number."""
    numbers = numbers_of(name, values)
    if numbers.dtype.kind in "fu":
        wrong = numbers[(np.rint(numbers) != numbers) | (np.abs(numbers.astype(np.float64)) > FARTHEST)]
        if len(wrong):
            raise DataError(f"{name} of an event is {wrong[0]}, no whole number")
    return numbers.astype(np.int64)
