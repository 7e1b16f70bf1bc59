"""The order of a tensor's elements in the engine: channels last, so that a cell's channels lie side by side."""

from __future__ import annotations

from math import prod
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from snn.network import Array, Shape

from .wiring import Indices

Kind = TypeVar("Kind", bound=np.generic)


def inwards(values: npt.NDArray[Kind], shape: Shape) -> npt.NDArray[Kind]:
    """Return channels-first ``values`` (n, *shape) as the engine has them, (n, elements), always a copy."""
    cells = prod(shape[1:])
    return np.array(values.reshape(-1, shape[0], cells).swapaxes(1, 2), order="C").reshape(-1, cells * shape[0])


def outwards(values: npt.NDArray[Kind], shape: Shape) -> npt.NDArray[Kind]:
    """Return the engine's ``values`` (n, elements) channels-first, (n, *shape)."""
    last = len(shape)
    return values.reshape(-1, *shape[1:], shape[0]).transpose(0, last, *range(1, last))


def numbers(shape: Shape) -> Indices:
    """Return the channels-first number of each of the engine's elements, (elements,)."""
    return inwards(np.arange(prod(shape), dtype=np.int64), shape)[0]


def places(shape: Shape) -> Indices:
    """Return the engine's place of each element in channels-first order, (elements,)."""
    return outwards(np.arange(prod(shape), dtype=np.int64), shape).reshape(-1)


def per_element(values: Array, shape: Shape) -> Array:
    """Return ``values``, one for all, one a channel or one an element, as one for each of the engine's elements."""
    if values.shape == shape[:1]:
        values = values.reshape(-1, *[1] * (len(shape) - 1))
    return inwards(np.broadcast_to(values, shape), shape)[0]
