"""Count the synaptic operations of packed spikes: the fan-out of every spike, step by step."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import numpy as np

from ..compiling import compiled
from ..wiring import Floats, Indices
from .bits import add_where, bits_in, count_bits, word_at
from .instructions import LANES
from .packing import Words, words_of

Counter: TypeAlias = Callable[[Words, Floats], None]
"""Adds the operations of spikes, (samples, cells, steps, words), to a total, (samples, steps)."""


@compiled("void(int64[::1], int64[::1], float64[::1], uint16[:, :, :, ::1], float64[:, ::1])")
def count_words(first: Indices, cell: Indices, fan_out: Floats, spikes: Words, total: Floats) -> None:
    """Add the fan-out of every spike to each sample's ``total`` of each step, (samples, steps).

    All channels of the cells ``cell[first[i]:first[i + 1]]`` have the fan-out ``fan_out[i]``.
    """
    samples, _, steps, words = spikes.shape
    size = steps * words
    count = np.empty(size, np.int32)
    for sample in range(samples):
        address = spikes[sample].ctypes.data
        for i in range(len(fan_out)):
            count[:] = 0
            for k in range(first[i], first[i + 1]):
                at = address + 2 * cell[k] * size
                for j in range(0, size - LANES + 1, LANES):
                    count_bits(at + 2 * j, count.ctypes.data + 4 * j)
                for j in range(size // LANES * LANES, size):
                    count[j] += bits_in(word_at(at + 2 * j))
            for t in range(steps):
                spiking = 0
                for j in range(t * words, (t + 1) * words):
                    spiking += count[j]
                total[sample, t] += fan_out[i] * spiking


@compiled("void(float64[:, ::1], uint16[:, :, :, ::1], float64[:, ::1])")
def count_lanes(fan_out: Floats, spikes: Words, total: Floats) -> None:
    """Add the fan-out of every spike, (cells, lanes), to each sample's ``total`` of each step, (samples, steps)."""
    samples, cells, steps, words = spikes.shape
    sums = np.empty((steps, LANES), np.float64)
    for sample in range(samples):
        sums[:] = 0
        for cell in range(cells):
            address = spikes.ctypes.data + 2 * (sample * cells + cell) * steps * words
            for word in range(fan_out.shape[1] // LANES):
                each = fan_out.ctypes.data + 8 * (cell * fan_out.shape[1] + LANES * word)
                for t in range(steps):
                    bits = word_at(address + 2 * (t * words + word))
                    if bits:
                        add_where(bits, each, sums.ctypes.data + 8 * LANES * t)
        for t in range(steps):
            total[sample, t] += sums[t].sum()


KERNELS = (count_words, count_lanes)


def counter(fan_out: Floats) -> Counter:
    """Return what counts the spikes of a layer whose neurons have this ``fan_out``, (cells, channels)."""
    if (fan_out == fan_out[:, :1]).all():
        values, first = np.unique(np.sort(fan_out[:, 0]), return_index=True)
        cell = np.argsort(fan_out[:, 0], kind="stable")
        return partial(count_words, np.append(first, len(cell)), cell, values)
    lanes = np.zeros((len(fan_out), words_of(fan_out.shape[1]) * LANES), np.float64)
    lanes[:, : fan_out.shape[1]] = fan_out
    return partial(count_lanes, lanes)
