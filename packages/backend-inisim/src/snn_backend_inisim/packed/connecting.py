"""Which inputs each output of a layer with weights reads, and through which weights, as `gathering` wants it."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
from snn import layers as op
from snn.network import Array, Network

from ..wiring import Indices
from .arranging import section, taps
from .gathered import Section
from .instructions import LANES
from .packing import words_of
from .tasks import Task
from .vectors import PLANE_SHIFT


def conv_reach(layer: op.Conv, source: Task, network: Network) -> dict[str, Any] | None:
    """Return which rows and columns of cells an output cell reads, or None where there are too many."""
    if layer.weight.ndim > 4:
        return None
    kernel = (1, *layer.weight.shape[2:])[-2:]
    stride, dilation = ((1, *values)[-2:] for values in (layer.stride, layer.dilation))
    padding = ((0, 0), *layer.padding)[-2:]
    x = (1, *network.shapes[layer.inputs[0]][1:])[-2:]
    out = (1, *network.shapes[layer.name][1:])[-2:]
    if x[1] * kernel[0] * source.words * LANES >= 1 << PLANE_SHIFT:
        return None
    rows = [taps(y, x[0], kernel[0], stride[0], padding[0][0], dilation[0]) for y in range(out[0])]
    columns = [taps(c, x[1], kernel[1], stride[1], padding[1][0], dilation[1]) for c in range(out[1])]
    numbers = np.arange(x[1])
    column = np.lexsort((numbers // dilation[1], numbers % dilation[1]))
    listed = np.argsort(column)
    return {
        "first_row": np.cumsum([0, *(len(found) for found in rows)]),
        "row": np.array([at for found in rows for at, _ in found], np.int64),
        "kernel_row": np.array([tap for found in rows for _, tap in found], np.int64),
        "kernel_rows": kernel[0],
        "lowest": _lowest([found[0][0] if found else x[0] for found in rows]),
        "column": column,
        "begin": np.array([listed[found[0][0]] if found else 0 for found in columns]),
        "end": np.array([listed[found[-1][0]] + 1 if found else 0 for found in columns]),
        "kernel_column": np.array([found[0][1] if found else 0 for found in columns]),
    }


def _lowest(first: list[int]) -> Indices:
    """Return the lowest of each number and those after it: with dilation and padding, rows do not only rise."""
    return np.minimum.accumulate(np.array(first, np.int64)[::-1])[::-1].copy()


def conv_sections(layer: op.Conv, divisor: np.float32, bias: Array, initial: Array) -> tuple[Section, ...]:
    """Return the groups of a convolution, as many together as fill whole words of inputs and of outputs.

    What they read is over ``divisor``. ``initial`` is (cells, channels).
    """
    outputs, inputs = len(layer.weight) // layer.groups, layer.weight.shape[1]
    kernel = (1, *layer.weight.shape[2:])[-2:]
    weight = layer.weight.reshape(layer.groups, outputs, inputs, *kernel).transpose(0, 4, 3, 2, 1) / divisor
    most = math.lcm(LANES // math.gcd(LANES, inputs), LANES // math.gcd(LANES, outputs))
    sections = []
    for first, last in pairwise([*range(0, layer.groups, most), layer.groups]):
        from_word, to_word = first * inputs // LANES, words_of(last * inputs)
        filled = np.zeros((kernel[1], kernel[0], (to_word - from_word) * LANES, (last - first) * outputs), np.float32)
        for group in range(first, last):
            i, o = (group - first) * inputs, (group - first) * outputs
            filled[:, :, i : i + inputs, o : o + outputs] = weight[group]
        mine = slice(first * outputs, last * outputs)
        rows = filled.reshape(-1, filled.shape[-1])
        sections.append(section(rows, bias[mine], initial[:, mine], (from_word, to_word), first * outputs // LANES))
    return tuple(sections)


def dense_reach(source: Task) -> dict[str, Any] | None:
    """Return what a dense layer reads, as a kernel that covers the whole input, all cells in one column."""
    if source.cells * source.words * LANES >= 1 << PLANE_SHIFT:
        return None
    cells, one = np.arange(source.cells), np.zeros(1, np.int64)
    return {
        "first_row": np.array([0, source.cells]),
        "row": cells,
        "kernel_row": cells,
        "kernel_rows": source.cells,
        "lowest": np.zeros(1, np.int64),
        "column": one,
        "begin": one,
        "end": one + 1,
        "kernel_column": one,
    }


def dense_sections(
    layer: op.Dense, source: Task, order: Indices, divisor: np.float32, bias: Array, initial: Array
) -> tuple[Section, ...]:
    """Return a dense layer as one section; ``order`` is that in which it reads the elements of ``source``."""
    weight = np.zeros((source.cells, source.words * LANES, len(bias)), np.float32)
    weight[order % source.cells, order // source.cells] = layer.weight.T / divisor
    return (section(weight.reshape(-1, len(bias)), bias, initial, (0, source.words), 0),)
