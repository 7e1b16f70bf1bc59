"""Packed spikes as numbers of spikes and as lists of neurons, for what a run keeps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..compiling import compiled
from ..wiring import Indices
from .bits import append, turn_words, word_at
from .instructions import LANES
from .packing import Words

Numbers = npt.NDArray[np.int32]


@compiled("void(uint16[:, :, :, ::1], int64[:, :, ::1])")
def count_spikes(spikes: Words, counts: Indices) -> None:
    """Add the spikes of each neuron, (samples, cells, steps, words), to ``counts`` (samples, channels, cells)."""
    samples, cells, steps, words = spikes.shape
    lanes = np.empty(LANES, np.int32)
    for sample in range(samples):
        for cell in range(cells):
            for word in range(words):
                lanes[:] = 0
                for t in range(steps):
                    bits = np.int32(spikes[sample, cell, t, word])
                    for lane in range(LANES):
                        lanes[lane] += (bits >> lane) & 1
                for channel in range(LANES * word, min(LANES * (word + 1), counts.shape[1])):
                    counts[sample, channel, cell] += lanes[channel - LANES * word]


@compiled("void(int64, int64, int64, uint16[::1], uint16[:, ::1])")
def turn_cells(begin: int, pace: int, cells: int, side: Words, turned: Words) -> None:
    """Write for each channel the words that have a bit for each cell; ``side`` is scratch, 16 zeros.

    The words of the first cell are at the address ``begin``, those of the next one ``pace`` bytes further.
    """
    across = turned.shape[1]
    whole = cells // LANES
    for word in range(len(turned) // LANES):
        source, target = begin + 2 * word, turned.ctypes.data + 2 * LANES * word * across
        for k in range(whole):
            turn_words(source + LANES * k * pace, pace, target + 2 * k, 2 * across)
        if whole < across:
            for cell in range(whole * LANES, cells):
                side[cell % LANES] = word_at(source + cell * pace)
            turn_words(side.ctypes.data, 2, target + 2 * whole, 2 * across)


@compiled(
    "void(uint16[:, :, :, ::1], int64, int64, int64[:, ::1], uint16[:, ::1], uint16[::1], int32[::1], int32[::1])"
)
def list_spikes(
    spikes: Words,
    channels: int,
    places: int,
    place: Indices,
    turned: Words,
    side: Words,
    listed: Numbers,
    neuron: Numbers,
) -> None:
    """List the neurons that fire, by their channels-first number in rising order, from where they have their place.

    Parameters
    ----------
    spikes : (samples, cells, steps, words)
    places : int
        The address of `bits.PLACES`.
    place : (steps, samples)
        Where in ``neuron`` those of a step and sample begin.
    turned : (words * 16, words that hold a bit for each cell)
        Scratch, as are ``side``, 16 zeros, and ``listed``, of at least all neurons and 16 more.
    neuron : (events,)
        Nothing past an event's place is touched, so that parts can be listed at the same time.
    """
    samples, cells, steps, words = spikes.shape
    pace, events = 2 * steps * words, listed.ctypes.data
    rows, width = (channels, turned.shape[1]) if cells > 1 else (1, words)
    for sample in range(samples):
        for t in range(steps):
            begin = spikes[sample].ctypes.data + 2 * t * words
            if cells > 1:  # else the order of the channels is that of the neurons
                turn_cells(begin, pace, cells, side, turned)
                begin = turned.ctypes.data
            count = 0
            for row in range(rows):
                for k in range(width):
                    bits = word_at(begin + 2 * (row * width + k))
                    base = row * cells + LANES * k
                    count = append(bits & 255, base, places, events, count)
                    count = append(bits >> 8, base + 8, places, events, count)
            at = place[t, sample]
            neuron[at : at + count] = listed[:count]


KERNELS = (count_spikes, turn_cells, list_spikes)
