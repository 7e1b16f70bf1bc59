"""Weights times packed spikes: the inner loop of the rate engine.

For one output cell and some blocks of 16 channels the sums stay in vector registers while the rows of weights of the
inputs that have fired are added, and the potentials stay there from the first step of a block to the last. The spikes
of the input rows that an output row reads are listed once, ordered by step, column, row, and channel, so that what a
cell reads in one step is a single run of the list: columns that a dilated kernel reads together stand together.

The order of every sum is that of the list, by turns as `vectors.gather` says: the bias, then the inputs by column (in
the order of the kernel), row and channel, and for each input of an average pool the digits of its count, from the
lowest on.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from snn.network import Array

from ..compiling import compiled
from ..wiring import Indices
from .bits import append, copy_moved, word_at
from .instructions import LANES
from .packing import Words
from .vectors import PLANE_SHIFT, gather

Events = npt.NDArray[np.uint32]
Positions = npt.NDArray[np.int32]

BLOCKS = (1, 2, 4)  # of 16 channels, that are kept in registers together


@compiled("void(uint16[:, :, :, ::1], int64, int64, int64, int64[::1], int64, int64, int32[::1])")
def list_row(
    packed: Words,
    row: int,
    from_word: int,
    to_word: int,
    column: Indices,
    places: int,
    events: int,
    position: Positions,
) -> None:
    """List the spikes of a row of input cells, by step and column, as far as they are in these words.

    An event is the channel, counted from the first of these words, with its plane.
    """
    planes, cells, steps, words = packed.shape
    columns, count, read = len(column), 0, to_word - from_word
    for t in range(steps):
        for x in range(columns):
            position[t * columns + x] = count
            address = packed.ctypes.data + 2 * (((row * columns + column[x]) * steps + t) * words + from_word)
            for plane in range(planes):
                for word in range(read):
                    bits = word_at(address + 2 * word)
                    if bits or plane < 2:  # the higher digits are seldom set
                        base = (plane << PLANE_SHIFT) + LANES * word
                        count = append(bits & 255, base, places, events, count)
                        count = append(bits >> 8, base + 8, places, events, count)
                address += 2 * cells * steps * words
    position[steps * columns] = count


@compiled("int64(uint16[:, :, :, ::1], int64, int64, int32[::1], int64)")
def list_all(packed: Words, places: int, events: int, position: Positions, count: int) -> int:
    """List all spikes by step, cell and channel, after ``count`` events; return how many there are then."""
    planes, cells, steps, words = packed.shape
    for t in range(steps):
        position[2 * t] = count
        for cell in range(cells):
            address = packed.ctypes.data + 2 * (cell * steps + t) * words
            for plane in range(planes):
                for word in range(words):
                    bits = word_at(address + 2 * word)
                    if bits or plane < 2:
                        base = (plane << PLANE_SHIFT) + (cell * words + word) * LANES
                        count = append(bits & 255, base, places, events, count)
                        count = append(bits >> 8, base + 8, places, events, count)
                address += 2 * cells * steps * words
        position[2 * t + 1] = count
    return count


@compiled(
    "void(int64[::1], int64[::1], int64, int64, int64, int64, int64, int32[:, ::1], int64, int64, int64, int64,"
    " int32[::1])"
)
def merge_rows(
    row: Indices,
    kernel_row: Indices,
    steps: int,
    columns: int,
    span: int,
    lanes: int,
    listed: int,
    positions: Positions,
    capacity: int,
    first: int,
    last: int,
    events: int,
    position: Positions,
) -> None:
    """Merge the lists of the rows that one output row reads, so that what a column gives in a step stands together."""
    count, width = 0, positions.shape[1]
    number = last - first
    lists, bases, starts = np.empty(number, np.int64), np.empty(number, np.int64), np.empty(number, np.int64)
    for i in range(number):
        slot = row[first + i] % len(positions)
        lists[i], starts[i] = listed + 4 * slot * capacity, slot * width
        bases[i] = kernel_row[first + i] * lanes
    flat = positions.reshape(-1)
    for t in range(steps):
        for x in range(columns):
            position[t * (columns + 1) + x] = count
            for i in range(number):
                at = starts[i] + t * columns + x
                begin, end = flat[at], flat[at + 1]
                base = x * span + bases[i]
                source, target = lists[i] + 4 * begin, events + 4 * count
                copy_moved(source, base, target)  # few are more than eight
                for k in range(8, end - begin, 8):
                    copy_moved(source + 4 * k, base, target + 4 * k)
                count += end - begin
        position[t * (columns + 1) + columns] = count


@compiled(
    "void(uint16[:, :, :, :, ::1], float32[::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[::1],"
    " int64[::1], int64[::1], int64[::1], int64, int64, float32[:, :, ::1], float32[::1], float32, boolean,"
    " float32[:, ::1], int64, int64, int64, int64, int64, int64, int64, uint32[::1], int32[:, ::1], uint32[::1],"
    " int32[:, ::1], int64, int64, int64, int64)"
)
def gather_cells(
    packed: Words,
    heights: Array,
    first_row: Indices,
    row: Indices,
    kernel_row: Indices,
    lowest: Indices,
    column: Indices,
    begin: Indices,
    end: Indices,
    kernel_column: Indices,
    from_word: int,
    to_word: int,
    weight: Array,
    bias: Array,
    threshold: np.float32,
    fires: bool,
    potential: Array,
    kernel_rows: int,
    from_row: int,
    to_row: int,
    from_slab: int,
    to_slab: int,
    together: int,
    places: int,
    events: Events,
    positions: Positions,
    row_events: Events,
    row_positions: Positions,
    out: int,
    sample_stride: int,
    cell_stride: int,
    step_stride: int,
) -> None:
    """Fill rows and slabs of output cells with spikes or, where not ``fires``, with the sums.

    ``out`` is an address, as ``places`` is that of `bits.PLACES`; the strides are in bytes.

    Parameters
    ----------
    packed : (samples, planes, input cells, steps, words)
    heights : (planes,)
    first_row, row, kernel_row :
        Output row ``y`` reads the input rows ``row[first_row[y]:first_row[y + 1]]`` through these rows of the kernel.
    lowest : (output rows,)
        The first input row that an output row or one after it reads: none before it is needed any more.
    column : (input columns,)
        The order in which the columns are listed.
    begin, end, kernel_column : (output columns,)
        An output column reads the listed columns ``begin`` to ``end``, the first through this column of the kernel.
    from_word, to_word : int
        The words of an input cell that are read.
    weight : (slabs, kernel columns * kernel rows * lanes that are read, lanes of a slab)
    bias : (output lanes,)
    potential : (samples, output lanes of all cells)
    together : int
        How many samples are listed before the first slab is worked on.
    row_positions : (slots, steps * input columns + 1)
        Each input row is listed once, in the slot of its number. No slots: the one output cell reads everything.
    """
    samples, planes, _, steps, _ = packed.shape
    columns, outputs = len(column), len(begin)
    rows, width = weight.shape[1], weight.shape[2]
    blocks, slabs = width // LANES, weight.shape[0]
    lanes = (to_word - from_word) * LANES
    span = kernel_rows * lanes  # rows of weights in a column of the kernel
    unit = 2 * blocks if fires else 4 * width  # bytes of out in a slab
    list_, heights_ = events.ctypes.data, heights.ctypes.data
    zeros = np.zeros(width, np.float32)
    nothing = zeros.ctypes.data
    pace = 4 * (columns + 1)
    slots = len(row_positions)
    capacity = len(row_events) // max(slots, 1)
    for start in range(0, samples, together):
        stop = min(samples, start + together)
        following = 0  # the row to be listed next
        for y in range(from_row, to_row):
            first, last = first_row[y], first_row[y + 1]
            count = 0
            for sample in range(start, stop):
                position = positions[sample - start]
                if not slots:
                    count = list_all(packed[sample], places, list_, position, count)
                    continue
                for i in range(first, last):
                    following = max(following, lowest[y])
                    while following <= row[i]:
                        slot = following % slots
                        listed = row_events.ctypes.data + 4 * slot * capacity
                        position_ = row_positions[slot]
                        list_row(packed[sample], following, from_word, to_word, column, places, listed, position_)
                        following += 1
                listed = row_events.ctypes.data
                wiring = row, kernel_row, steps, columns, span, lanes
                merge_rows(*wiring, listed, row_positions, capacity, first, last, list_, position)
            for slab in range(from_slab, to_slab):
                for sample in range(start, stop):
                    lists = positions.ctypes.data + 4 * (sample - start) * positions.shape[1]
                    for x in range(outputs):
                        cell = y * outputs + x
                        a, z = lists + 4 * begin[x], lists + 4 * end[x]
                        w = weight.ctypes.data + 4 * width * (slab * rows + (kernel_column[x] - begin[x]) * span)
                        b = bias.ctypes.data + 4 * width * slab
                        v = potential.ctypes.data + 4 * (sample * potential.shape[1] + (cell * slabs + slab) * width)
                        o = out + sample * sample_stride + cell * cell_stride + slab * unit
                        h, s = heights_, step_stride
                        if fires and planes == 1:
                            if blocks == 1:
                                gather(1, 1, 0, list_, a, z, pace, steps, w, nothing, h, b, v, threshold, o, s)
                            elif blocks == 2:
                                gather(2, 1, 0, list_, a, z, pace, steps, w, nothing, h, b, v, threshold, o, s)
                            else:
                                gather(4, 1, 0, list_, a, z, pace, steps, w, nothing, h, b, v, threshold, o, s)
                        elif fires:
                            if blocks == 1:
                                gather(1, 1, 1, list_, a, z, pace, steps, w, nothing, h, b, v, threshold, o, s)
                            elif blocks == 2:
                                gather(2, 1, 1, list_, a, z, pace, steps, w, nothing, h, b, v, threshold, o, s)
                            else:
                                gather(4, 1, 1, list_, a, z, pace, steps, w, nothing, h, b, v, threshold, o, s)
                        elif blocks == 1:
                            gather(1, 0, 1, list_, a, z, pace, steps, w, nothing, h, b, v, threshold, o, s)
                        elif blocks == 2:
                            gather(2, 0, 1, list_, a, z, pace, steps, w, nothing, h, b, v, threshold, o, s)
                        else:
                            gather(4, 0, 1, list_, a, z, pace, steps, w, nothing, h, b, v, threshold, o, s)
    zeros[0] = 0  # numba frees an array after its last use, and knows nothing of its address, which is in use till here


KERNELS = (list_row, list_all, merge_rows, gather_cells)
