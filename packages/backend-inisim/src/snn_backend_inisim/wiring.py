"""Which input cell reaches which output cell: windows, taps of a kernel, and runs of synapses that lie side by side.

A cell is a place on the spatial axes, numbered with the last axis fastest, with all its channels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from snn.network import Shape
from snn.shapes import Padding

Indices: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Links:
    """Pairs of cells that a window or a tap of a kernel joins, (links,) each."""

    source: Indices
    target: Indices
    tap: Indices


@dataclass(frozen=True, eq=False)
class Runs:
    """The synapses of each input cell, in runs where successive taps reach successive output cells.

    Attributes
    ----------
    first : ndarray of int, (cells + 1,)
        The runs of cell ``i`` are ``first[i]`` to ``first[i + 1]``.
    begin, tap, length : ndarray of int, (runs,)
        Where a run begins among the outputs and in an input channel's row of weights, and its length.
    """

    first: Indices
    begin: Indices
    tap: Indices
    length: Indices


def windows(x: Shape, out: Shape, kernel: Shape, stride: Shape, padding: Padding, dilation: Shape) -> Links:
    """Return the links of windows of spatial shape ``kernel`` over ``x``; taps count backwards, as targets do."""
    axes = [
        [_inside(np.arange(o) * s + k * d - before, n, swap=False) for k in reversed(range(size))]
        for n, o, size, s, (before, _), d in zip(x, out, kernel, stride, padding, dilation, strict=True)
    ]
    return _links(x, out, kernel, axes)


def spread(x: Shape, out: Shape, kernel: Shape, stride: Shape, padding: Padding, dilation: Shape) -> Links:
    """Return the links of a transposed convolution with ``kernel`` from ``x``."""
    axes = [
        [_inside(np.arange(n) * s + k * d - before, o, swap=True) for k in range(size)]
        for n, o, size, s, (before, _), d in zip(x, out, kernel, stride, padding, dilation, strict=True)
    ]
    return _links(x, out, kernel, axes)


def by_target(links: Links, targets: int) -> tuple[Indices, Indices]:
    """Return where each target's sources begin, (targets + 1,), and the sources, (links,), in order of their cell."""
    order = np.lexsort((links.source, links.target))
    return _offsets(links.target, targets), links.source[order]


def runs(links: Links, sources: int, outputs: int, per_tap: int) -> Runs:
    """Return the links as runs, for ``outputs`` channels a cell, of which a tap reaches ``per_tap``."""
    order = np.lexsort((links.target, links.source))
    source, target, tap = links.source[order], links.target[order], links.tap[order]
    starts = np.ones(len(source), bool)
    if per_tap == outputs:  # groups leave gaps between the outputs of successive taps
        starts[1:] = (np.diff(source) != 0) | (np.diff(target) != 1) | (np.diff(tap) != 1)
    at = np.flatnonzero(starts)
    length = np.diff(np.append(at, len(source))) * per_tap
    return Runs(_offsets(source[at], sources), target[at] * outputs, tap[at] * per_tap, length)


_Pair: TypeAlias = tuple[Indices, Indices]


def _inside(reached: Indices, size: int, *, swap: bool) -> _Pair:
    """Return the pairs of source and target along one axis: those whose reached cell exists."""
    valid = np.flatnonzero((reached >= 0) & (reached < size))
    return (valid, reached[valid]) if swap else (reached[valid], valid)


def _links(x: Shape, out: Shape, kernel: Shape, axes: list[list[_Pair]]) -> Links:
    found = list(_taps(x, out, kernel, axes))
    source, target, tap = (np.concatenate([part[field] for part in found]) for field in range(3))
    return Links(source, target, tap)


def _taps(x: Shape, out: Shape, kernel: Shape, axes: list[list[_Pair]]) -> Iterator[tuple[Indices, Indices, Indices]]:
    for tap, index in enumerate(np.ndindex(*kernel)):
        pairs = [axis[i] for axis, i in zip(axes, index, strict=True)]
        source = _flat([pair[0] for pair in pairs], x)
        yield source, _flat([pair[1] for pair in pairs], out), np.full(len(source), tap, np.int64)


def _flat(coordinates: list[Indices], shape: Shape) -> Indices:
    """Return the numbers of all cells whose coordinates are among those given for each axis."""
    axes = zip(coordinates, shape, strict=True)
    return reduce(lambda total, axis: (total[:, None] * axis[1] + axis[0]).reshape(-1), axes, np.zeros(1, np.int64))


def _offsets(sorted_or_not: Indices, count: int) -> Indices:
    return np.concatenate([[0], np.cumsum(np.bincount(sorted_or_not, minlength=count))]).astype(np.int64)
