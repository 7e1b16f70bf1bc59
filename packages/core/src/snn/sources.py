"""Where samples come from: an array in memory, or what is read only when it is asked for."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from .network import Array, Shape

Numbers: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class InputEvents:
    """The events of one sample: when, which element of the sample, and how much of its value.

    Attributes
    ----------
    time : ndarray of int64, (events,)
        In ticks from the start of the sample, 0 to ``ticks - 1``.
    element : ndarray of int64, (events,)
        The index into the flattened sample.
    value : ndarray of float64, (events,)
        The values of an element's events add up to its value in the analog sample.
    ticks : int
        How long the sample is.
    tick_us : float
        How long a tick is, in µs.
    outside : int
        Events that were left out, as no pixel of the sensor has their address.
    """

    time: Numbers
    element: Numbers
    value: npt.NDArray[np.float64]
    ticks: int
    tick_us: float = 1.0
    outside: int = 0

    def dense(self, shape: Shape) -> Array:
        """Return the analog sample, of ``shape``."""
        total = np.bincount(self.element, self.value, minlength=math.prod(shape))
        return total.reshape(shape).astype(np.float32)

    def transposed(self, shape: Shape, axes: Sequence[int]) -> InputEvents:
        """Return the events of the sample of ``shape`` with its axes in another order."""
        places = np.unravel_index(self.element, shape)
        moved = np.ravel_multi_index(tuple(places[axis] for axis in axes), tuple(shape[axis] for axis in axes))
        return replace(self, element=moved.astype(np.int64))


class Source(ABC):
    """Samples that can be read again and again, in any order, each batch when it is asked for.

    Attributes
    ----------
    timed : bool
        Whether samples are made of events.
    """

    timed: ClassVar[bool] = False

    @abstractmethod
    def __len__(self) -> int: ...

    @property
    @abstractmethod
    def shape(self) -> Shape:
        """The shape of one sample."""

    @abstractmethod
    def read(self, rows: Numbers) -> npt.NDArray[np.generic]:
        """Return the samples in ``rows``, (rows, *shape).

        Raises
        ------
        DataError
            One of them is damaged; the message names its file.
        """

    def events(self, rows: Numbers) -> tuple[InputEvents, ...]:
        """Return the events of the samples in ``rows``, where these are `timed`."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class Held(Source):
    """Samples in memory.

    Attributes
    ----------
    array : ndarray, (n, *shape)
    """

    array: npt.NDArray[Any]

    def __len__(self) -> int:
        return len(self.array)

    @property
    def shape(self) -> Shape:
        return self.array.shape[1:]

    def read(self, rows: Numbers) -> npt.NDArray[np.generic]:
        if len(rows) == len(self.array) and (rows == np.arange(len(rows))).all():
            return self.array
        if len(rows) and rows[-1] - rows[0] == len(rows) - 1 and (np.diff(rows) == 1).all():
            return self.array[rows[0] : rows[-1] + 1]  # no copy
        return self.array[rows]


@dataclass(frozen=True, eq=False)
class Divided(Source):
    """Samples of another source, divided by a number."""

    source: Source
    divisor: float

    def __len__(self) -> int:
        return len(self.source)

    @property
    def shape(self) -> Shape:
        return self.source.shape

    def read(self, rows: Numbers) -> npt.NDArray[np.generic]:
        return self.source.read(rows).astype(np.float32) / np.float32(self.divisor)


class EventSource(Source):
    """Samples made of events; the analog sample is what their values add up to."""

    timed = True

    @abstractmethod
    def events(self, rows: Numbers) -> tuple[InputEvents, ...]: ...

    def read(self, rows: Numbers) -> npt.NDArray[np.generic]:
        found = np.empty((len(rows), *self.shape), np.float32)
        for place, events in enumerate(self.events(rows)):
            found[place] = events.dense(self.shape)
        return found
