"""Each kind of layer on numbers small enough to be checked by hand.

All samples and outputs are written in quarters. A sample is shown for four steps, as a constant current, as spikes, or
to a neuron that makes spikes of it; ``n`` quarters are ``n`` spikes then, so that after the four steps the potential
behind the layer is the very number written here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from .. import layers as op
from ..network import Array, Layer

Nested: TypeAlias = "float | Sequence[Nested]"

X = "x"  # the name of what every golden layer reads


@dataclass(frozen=True, eq=False)
class Golden:
    """Layers on what is named ``x``, with a sample and the output of the last, (1, *shape) each, in quarters."""

    layers: tuple[Layer, ...]
    sample: Array
    output: Array


def _golden(layers: Layer | tuple[Layer, ...], sample: Nested, output: Nested) -> Golden:
    layers = layers if isinstance(layers, tuple) else (layers,)
    return Golden(layers, np.array([sample], np.float32), np.array([output], np.float32))


def _numbers(values: Nested) -> Array:
    return np.array(values, np.float32)


def _conv(weight: Nested, bias: Sequence[float] | None = None, **fields: Any) -> op.Conv:
    """Return a convolution in which all that is not given is plain; ``bias`` is in quarters."""
    kernel = _numbers(weight)
    axes = kernel.ndim - 2
    plain: dict[str, Any] = {
        "name": "conv",
        "inputs": (X,),
        "stride": (1,) * axes,
        "padding": ((0, 0),) * axes,
        "dilation": (1,) * axes,
    }
    given: Array = np.zeros(len(kernel), np.float32)
    if bias is not None:
        given = _numbers(bias) / np.float32(4)
    return op.Conv(**{**plain, **fields}, weight=kernel, bias=given)


def dense() -> Golden:
    """4 + 2/2 = 5; -4 + 2/4 + 0 + 1 = -2.5."""
    layer = op.Dense(name="dense", inputs=(X,), weight=_numbers([[1, 0.5, 0], [-1, 0.25, 1]]), bias=_numbers([0, 0.25]))
    return _golden(layer, [4, 2, 0], [5, -2.5])


def conv() -> Golden:
    """First channel: 4 + 3/2 + 1 = 6.5 and 0; second: 1 - 0 + 1 = 2 and 3 - 4 + 1 = 0."""
    weight: Nested = [[[[1, 0], [0, 0.5]], [[0, 1], [0, 0]]], [[[0, 0], [1, 0]], [[0, 0], [0, -1]]]]
    return _golden(_conv(weight, [0, 1]), [[[4, 0, 2], [1, 3, 0]], [[0, 1, 0], [2, 0, 4]]], [[[6.5, 0]], [[2, 0]]])


def conv_of_one_axis() -> Golden:
    """4 + 2/2 - 1 + 0 = 4; 2 + 0 - 0 + 2 * 3 = 8."""
    return _golden(_conv([[[1, 0.5], [-1, 2]]]), [[4, 2, 0], [1, 0, 3]], [[4, 8]])


def depthwise_conv() -> Golden:
    """Each channel by itself: 4 + 2/2, 1 + 0; -0 + 2 * 3 - 1, -2 + 2 * 1 - 1."""
    layer = _conv([[[[1, 0.5]]], [[[-1, 2]]]], [0, -1], groups=2)
    return _golden(layer, [[[4, 2], [1, 0]], [[0, 3], [2, 1]]], [[[5], [1]], [[5], [-1]]])


def grouped_conv() -> Golden:
    """Two outputs a channel: once and half the first, twice and minus the second."""
    layer = _conv([[[[1]]], [[[0.5]]], [[[2]]], [[[-1]]]], groups=2)
    return _golden(layer, [[[4, 2]], [[1, 3]]], [[[4, 2]], [[2, 1]], [[2, 6]], [[-1, -3]]])


def strided_padded_conv() -> Golden:
    """A row of zeros above and a column of zeros on the right.

    Windows 0 0/4 1, 0 0/1 2, 0 0/2 0 and 0 3/2 0, 3 0/0 1, 0 0/1 0, weights 1 2/0.5 -1, plus 1.
    """
    layer = _conv([[[[1, 2], [0.5, -1]]]], [1], stride=(2, 1), padding=((1, 0), (0, 1)))
    return _golden(layer, [[[4, 1, 2], [0, 3, 0], [2, 0, 1]]], [[[2, -0.5, 2], [8, 3, 1.5]]])


def dilated_conv() -> Golden:
    """4 + 2/2 + 2 * 3 - 1 = 10; 1 + 3/2 + 0 - 2 = 0.5."""
    layer = _conv([[[[1, 0.5], [2, -1]]]], dilation=(2, 3))
    return _golden(layer, [[[4, 1, 0, 2, 3], [1, 1, 1, 1, 1], [3, 0, 0, 1, 2]]], [[[10, 0.5]]])


def transposed_conv() -> Golden:
    """4, 1, 2 and 0 times the kernel, set down 2 rows or 1 column apart; the last row is cut off."""
    layer = op.ConvTranspose(
        name="transposed",
        inputs=(X,),
        weight=_numbers([[[[1, 0.5], [-1, 2]], [[0, 0], [0, 1]]]]),
        bias=_numbers([0.25, 0]),
        stride=(2, 1),
        padding=((0, 1), (0, 0)),
        dilation=(1, 1),
    )
    return _golden(layer, [[[4, 1], [2, 0]]], [[[5, 4, 1.5], [-3, 8, 3], [3, 2, 1]], [[0, 0, 0], [0, 4, 1], [0, 0, 0]]])


_IMAGE = [[[4, 1, 2], [0, 3, 0], [2, 0, 1]], [[4, 4, 4], [4, 4, 4], [4, 4, 4]]]


def avg_pool_inside() -> Golden:
    """Zeros above and on the left do not count: 4/1, (1 + 2)/2, (0 + 2)/2, (3 + 0 + 0 + 1)/4."""
    layer = op.AvgPool(name="pool", inputs=(X,), size=(2, 2), stride=(2, 2), padding=((1, 0), (1, 0)))
    return _golden(layer, _IMAGE, [[[4, 1.5], [1, 1]], [[4, 4], [4, 4]]])


def avg_pool_padded() -> Golden:
    """Zeros above and on the left count: every sum over 4."""
    layer = op.AvgPool(name="pool", inputs=(X,), size=(2, 2), stride=(2, 2), padding=((1, 0), (1, 0)), divisor="padded")
    return _golden(layer, _IMAGE, [[[1, 0.75], [0.5, 1]], [[1, 2], [2, 4]]])


def max_pool() -> Golden:
    """The largest of 4 1/0 3, of 0 2/1 0, of 0 1/2 0 and of 3 2/0 4."""
    layer = op.MaxPool(name="pool", inputs=(X,), size=(2, 2), stride=(2, 2), padding=((0, 0), (0, 0)))
    return _golden(layer, [[[4, 1, 0, 2], [0, 3, 1, 0]], [[0, 1, 3, 2], [2, 0, 0, 4]]], [[[4, 2]], [[2, 4]]])


def overlapping_max_pool() -> Golden:
    """The largest of 4 1/0 3, of 1 2/3 0, of 0 3/2 0 and of 3 0/0 1."""
    layer = op.MaxPool(name="pool", inputs=(X,), size=(2, 2), stride=(1, 1), padding=((0, 0), (0, 0)))
    return _golden(layer, [[[4, 1, 2], [0, 3, 0], [2, 0, 1]]], [[[4, 3], [3, 3]]])


def max_pool_of_currents() -> Golden:
    """The largest of minus 4 1/2 3, of minus 1 2/3 1; padding, which is 0, never wins: minus 2 3, minus 3 1."""
    negative = _conv([[[[-1]]]], name="negative")
    pool = op.MaxPool(name="pool", inputs=("negative",), size=(2, 2), stride=(1, 1), padding=((0, 1), (0, 0)))
    return _golden((negative, pool), [[[4, 1, 2], [2, 3, 1]]], [[[-1, -1], [-2, -1]]])


def upsample() -> Golden:
    """Every cell twice down and three times across."""
    layer = op.Upsample(name="upsample", inputs=(X,), factors=(2, 3))
    return _golden(layer, [[[4, 1]]], [[[4, 4, 4, 1, 1, 1], [4, 4, 4, 1, 1, 1]]])


def pad() -> Golden:
    """A row of zeros above, two columns on the right."""
    layer = op.Pad(name="pad", inputs=(X,), padding=((1, 0), (0, 2)))
    return _golden(layer, [[[4, 1]]], [[[0, 0, 0, 0], [4, 1, 0, 0]]])


def flatten() -> Golden:
    """Channel by channel, row by row: the last axis is the fastest."""
    layer = op.Flatten(name="flatten", inputs=(X,))
    return _golden(layer, [[[1, 2, 3], [4, 0, 1]], [[2, 3, 4], [0, 1, 2]]], [1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2])


def flatten_before_dense() -> Golden:
    """The second element is 2; the eighth minus the fourth is 3 - 4 = -1."""
    weight = np.zeros((2, 12), np.float32)
    weight[0, 1], weight[1, 7], weight[1, 3] = 1, 1, -1
    dense = op.Dense(name="dense", inputs=("flatten",), weight=weight, bias=np.zeros(2, np.float32))
    return _golden((*flatten().layers, dense), flatten().sample[0], [2, -1])


def permute() -> Golden:
    """Output (k, c, h) is input (c, h, k)."""
    layer = op.Permute(name="permute", inputs=(X,), axes=(2, 0, 1))
    return _golden(layer, [[[1, 2, 3]], [[4, 0, 2]]], [[[1], [4]], [[2], [0]], [[3], [2]]])


def reshape() -> Golden:
    """The same order in other rows."""
    layer = op.Reshape(name="reshape", inputs=(X,), shape=(3, 2))
    return _golden(layer, [[[1, 2, 3]], [[4, 0, 2]]], [[1, 2], [3, 4], [0, 2]])


def concat() -> Golden:
    """The sample, then its second element, then half its first."""
    dense = op.Dense(name="dense", inputs=(X,), weight=_numbers([[0, 1], [0.5, 0]]), bias=np.zeros(2, np.float32))
    return _golden((dense, op.Concat(name="concat", inputs=(X, "dense"))), [4, 1], [4, 1, 1, 2])


def concat_of_channels() -> Golden:
    """The sample's two channels, then half their sum."""
    half = _conv([[[[0.5]], [[0.5]]]], name="half")
    return _golden(
        (half, op.Concat(name="concat", inputs=(X, "half"))),
        [[[4, 2]], [[0, 1]]],
        [[[4, 2]], [[0, 1]], [[2, 1.5]]],
    )


def concat_along_space() -> Golden:
    """The sample, and on its right half of it."""
    half = _conv([[[[0.5]]]], name="half")
    return _golden(
        (half, op.Concat(name="concat", inputs=(X, "half"), axis=2)),
        [[[4, 2], [0, 1]]],
        [[[4, 2, 2, 1], [0, 1, 0, 0.5]]],
    )


def _swap() -> op.Dense:
    return op.Dense(name="swap", inputs=(X,), weight=_numbers([[0, 1], [1, 0]]), bias=np.zeros(2, np.float32))


def add() -> Golden:
    """4 - 2/2 = 3; 2 - 4/2 = 0."""
    layer = op.Add(name="add", inputs=(X, "swap"), factors=_numbers([1, -0.5]))
    return _golden((_swap(), layer), [4, 2], [3, 0])


def add_per_channel() -> Golden:
    """4 - 2/2 = 3; 2 * 2 + 4 = 8."""
    layer = op.Add(name="add", inputs=(X, "swap"), factors=_numbers([[1, 2], [-0.5, 1]]))
    return _golden((_swap(), layer), [4, 2], [3, 8])


def affine() -> Golden:
    """Half the first channel; minus the second, plus 1."""
    layer = op.Affine(name="affine", inputs=(X,), scale=_numbers([0.5, -1]), shift=_numbers([0, 0.25]))
    return _golden(layer, [[[4, 2]], [[1, 3]]], [[[2, 1]], [[0, -2]]])


def affine_per_element() -> Golden:
    """4 * 1, 2/2, 1 * 2, 3 * 0 + 1."""
    scale, shift = _numbers([[[1, 0.5]], [[2, 0]]]), _numbers([[[0, 0]], [[0, 0.25]]])
    layer = op.Affine(name="affine", inputs=(X,), scale=scale, shift=shift)
    return _golden(layer, [[[4, 2]], [[1, 3]]], [[[4, 1]], [[2, 1]]])


def batch_norm() -> Golden:
    """Half the first channel; minus the second, plus 1."""
    layer = op.BatchNorm(name="norm", inputs=(X,), scale=_numbers([0.5, -1]), shift=_numbers([0, 0.25]))
    return _golden(layer, [[[4, 2]], [[1, 3]]], [[[2, 1]], [[0, -2]]])


OF_KIND: Mapping[type[Layer], Callable[[], Golden]] = {
    op.Dense: dense,
    op.Conv: conv,
    op.ConvTranspose: transposed_conv,
    op.MaxPool: max_pool,
    op.AvgPool: avg_pool_inside,
    op.Pad: pad,
    op.Upsample: upsample,
    op.BatchNorm: batch_norm,
    op.Affine: affine,
    op.Flatten: flatten,
    op.Reshape: reshape,
    op.Permute: permute,
    op.Concat: concat,
    op.Add: add,
}
"""One for each kind of operation."""
