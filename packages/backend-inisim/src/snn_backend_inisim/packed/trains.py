"""The packed spikes of a layer as a run has left them, which are listed as events only when they are asked for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from snn.network import Shape
from snn.simulating import CountedEvents, Events

from ..trains import Numbers, Signs
from ..wiring import Indices
from .bits import PLACES
from .counting import counter
from .instructions import LANES
from .listing import list_spikes
from .packing import Words


@dataclass(frozen=True, eq=False)
class _Part:
    """The ``spikes`` of the samples ``rows`` from step ``start`` on, (samples, cells, steps, words)."""

    rows: range
    start: int
    spikes: Words

    @property
    def where(self) -> tuple[slice, slice]:
        """The steps and the samples in an array of all."""
        return slice(self.start, self.start + self.spikes.shape[2]), slice(self.rows.start, self.rows.stop)


class Unlisted(CountedEvents):
    """Events that are kept as packed spikes: a bit for each neuron and step, where a list has 32 for each event."""

    def __init__(self, parts: tuple[_Part, ...], shape: Shape, size: tuple[int, int], threads: int) -> None:
        for name, value in (("_parts", parts), ("_channels", shape[0]), ("_size", size), ("_threads", threads)):
            object.__setattr__(self, name, value)

    _parts: tuple[_Part, ...]
    _channels: int
    _size: tuple[int, int]
    _threads: int

    @cached_property
    def _counts(self) -> Indices:  # type: ignore[override]  # found when asked for, and never set
        counts = np.zeros(self._size, np.int64)
        for part in self._parts:
            samples, cells, steps, _ = part.spikes.shape
            number = np.zeros((samples, steps), np.float64)
            counter(np.ones((cells, self._channels)))(part.spikes, number)
            counts[part.where] = number.T
        return counts

    @cached_property
    def neuron(self) -> Numbers:
        """The neuron of each event, (events,)."""
        places = self._counts.cumsum().reshape(self._size) - self._counts
        neuron = np.empty(int(self._counts.sum()), np.int32)

        def fill(part: _Part) -> None:
            _, cells, _, words = part.spikes.shape
            turned = np.zeros((words * LANES, -(-cells // LANES)), np.uint16)
            listed = np.empty(cells * words * LANES + LANES, np.int32)
            place = np.ascontiguousarray(places[part.where])
            side = np.zeros(LANES, np.uint16)
            list_spikes(part.spikes, self._channels, PLACES.ctypes.data, place, turned, side, listed, neuron)

        with ThreadPoolExecutor(self._threads) as pool:
            list(pool.map(fill, self._parts))
        return neuron

    @cached_property
    def sign(self) -> Signs:
        """The sign of each event, (events,)."""
        return np.broadcast_to(np.ones((), np.int8), int(self._counts.sum()))


class PackedTrains:
    """The spikes of one layer of so many ``steps``; different samples may be added at the same time."""

    def __init__(self, shape: Shape, steps: int, batch: int) -> None:
        self._shape, self._size = shape, (steps, batch)
        self._parts: list[_Part] = []

    def add(self, rows: range, start: int, spikes: Words) -> None:
        """Add ``spikes``, (samples, cells, steps, words), of these rows from step ``start`` on."""
        self._parts.append(_Part(rows, start, spikes.copy()))

    def events(self, threads: int) -> Events | None:
        """Return all of them, or None if nothing was added; so many ``threads`` list them when that is asked for."""
        if not self._parts:
            return None
        return Unlisted(tuple(self._parts), self._shape, self._size, threads)
