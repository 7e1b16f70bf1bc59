"""Weights times packed spikes: the inner loop of the rate engine.

For one output cell and some blocks of 16 channels the sums stay in vector registers while the rows of weights of the
inputs that have fired are added, and the potentials stay there from the first step of a block to the last. The spikes
of the input rows that an output row reads are listed once, ordered by step, column, row, and channel, so that what a
cell reads in one step is a single run of the list: columns that a dilated kernel reads together stand together.

The order of every sum is that of the list: the bias, then the inputs by column (in the order of the kernel), row and
channel, and for each input of an average pool the digits of its count from the lowest.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from snn.network import Array

from .compiling import compiled
from .packed import Words
from .vectors import LANES, PLANE_SHIFT, append, gather, word_at
from .wiring import Indices

Positions = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]

BLOCKS = (1, 2, 4)  # of 16 channels, that are kept in registers together


def _places() -> Bytes:
    places = np.zeros((256, 8), np.uint8)
    for byte in range(256):
        found = [bit for bit in range(8) if byte >> bit & 1]
        places[byte, : len(found)] = found
    places.flags.writeable = False
    return places


PLACES = _places()
"""The places of the bits set in each byte, (256, 8), filled up with 0."""


@compiled(
    "void(uint16[:, :, :, :, ::1], float32[::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[::1],"
    " int64[::1], int64[::1], float32[:, :, ::1], float32[::1], float32, boolean, float32[:, ::1], int64, int64,"
    " int64, int64, int64, int64, int64, uint32[::1], int32[:, ::1], int64, int64, int64, int64)"
)
def gather_cells(
    packed: Words,
    heights: Array,
    first_row: Indices,
    row: Indices,
    kernel_row: Indices,
    column: Indices,
    begin: Indices,
    end: Indices,
    kernel_column: Indices,
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
    events: npt.NDArray[np.uint32],
    positions: Positions,
    out: int,
    sample_stride: int,
    cell_stride: int,
    step_stride: int,
) -> None:
    """Fill rows and slabs of output cells with spikes or, where not ``fires``, with the sums.

    ``out`` is an address, as ``places`` is that of `PLACES`; the strides are in bytes.

    Parameters
    ----------
    packed : (samples, planes, input cells, steps, words)
    heights : (planes,)
    first_row, row, kernel_row :
        Output row ``y`` reads the input rows ``row[first_row[y]:first_row[y + 1]]`` through these rows of the kernel.
    column : (input columns,)
        The order in which the columns are listed.
    begin, end, kernel_column : (output columns,)
        An output column reads the listed columns ``begin`` to ``end``, the first through this column of the kernel.
    weight : (slabs, kernel columns * kernel rows * input lanes, lanes of a slab)
    bias : (output lanes,)
    potential : (samples, output lanes of all cells)
    together : int
        How many samples are listed before the first slab is worked on.
    """
    samples, planes, cells, steps, words = packed.shape
    columns, outputs = len(column), len(begin)
    rows, width = weight.shape[1], weight.shape[2]
    blocks, slabs = width // LANES, weight.shape[0]
    span = kernel_rows * words * LANES  # rows of weights in a column of the kernel
    unit = 2 * blocks if fires else 4 * width  # bytes of out in a slab
    list_, heights_ = events.ctypes.data, heights.ctypes.data
    pace = 4 * (columns + 1)
    for start in range(0, samples, together):
        stop = min(samples, start + together)
        for y in range(from_row, to_row):
            count = 0
            for sample in range(start, stop):
                position = positions[sample - start]
                for t in range(steps):
                    for x in range(columns):
                        position[t * (columns + 1) + x] = count
                        for i in range(first_row[y], first_row[y + 1]):
                            base = x * span + kernel_row[i] * words * LANES
                            cell = sample * planes * cells + row[i] * columns + column[x]
                            for plane in range(planes):
                                address = packed.ctypes.data + 2 * ((cell + plane * cells) * steps + t) * words
                                for word in range(words):
                                    bits = word_at(address + 2 * word)
                                    if bits or planes == 1:  # the higher digits are seldom set
                                        at = base + LANES * word
                                        count = append(bits & 255, at, places, list_, count)
                                        count = append(bits >> 8, at + 8, places, list_, count)
                                base += 1 << PLANE_SHIFT
                    position[t * (columns + 1) + columns] = count
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
                                gather(1, 1, 0, list_, a, z, pace, steps, w, h, b, v, threshold, o, s)
                            elif blocks == 2:
                                gather(2, 1, 0, list_, a, z, pace, steps, w, h, b, v, threshold, o, s)
                            else:
                                gather(4, 1, 0, list_, a, z, pace, steps, w, h, b, v, threshold, o, s)
                        elif fires:
                            if blocks == 1:
                                gather(1, 1, 1, list_, a, z, pace, steps, w, h, b, v, threshold, o, s)
                            elif blocks == 2:
                                gather(2, 1, 1, list_, a, z, pace, steps, w, h, b, v, threshold, o, s)
                            else:
                                gather(4, 1, 1, list_, a, z, pace, steps, w, h, b, v, threshold, o, s)
                        elif blocks == 1:
                            gather(1, 0, 1, list_, a, z, pace, steps, w, h, b, v, threshold, o, s)
                        elif blocks == 2:
                            gather(2, 0, 1, list_, a, z, pace, steps, w, h, b, v, threshold, o, s)
                        else:
                            gather(4, 0, 1, list_, a, z, pace, steps, w, h, b, v, threshold, o, s)
