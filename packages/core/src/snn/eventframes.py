"""Turn the address events of a sensor into the events of a sample: its frame for the analog network, its spikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from .network import Shape
from .sources import InputEvents, Numbers

Method: TypeAlias = Literal["signed_sum", "rectified_sum", "rectified_polarity_channels", "signed_polarity_channels"]


@dataclass(frozen=True, eq=False)
class Addresses:
    """Events as a sensor gives them.

    Attributes
    ----------
    time_us : ndarray of int64, (events,)
    x, y : ndarray of int64, (events,)
        The column and the row of the pixel.
    polarity : ndarray of int64, (events,)
        1 where it became brighter, 0 where darker.
    sensor : (int, int)
        Columns and rows.
    """

    time_us: Numbers
    x: Numbers
    y: Numbers
    polarity: Numbers
    sensor: tuple[int, int]

    def __len__(self) -> int:
        return len(self.time_us)

    def taken(self, which: slice | npt.NDArray[np.bool_]) -> Addresses:
        """Return some of the events."""
        return Addresses(self.time_us[which], self.x[which], self.y[which], self.polarity[which], self.sensor)

    def inside(self) -> Addresses:
        """Return the events whose pixel the sensor has."""
        inside = (self.x >= 0) & (self.x < self.sensor[0]) & (self.y >= 0) & (self.y < self.sensor[1])
        return self if inside.all() else self.taken(inside)


@dataclass(frozen=True)
class FrameSettings:
    """How events become a frame.

    Attributes
    ----------
    method : str
        ``signed_sum`` counts brighter minus darker events of a pixel, ``rectified_sum`` all. The others keep a channel
        for each, darker first: ``rectified_polarity_channels`` counts, ``signed_polarity_channels`` counts below 0 for
        darker events.
    size : (int, int) or None
        Columns and rows of the frame, where it is smaller than the sensor: the address ``x`` of ``c`` columns becomes
        ``floor(x * (t - 1) / (c - 1))`` of ``t``.
    x_first, flip_x, flip_y : bool
    drop_duplicates : bool
        Take several events of a pixel at the same time, and of the same polarity where that matters, for one.
    three_sigma : bool
        Clip counts: a signed sum to 1.5 standard deviations of the frame around its mean, the others to 3 standard
        deviations of those that are not zero; and cut to whole numbers.
    full : float or None
        The count that makes a value of 1; None for the largest of the frame.
    """

    method: Method = "rectified_polarity_channels"
    size: tuple[int, int] | None = None
    x_first: bool = False
    flip_x: bool = False
    flip_y: bool = False
    drop_duplicates: bool = False
    three_sigma: bool = False
    full: float | None = None

    def shape(self, sensor: tuple[int, int]) -> Shape:
        """Return the shape of a frame, (channels, rows, columns), or with ``x_first`` (channels, columns, rows)."""
        columns, rows = self.size or sensor
        return (2 if self.method.endswith("channels") else 1, *((columns, rows) if self.x_first else (rows, columns)))


def input_events(events: Addresses, settings: FrameSettings, outside: int = 0) -> InputEvents:
    """Return ``events``, all inside the sensor and at least one, as those of a sample that begins with the first.

    Counts ``n`` of a pixel become the value ``clip(n) / full``, of which each of its events has a share of its sign.
    """
    x, y, polarity = events.x, events.y, events.polarity
    shape = settings.shape(events.sensor)
    if settings.size is not None:
        x, y = (
            (places * ((to - 1) / max(1, of - 1))).astype(np.int64)
            for places, to, of in zip((x, y), settings.size, events.sensor, strict=True)
        )
    time = events.time_us - events.time_us.min()
    columns, rows = settings.size or events.sensor
    channels = settings.method.endswith("channels")
    if settings.drop_duplicates:
        kept = _first(x, y, time, polarity if channels or settings.method == "signed_sum" else 0 * polarity)
        x, y, time, polarity = x[kept], y[kept], time[kept], polarity[kept]
    x = columns - 1 - x if settings.flip_x else x
    y = rows - 1 - y if settings.flip_y else y
    channel = polarity if channels else 0 * polarity
    first, second = (x, y) if settings.x_first else (y, x)
    element = np.ravel_multi_index((channel, first, second), shape)
    sign = np.where(polarity > 0, 1.0, -1.0) if settings.method.startswith("signed") else np.ones(len(x))

    counts = np.bincount(element, sign, minlength=int(np.prod(shape))).astype(np.float64)
    clipped = _clipped(counts, settings.method) if settings.three_sigma else counts
    full = settings.full or max(1.0, float(np.abs(clipped).max()))
    share = np.divide(clipped, counts, out=np.ones_like(counts), where=counts != 0) / full
    value = sign * share[element]
    there = value != 0
    return InputEvents(
        time[there].astype(np.int64),
        element[there].astype(np.int64),
        value[there],
        ticks=int(time.max()) + 1,
        outside=outside,
    )


def _first(*keys: Numbers) -> Numbers:
    """Return the first place of each combination of ``keys``, in order."""
    _, places = np.unique(np.stack(keys), axis=1, return_index=True)
    return np.sort(places)


def _clipped(counts: npt.NDArray[np.float64], method: Method) -> npt.NDArray[np.float64]:
    if method == "signed_sum":
        mean, bound = counts.mean(), 1.5 * counts.std()
        return np.trunc(np.clip(counts, mean - bound, mean + bound))
    filled = np.abs(counts[counts != 0])
    return np.trunc(np.clip(counts, -3 * filled.std(), 3 * filled.std()))
