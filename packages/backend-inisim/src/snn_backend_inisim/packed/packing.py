"""Spikes packed as bits, and the kernels that work on them.

The spikes of a sample in a block of steps are words of 16 bits, ``(planes, cells, steps, words)``: a word holds 16
channels of a cell in one step, and the words of a cell's successive steps lie side by side. Spikes have one plane, of
height 1. An average pool has several: the binary digits of how many cells of its window have fired, of heights 1, 2, 4
and so on; who reads them divides by the pool's divisor. Bits past the last channel are never set.

Neurons are kept in lanes: the channels of a cell, filled up to whole words, side by side.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from snn.network import Array

from ..compiling import compiled
from ..wiring import Indices
from .bits import add_bits, lift, lower, put_bits
from .instructions import LANES
from .vectors import fire

Words: TypeAlias = npt.NDArray[np.uint16]


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
    near = threshold * np.float32(1 - 4e-7 * steps)  # by more than sums of so many terms may be rounded
    for sample in range(samples):
        for i in range(begin, end, 4):
            v, first = potential[sample, LANES * i : LANES * (i + 4)], z[sample, 0, LANES * i : LANES * (i + 4)]
            reaching = 0
            for lane in range(4 * LANES):
                reaching += (v[lane] >= near) | (v[lane] + first[lane] * steps >= near)
            if still and not reaching:
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


@compiled("void(uint16[::1], uint16[::1], uint16[::1], uint16[::1], uint16[::1], uint16[::1], uint16[::1])")
def add_four(a: Words, b: Words, c: Words, d: Words, ones: Words, twos: Words, fours: Words) -> None:
    """Count, in binary digits, how many of four bits are set."""
    for i in range(len(a)):
        first, second = a[i] ^ b[i], c[i] ^ d[i]
        both_first, both_second = a[i] & b[i], c[i] & d[i]
        ones[i] = first ^ second
        twos[i] = both_first ^ both_second ^ (first & second)
        fours[i] = both_first & both_second


@compiled("void(uint16[:, :, :, ::1], int64[::1], int64[::1], uint16[::1], uint16[:, :, :, :, ::1])")
def add_up(spikes: Words, first: Indices, source: Indices, carry: Words, out: Words) -> None:
    """Count, in binary digits, the spikes of each window's cells; the planes of ``out`` are the digits."""
    samples, planes, cells, steps, words = out.shape
    size = steps * words
    for sample in range(samples):
        entering, leaving = spikes[sample].reshape(-1, size), out[sample].reshape(planes, cells, size)
        for cell in range(cells):
            if first[cell + 1] - first[cell] == 4 and planes == 3:  # two by two, as most pools are
                link = first[cell]
                a, b = entering[source[link]], entering[source[link + 1]]
                c, d = entering[source[link + 2]], entering[source[link + 3]]
                add_four(a, b, c, d, leaving[0, cell], leaving[1, cell], leaving[2, cell])
                continue
            for plane in range(planes):
                digit = leaving[plane, cell]
                for i in range(size):
                    digit[i] = 0
            for link in range(first[cell], first[cell + 1]):
                more = entering[source[link]]
                for i in range(size):
                    carry[i] = more[i]
                for plane in range(planes):
                    digit = leaving[plane, cell]
                    for i in range(size):
                        old, new = digit[i], carry[i]
                        digit[i] = old ^ new
                        carry[i] = old & new


@compiled("void(uint16[:, :, :, ::1], int64[::1], int64[::1], int32[:, :, ::1], uint16[:, :, :, ::1])")
def largest_words(spikes: Words, first: Indices, source: Indices, behind: npt.NDArray[np.int32], out: Words) -> None:
    """Fire where the most spikes so far among a window's cells have become more.

    ``behind`` (samples, links, lanes) is by how many spikes each cell of each window is behind the one with the most.
    """
    samples, cells, steps, words = out.shape
    pace = 4 * LANES * words
    for sample in range(samples):
        for cell in range(cells):
            for word in range(words):
                base = behind.ctypes.data + sample * behind.shape[1] * pace + 4 * LANES * word
                for t in range(steps):
                    grown = 0
                    for link in range(first[cell], first[cell + 1]):
                        bits = np.int64(spikes[sample, source[link], t, word])
                        if bits:
                            grown |= lower(base + link * pace, bits)
                    if grown:
                        for link in range(first[cell], first[cell + 1]):
                            lift(base + link * pace, grown)
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


@compiled("void(uint16[:, :, :, :, ::1], float32, int64, float32[:, :, :])")
def unpack(packed: Words, divisor: np.float32, channels: int, out: Array) -> None:
    """Give what the digits come to, over ``divisor``, as numbers, (samples, steps, cells * channels)."""
    samples, planes, cells, steps, _ = packed.shape
    whole = channels // LANES
    for sample in range(samples):
        for cell in range(cells):
            for t in range(steps):
                values = out[sample, t, cell * channels : (cell + 1) * channels]
                for plane in range(planes):
                    height, words = np.float32(1 << plane), packed[sample, plane, cell, t]
                    for word in range(whole):
                        target = values.ctypes.data + 4 * LANES * word
                        if plane:
                            add_bits(np.int64(words[word]), height, target)
                        else:
                            put_bits(np.int64(words[word]), height, target)
                    for channel in range(whole * LANES, channels):
                        bit = np.float32((words[whole] >> (channel % LANES)) & 1)
                        values[channel] = height * bit + (values[channel] if plane else np.float32(0))
                if divisor != 1:
                    for channel in range(channels):
                        values[channel] /= divisor
