"""The arithmetic of the operations, one kernel a kind of layer, for one sample and some successive steps.

Blocks of values are ``(steps, elements)``, elements channels-last (`layout`). A block that is read may have one step
only: then it is the same in every step. Every sum is made in a fixed order, so a result depends on the sample alone.
"""

from __future__ import annotations

import numpy as np
from snn.network import Array

from .compiling import compiled
from .wiring import Floats, Indices


@compiled("void(float32[::1], float32[::1])")
def copy(values: Array, out: Array) -> None:
    """Copy element by element: an assignment of slices takes seconds to compile."""
    for i in range(len(values)):
        out[i] = values[i]


@compiled(
    "void(float32[::1], float32, int64, int64, int64[::1], int64, int64[::1], int64[::1], float32[::1])", "contract"
)
def add_row(
    row: Array,
    height: np.float32,
    first: int,
    last: int,
    begin: Indices,
    offset: int,
    tap: Indices,
    length: Indices,
    out: Array,
) -> None:
    """Add the weights of one input, times its height, to the outputs it reaches by these runs."""
    for run in range(first, last):
        start, at, n = begin[run] + offset, tap[run], length[run]
        target, weight = out[start : start + n], row[at : at + n]
        for i in range(n):
            target[i] = target[i] + height * weight[i]


@compiled(
    "void(float32[:, ::1], float32[:, ::1], int64, int64, int64[::1], int64[::1], int64[::1], int64[::1],"
    " float32[::1], float32[:, ::1])",
    "contract",
)
def synapses(
    x: Array,
    weight: Array,
    groups: int,
    outputs: int,
    first: Indices,
    begin: Indices,
    tap: Indices,
    length: Indices,
    bias: Array,
    out: Array,
) -> None:
    """Add, for each input that is not zero, its weights to the outputs it reaches (`wiring.Runs`).

    Inputs of a cell are taken by fours, so that an output is loaded and stored once for four of them.
    """
    cells, channels = len(first) - 1, len(weight)
    inputs = channels // groups
    active, height = np.empty(inputs + 3, np.int64), np.empty(inputs + 3, np.float32)
    for t in range(len(out)):
        now, result = x[t if len(x) > 1 else 0], out[t]
        copy(bias, result)
        for cell in range(cells):
            for group in range(groups):
                values = now[cell * channels + group * inputs : cell * channels + (group + 1) * inputs]
                count = 0
                for channel in range(inputs):
                    active[count] = group * inputs + channel
                    height[count] = values[channel]
                    count += values[channel] != 0
                if count == 1:  # as where the input has one channel
                    runs = first[cell], first[cell + 1]
                    add_row(weight[active[0]], height[0], *runs, begin, group * outputs, tap, length, result)
                    continue
                active[count : count + 3] = 0  # what the last four lack
                height[count : count + 3] = 0
                for k in range(0, count, 4):
                    a, b, c, d = height[k], height[k + 1], height[k + 2], height[k + 3]
                    row_a, row_b = weight[active[k]], weight[active[k + 1]]
                    row_c, row_d = weight[active[k + 2]], weight[active[k + 3]]
                    for run in range(first[cell], first[cell + 1]):
                        start, at, n = begin[run] + group * outputs, tap[run], length[run]
                        target = result[start : start + n]
                        to_a, to_b = row_a[at : at + n], row_b[at : at + n]
                        to_c, to_d = row_c[at : at + n], row_d[at : at + n]
                        for i in range(n):
                            target[i] = target[i] + a * to_a[i] + b * to_b[i] + c * to_c[i] + d * to_d[i]


@compiled("void(float32[:, ::1], int64[::1], int64[::1], float32[::1], float32[:, ::1])")
def average(x: Array, first: Indices, source: Indices, divisor: Array, out: Array) -> None:
    """Divide the sum of each window's cells by the window's divisor."""
    windows = len(first) - 1
    n = out.shape[1] // windows
    for t in range(len(out)):
        now, result = x[t if len(x) > 1 else 0], out[t]
        for window in range(windows):
            total = result[window * n : (window + 1) * n]
            total[:] = 0
            link, stop = first[window], first[window + 1]
            while link + 4 <= stop:  # by fours, as a window of two by two has it
                a = now[source[link] * n : (source[link] + 1) * n]
                b = now[source[link + 1] * n : (source[link + 1] + 1) * n]
                c = now[source[link + 2] * n : (source[link + 2] + 1) * n]
                d = now[source[link + 3] * n : (source[link + 3] + 1) * n]
                for channel in range(n):
                    total[channel] = total[channel] + a[channel] + b[channel] + c[channel] + d[channel]
                link += 4
            while link < stop:
                a = now[source[link] * n : (source[link] + 1) * n]
                for channel in range(n):
                    total[channel] += a[channel]
                link += 1
            for channel in range(n):
                total[channel] /= divisor[window]


@compiled("void(float32[:, ::1], int64[::1], int64[::1], float32[::1], float32[::1], float32[:, ::1])")
def largest(x: Array, first: Indices, source: Indices, so_far: Array, best: Array, out: Array) -> None:
    """Give what the largest sum so far of each window has grown by."""
    windows = len(first) - 1
    channels = out.shape[1] // windows
    for t in range(len(out)):
        now, result = x[t if len(x) > 1 else 0], out[t]
        for i in range(len(so_far)):
            so_far[i] += now[i]
        for window in range(windows):
            peak = result[window * channels : (window + 1) * channels]
            peak[:] = -np.inf
            for link in range(first[window], first[window + 1]):
                cell = so_far[source[link] * channels : (source[link] + 1) * channels]
                for channel in range(len(peak)):
                    peak[channel] = max(peak[channel], cell[channel])
            before = best[window * channels : (window + 1) * channels]
            for channel in range(len(peak)):
                top = peak[channel]
                peak[channel] = top - before[channel]
                before[channel] = top


@compiled("void(float32[:, ::1], int64[::1], int64[::1], float32[:, ::1])")
def rewire(x: Array, source: Indices, target: Indices, out: Array) -> None:
    """Copy elements to other places; the places that get none keep what they have."""
    for t in range(len(out)):
        now, result = x[t if len(x) > 1 else 0], out[t]
        for i in range(len(source)):
            result[target[i]] = now[source[i]]


@compiled("void(float32[:, ::1], float32[::1], float32[::1], float32[:, ::1])")
def scale_and_shift(x: Array, scale: Array, shift: Array, out: Array) -> None:
    """Give ``x * scale + shift``, element by element."""
    for t in range(len(out)):
        now, result = x[t if len(x) > 1 else 0], out[t]
        for i in range(len(scale)):
            result[i] = now[i] * scale[i] + shift[i]


@compiled("void(float32[:, ::1], float32[::1], float32[:, ::1])")
def add_scaled(x: Array, scale: Array, out: Array) -> None:
    """Add ``x * scale`` to ``out``, element by element."""
    for t in range(len(out)):
        now, result = x[t if len(x) > 1 else 0], out[t]
        for i in range(len(scale)):
            result[i] += now[i] * scale[i]


@compiled("void(float32[:, ::1], float64[::1], float64[::1])", "reassoc", "nsz")
def count_operations(spikes: Array, fan_out: Floats, total: Floats) -> None:
    """Add the fan-out of every spike to each step's total; whole numbers, so the order does not matter."""
    for t in range(len(total)):
        now = spikes[t]
        sum_ = 0.0
        for i in range(len(fan_out)):
            sum_ += fan_out[i] if now[i] != 0 else 0.0
        total[t] += sum_


ALL = (
    copy,
    average,
    largest,
    rewire,
    scale_and_shift,
    add_scaled,
    count_operations,
    add_row,
    synapses,
)
