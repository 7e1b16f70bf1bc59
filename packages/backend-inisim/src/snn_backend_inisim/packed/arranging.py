"""Where weights, potentials and words lie for the packed engine: in lanes, in slabs of lanes, word by word."""

from __future__ import annotations

import math

import numpy as np
from snn.network import Array

from ..wiring import Indices
from .gathered import Section
from .gathering import BLOCKS
from .instructions import LANES
from .packing import words_of
from .tasks import Task


def taps(at: int, size: int, kernel: int, stride: int, before: int, dilation: int) -> list[tuple[int, int]]:
    """Return which inputs an output at ``at`` reads along one axis, each with the place in the kernel."""
    reached = [(at * stride - before + tap * dilation, tap) for tap in range(kernel)]
    return [(place, tap) for place, tap in reached if 0 <= place < size]


def slabs(weight: Array) -> Array:
    """Return rows of weights, (rows, outputs), cut into slabs of lanes, (slabs, rows, lanes), aligned."""
    words = words_of(weight.shape[1])
    blocks = min(BLOCKS, key=lambda n: -(-words // n) * (n + 1))
    slabs, width = -(-words // blocks), blocks * LANES
    slabbed = _aligned((slabs, len(weight), width))
    for slab in range(slabs):
        columns = weight[:, slab * width : (slab + 1) * width]
        slabbed[slab, :, : columns.shape[1]] = columns
    return slabbed


def section(weight: Array, bias: Array, initial: Array, read: tuple[int, int], out_word: int) -> Section:
    """Return rows of weights, (rows, channels), and the neurons behind them as a section.

    ``initial`` are their potentials at rest, (cells, channels); ``read`` is the first word that is read and the end.
    """
    slabbed = slabs(weight)
    words = slabbed.shape[0] * slabbed.shape[2] // LANES
    channels = len(bias)
    resting = in_lanes(initial.reshape(-1), channels, words)
    return Section(*read, out_word, slabbed, in_lanes(bias, channels, words), resting)


def _aligned(shape: tuple[int, ...]) -> Array:
    """Return zeros that begin where a line of the cache does."""
    raw = np.zeros(4 * math.prod(shape) + 64, np.uint8)
    begin = -raw.ctypes.data % 64
    return raw[begin : begin + 4 * math.prod(shape)].view(np.float32).reshape(shape)


def in_lanes(values: Array, channels: int, words: int, multiple: int = 1) -> Array:
    """Return ``values``, one a channel of each cell, in lanes of so many words, and zeros up to a multiple of words."""
    cells = len(values) // channels
    count = -(-cells * words // multiple) * multiple * LANES
    lanes = _aligned((count,))
    lanes[: cells * words * LANES].reshape(cells, words * LANES)[:, :channels] = values.reshape(cells, channels)
    return lanes


def words_moved(
    begin: Indices, source: Task, end: Indices, channels: int, words: int
) -> tuple[Indices, Indices] | None:
    """Return the words that hold the elements ``begin`` and those that they become, or None if a word is split."""
    if not len(begin):
        return begin, end
    at, lane = (
        begin // source.channels * source.words + begin % source.channels // LANES,
        begin % source.channels % LANES,
    )
    to, there = end // channels * words + end % channels // LANES, end % channels % LANES
    (target, origin), count = np.unique(np.stack([to, at]), axis=1, return_counts=True)
    if (lane != there).any() or len(np.unique(target)) != len(target):
        return None
    # The bits of the word that are not named must not be set: they are past the last channel of the source.
    last = np.minimum(LANES, source.channels - origin % source.words * LANES)
    return None if (count != last).any() else (origin.copy(), target.copy())
