"""Spikes packed as bits, and the kernels that work on them.

The spikes of a sample in a block of steps are words of 16 bits, ``(planes, cells, steps, words)``: a word holds 16
channels of a cell in one step, and the words of a cell's successive steps lie side by side. Spikes have one plane, of
height 1. An average pool has several: the binary digits of how many cells of its window have fired, the height of each
digit being its worth divided by the size of the window. Bits past the last channel are never set.

Neurons are kept in lanes: the channels of a cell, filled up to whole words, side by side.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from snn.network import Array

from .compiling import compiled
from .vectors import LANES, append, bits_in, column_at, fire, four_words_at, word_at
from .wiring import Floats, Indices

Words: TypeAlias = npt.NDArray[np.uint16]
Bytes: TypeAlias = npt.NDArray[np.uint8]


def words_of(channels: int) -> int:
    """Return how many words hold ``channels`` bits."""
    return -(-channels // LANES)


@compiled("void(float32[:, :, :], int64, float32[:, :, ::1])")
def spread(values: Array, channels: int, lanes: Array) -> None:
    """Copy ``values`` (samples, steps, cells * channels) into lanes (samples, steps, cells * words * 16 or more)."""
    width = -(-channels // LANES) * LANES
    for sample in range(values.shape[0]):
        for t in range(values.shape[1]):
            source, target = values[sample, t], lanes[sample, t]
            for cell in range(len(source) // channels):
                for channel in range(channels):
                    target[cell * width + channel] = source[cell * channels + channel]
                for lane in range(cell * width + channels, (cell + 1) * width):
                    target[lane] = 0
            for lane in range(len(source) // channels * width, len(target)):
                target[lane] = 0


@compiled("void(float32[:, :, :], int64, int64, float32[:, :, :])")
def close_up(lanes: Array, channels: int, width: int, values: Array) -> None:
    """Copy lanes, ``width`` a cell, (samples, steps, cells * width) into (samples, steps, cells * channels)."""
    for sample in range(values.shape[0]):
        for t in range(values.shape[1]):
            source, target = lanes[sample, t], values[sample, t]
            for cell in range(len(target) // channels):
                for channel in range(channels):
                    target[cell * channels + channel] = source[cell * width + channel]


@compiled("void(float32[:, :, ::1], float32, int64, int64, float32[:, ::1], uint16[::1], uint16[:, :, :, ::1])")
def fire_words(
    z: Array, threshold: np.float32, begin: int, end: int, potential: Array, spare: Words, out: Words
) -> None:
    """Integrate and fire with reset by subtraction; ``z`` (samples, steps or 1, lanes), one step where it is constant.

    Words ``begin`` to ``end`` are done, by fours, out of ``out`` (samples, cells, steps, words); ``spare`` takes what
    the last four have too many. Four words that a constant ``z`` cannot bring to the threshold are not compared in
    each step.
    """
    samples, cells, steps, words = out.shape
    pace, still = 2 * words, z.shape[1] == 1
    slack = np.float32(1 - 4e-7 * steps)  # more than sums of so many terms may be rounded by
    for sample in range(samples):
        for i in range(begin, end, 4):
            v, first = potential[sample, LANES * i : LANES * (i + 4)], z[sample, 0, LANES * i : LANES * (i + 4)]
            reach = np.float32(-np.inf)
            for lane in range(4 * LANES):
                reach = max(reach, v[lane], v[lane] + first[lane] * steps)
            if still and reach < threshold * slack:
                for _ in range(steps):
                    for lane in range(4 * LANES):
                        v[lane] += first[lane]
                for word in range(i, min(i + 4, cells * words)):
                    for t in range(steps):
                        out[sample, word // words, t, word % words] = 0
                continue
            base = out.ctypes.data + 2 * sample * cells * steps * words
            a, b, c, d = i, i + 1, i + 2, i + 3
            outs = (
                base + 2 * ((a // words) * steps * words + a % words),
                base + 2 * ((b // words) * steps * words + b % words) if b < cells * words else spare.ctypes.data,
                base + 2 * ((c // words) * steps * words + c % words) if c < cells * words else spare.ctypes.data,
                base + 2 * ((d // words) * steps * words + d % words) if d < cells * words else spare.ctypes.data,
            )
            stride = 0 if still else 4 * z.shape[2]
            fire(steps, v.ctypes.data, first.ctypes.data, stride, threshold, outs, pace)


@compiled("void(uint16[:, :, :, ::1], int64[::1], int64[::1], uint16[::1], uint16[:, :, :, :, ::1])")
def add_up(spikes: Words, first: Indices, source: Indices, carry: Words, out: Words) -> None:
    """Count, in binary digits, the spikes of each window's cells; the planes of ``out`` are the digits."""
    samples, planes, cells, steps, words = out.shape
    flat, digits = spikes.reshape(-1), out.reshape(-1)
    size = steps * words
    for sample in range(samples):
        for cell in range(cells):
            for plane in range(planes):
                at = ((sample * planes + plane) * cells + cell) * size
                digit = digits[at : at + size]
                for i in range(size):
                    digit[i] = 0
            for link in range(first[cell], first[cell + 1]):
                at = (sample * spikes.shape[1] + source[link]) * size
                entering = flat[at : at + size]
                for i in range(size):
                    carry[i] = entering[i]
                for plane in range(planes):
                    at = ((sample * planes + plane) * cells + cell) * size
                    digit = digits[at : at + size]
                    for i in range(size):
                        old, more = digit[i], carry[i]
                        digit[i] = old ^ more
                        carry[i] = old & more


@compiled(
    "void(uint16[:, :, :, ::1], int64[::1], int64[::1], int32[:, :, ::1], int32[:, :, ::1], uint16[:, :, :, ::1])"
)
def largest_words(
    spikes: Words,
    first: Indices,
    source: Indices,
    so_far: npt.NDArray[np.int32],
    best: npt.NDArray[np.int32],
    out: Words,
) -> None:
    """Fire where the most spikes so far among a window's cells have become more; counts are (samples, cells, lanes)."""
    samples, cells, steps, words = out.shape
    for sample in range(samples):
        for t in range(steps):
            for cell in range(spikes.shape[1]):
                for word in range(words):
                    bits = spikes[sample, cell, t, word]
                    if bits:
                        counts = so_far[sample, cell, LANES * word : LANES * (word + 1)]
                        for lane in range(LANES):
                            counts[lane] += (bits >> lane) & 1
            for cell in range(cells):
                for word in range(words):
                    moved = np.uint16(0)
                    for link in range(first[cell], first[cell + 1]):
                        moved |= spikes[sample, source[link], t, word]
                    grown = np.uint16(0)
                    if moved:
                        top = best[sample, cell, LANES * word : LANES * (word + 1)]
                        for link in range(first[cell], first[cell + 1]):
                            counts = so_far[sample, source[link], LANES * word : LANES * (word + 1)]
                            for lane in range(LANES):
                                if counts[lane] > top[lane]:
                                    top[lane] = counts[lane]
                                    grown |= np.uint16(1) << np.uint16(lane)
                    out[sample, cell, t, word] = grown


@compiled("void(uint16[:, :, :, ::1], int64[::1], int64[::1], uint16[:, :, :, ::1])")
def move_words(spikes: Words, source: Indices, target: Indices, out: Words) -> None:
    """Copy words to other places; places are numbered with the words of a cell side by side."""
    samples, _, steps, width = spikes.shape
    words = out.shape[3]
    for sample in range(samples):
        for i in range(len(source)):
            cell, word, to, at = source[i] // width, source[i] % width, target[i] // words, target[i] % words
            for t in range(steps):
                out[sample, to, t, at] = spikes[sample, cell, t, word]


@compiled("void(uint16[:, :, :, :, ::1], float32[::1], int64, float32[:, :, :])")
def unpack(packed: Words, heights: Array, channels: int, out: Array) -> None:
    """Give what the planes come to as numbers, (samples, steps, cells * channels)."""
    samples, planes, cells, steps, _ = packed.shape
    for sample in range(samples):
        for cell in range(cells):
            for t in range(steps):
                values = out[sample, t, cell * channels : (cell + 1) * channels]
                for channel in range(channels):
                    values[channel] = 0
                for plane in range(planes):
                    for channel in range(channels):
                        bit = (packed[sample, plane, cell, t, channel // LANES] >> (channel % LANES)) & 1
                        values[channel] += heights[plane] * np.float32(bit)


@compiled("void(uint16[:, :, :, ::1], float64[::1], float64[:, ::1])")
def count_words(spikes: Words, fan_out: Floats, total: Floats) -> None:
    """Add the fan-out of every spike to each step's total, where all channels of a cell have the same, (cells,)."""
    samples, cells, steps, words = spikes.shape
    for sample in range(samples):
        work = total[sample]
        for cell in range(cells):
            address, each = spikes.ctypes.data + 2 * (sample * cells + cell) * steps * words, fan_out[cell]
            if words == 1:
                for t in range(steps):
                    work[t] += each * bits_in(word_at(address + 2 * t))
                continue
            for t in range(steps):
                bits = 0
                for word in range(words // 4):
                    bits += bits_in(four_words_at(address + 2 * t * words + 8 * word))
                for word in range(words // 4 * 4, words):
                    bits += bits_in(word_at(address + 2 * (t * words + word)))
                work[t] += each * bits


@compiled("void(uint16[:, :, ::1], int64[:, ::1])")
def count_spikes(spikes: Words, counts: Indices) -> None:
    """Add the spikes of one sample, (cells, steps, words), to ``counts`` (channels, cells)."""
    cells, steps, words = spikes.shape
    for cell in range(cells):
        for t in range(steps):
            for word in range(words):
                bits = np.int64(spikes[cell, t, word])
                while bits:
                    counts[LANES * word + bits_in((bits & -bits) - 1), cell] += 1
                    bits &= bits - 1


@compiled("void(uint8[:, :, ::1], uint8[:, ::1], uint16[:, :, ::1])")
def turn_bytes(spikes: Bytes, side: Bytes, turned: Words) -> None:
    """Turn bytes of 8 channels, (cells, steps, bytes), into words of 16 cells, (steps, channels, words).

    ``side`` is scratch, (steps, cells up to whole words), and zero past the last cell.
    """
    cells, steps, width = spikes.shape
    channels, words = turned.shape[1], turned.shape[2]
    for byte in range(min(width, -(-channels // 8))):
        for cell in range(cells):
            for t in range(steps):
                side[t, cell] = spikes[cell, t, byte]
        for t in range(steps):
            address = side.ctypes.data + t * side.shape[1]
            for i in range(min(8, channels - 8 * byte)):
                row = turned[t, 8 * byte + i]
                for word in range(words):
                    row[word] = column_at(address + LANES * word, 1 << i)


@compiled("int64(uint16[:, :, ::1], int64, int64, int32[::1], int32[::1])")
def list_spikes(
    turned: Words, cells: int, places: int, per_step: npt.NDArray[np.int32], neurons: npt.NDArray[np.int32]
) -> int:
    """List the neurons of one sample that fire, step by step, by their channels-first number in rising order.

    ``turned`` is what `turn_bytes` gives; ``places`` the address of `vectors.PLACES`; ``per_step`` gets the
    number of each step. Return the number of all; ``neurons`` has room for 16 more.
    """
    steps, channels, words = turned.shape
    count, events, address = 0, neurons.ctypes.data, turned.ctypes.data
    for t in range(steps):
        before = count
        for channel in range(channels):
            for word in range(words):
                bits = word_at(address)
                address += 2
                if bits:
                    base = channel * cells + LANES * word
                    count = append(bits & 255, base, places, events, count)
                    count = append(bits >> 8, base + 8, places, events, count)
        per_step[t] = count - before
    return count


@compiled("int64(uint16[:, :, ::1])")
def spikes_in(spikes: Words) -> int:
    """Return how many bits are set in the spikes of one sample."""
    total, address, whole = 0, spikes.ctypes.data, spikes.size // 4 * 4
    for i in range(0, whole, 4):
        total += bits_in(four_words_at(address + 2 * i))
    for i in range(whole, spikes.size):
        total += bits_in(word_at(address + 2 * i))
    return total
