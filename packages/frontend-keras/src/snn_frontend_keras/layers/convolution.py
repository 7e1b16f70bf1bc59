"""Dense layers and convolutions of every kind."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from snn import layers as op
from snn.errors import ParseError
from snn.network import Array, Shape
from snn.shapes import Padding

from snn_frontend_keras.activations import fused
from snn_frontend_keras.builder import Value, channels_first
from snn_frontend_keras.scope import Scope


@dataclass(frozen=True)
class Frame:
    """What all convolutions are set up with, one entry a spatial axis; ``x`` has the channel first."""

    x: Value
    kernel: Shape
    stride: Shape
    dilation: Shape
    padding: Padding

    @property
    def ones(self) -> Shape:
        """One for each spatial axis."""
        return (1,) * len(self.kernel)


def same_padding(size: int, reach: int, stride: int) -> tuple[int, int]:
    """Return TensorFlow's padding that makes ``ceil(size / stride)`` windows of ``reach``: the odd cell comes after."""
    total = max((-(-size // stride) - 1) * stride + reach - size, 0)
    return total // 2, total - total // 2


def spatial(scope: Scope, rank: int) -> Value:
    """Return the input with the channel first; it has ``rank`` spatial axes."""
    source = scope.options.value("data_format", "channels_last")
    source = "channels_last" if source is None else source
    if source not in ("channels_last", "channels_first"):
        raise scope.options.fault("data_format", source, "channels_last or channels_first")
    if len(scope.input.shape) != rank + 1:
        raise ParseError(
            f"{scope.where} needs {rank + 1} axes besides the batch; its input has shape {scope.input.keras_shape}"
        )
    return scope.arrange(scope.input, channels_first(rank + 1, source=str(source)))


def dense(scope: Scope) -> Value:
    """Translate Dense; on a map it acts on the last axis, as a convolution of width 1."""
    units = scope.options.whole("units")
    scope.options.flag("use_bias", default=True)
    rank = len(scope.input.shape)
    x = scope.arrange(scope.input, channels_first(rank))
    got = scope.weights(kernel=(x.shape[0], units), bias=(units,))
    weight, bias = got["kernel"].T, got.get("bias", _zeros(units))
    if rank == 1:
        return fused(scope, scope.add(op.Dense, x, weight=weight, bias=bias))
    ones = (1,) * (rank - 1)
    weight = weight.reshape(*weight.shape, *ones)
    return fused(
        scope,
        scope.add(op.Conv, x, weight=weight, bias=bias, stride=ones, padding=((0, 0),) * len(ones), dilation=ones),
    )


def convolution(scope: Scope, rank: int) -> Value:
    """Translate Conv1D and Conv2D."""
    frame = _frame(scope, rank, "causal") if rank == 1 else _frame(scope, rank)
    filters, groups = scope.options.whole("filters"), scope.options.whole("groups", 1)
    into = frame.x.shape[0]
    got = scope.weights(kernel=(*frame.kernel, into // groups, filters), bias=(filters,))
    weight = np.moveaxis(got["kernel"], (-1, -2), (0, 1))
    return fused(scope, _conv(scope, frame, weight, got.get("bias", _zeros(filters)), groups))


def depthwise(scope: Scope, rank: int) -> Value:
    """Translate DepthwiseConv1D and DepthwiseConv2D."""
    frame = _frame(scope, rank)
    scope.options.ignore("filters", "groups")  # Keras 2 inherits them from Conv, and does not use them
    into, multiplier = frame.x.shape[0], scope.options.whole("depth_multiplier", 1)
    got = scope.weights(depthwise_kernel=(*frame.kernel, into, multiplier), bias=(into * multiplier,))
    weight = _per_channel(got["depthwise_kernel"])
    return fused(scope, _conv(scope, frame, weight, got.get("bias", _zeros(into * multiplier)), into))


def separable(scope: Scope, rank: int) -> Value:
    """Translate SeparableConv1D and SeparableConv2D: a depthwise convolution and one of width 1."""
    frame = _frame(scope, rank, "causal") if rank == 1 else _frame(scope, rank)
    scope.options.ignore("groups")  # Keras 2 inherits it from Conv, and does not use it
    into, multiplier, filters = (
        frame.x.shape[0],
        scope.options.whole("depth_multiplier", 1),
        scope.options.whole("filters"),
    )
    got = scope.weights(
        depthwise_kernel=(*frame.kernel, into, multiplier),
        pointwise_kernel=(*frame.ones, into * multiplier, filters),
        bias=(filters,),
    )
    middle = _conv(scope, frame, _per_channel(got["depthwise_kernel"]), _zeros(into * multiplier), into, "depthwise")
    point = Frame(middle, frame.ones, frame.ones, frame.ones, ((0, 0),) * rank)
    weight = np.moveaxis(got["pointwise_kernel"], (-1, -2), (0, 1))
    return fused(scope, _conv(scope, point, weight, got.get("bias", _zeros(filters))))


def transposed(scope: Scope, rank: int) -> Value:
    """Translate Conv1DTranspose and Conv2DTranspose."""
    frame = _frame(scope, rank)
    same = scope.options.text("padding", "valid") == "same"
    extra = (
        None if scope.options.value("output_padding") is None else scope.options.sizes("output_padding", rank, low=0)
    )
    filters = scope.options.whole("filters")
    if scope.options.whole("groups", 1) != 1:
        raise scope.options.refuse("is a transposed convolution in groups", hint="train it with groups=1")
    padding = tuple(
        _cut(size, reach, stride, None if extra is None else extra[axis], same=same)
        for axis, (size, reach, stride) in enumerate(zip(frame.x.shape[1:], _reach(frame), frame.stride, strict=True))
    )
    into = frame.x.shape[0]
    got = scope.weights(kernel=(*frame.kernel, filters, into), bias=(filters,))
    return fused(
        scope,
        scope.add(
            op.ConvTranspose,
            frame.x,
            weight=np.moveaxis(got["kernel"], (-1, -2), (0, 1)),
            bias=got.get("bias", _zeros(filters)),
            stride=frame.stride,
            padding=padding,
            dilation=frame.dilation,
        ),
    )


def _cut(size: int, reach: int, stride: int, extra: int | None, *, same: bool) -> tuple[int, int]:
    """Return what TensorFlow cuts off the full result: it is the gradient of the convolution that goes back."""
    full = (size - 1) * stride + reach
    if same:
        out = size * stride if extra is None else (size - 1) * stride + reach % 2 + extra
        before = max(full - out, 0) // 2
    else:
        out = full + (max(stride - reach, 0) if extra is None else extra)
        before = 0
    return before, full - out - before


def _frame(scope: Scope, rank: int, *more: str) -> Frame:
    options = scope.options
    x = spatial(scope, rank)
    kernel = options.sizes("kernel_size", rank)
    stride, dilation = options.sizes("strides", rank, 1), options.sizes("dilation_rate", rank, 1)
    mode = options.text("padding", "valid", "valid", "same", *more)
    frame = Frame(x, kernel, stride, dilation, ((0, 0),) * rank)
    options.flag("use_bias", default=True)
    reaches = _reach(frame)
    match mode:
        case "same":
            triples = zip(x.shape[1:], reaches, stride, strict=True)
            return Frame(x, kernel, stride, dilation, tuple(same_padding(n, r, s) for n, r, s in triples))
        case "causal":
            return Frame(x, kernel, stride, dilation, ((reaches[0] - 1, 0),))
    return frame


def _reach(frame: Frame) -> Shape:
    return tuple(d * (k - 1) + 1 for k, d in zip(frame.kernel, frame.dilation, strict=True))


def _conv(scope: Scope, frame: Frame, weight: Array, bias: Array, groups: int = 1, part: str = "") -> Value:
    return scope.add(
        op.Conv,
        frame.x,
        part=part,
        weight=weight,
        bias=bias,
        stride=frame.stride,
        padding=frame.padding,
        dilation=frame.dilation,
        groups=groups,
    )


def _per_channel(kernel: Array) -> Array:
    """Return a depthwise kernel, (*kernel, in, multiplier), as (in * multiplier, 1, *kernel)."""
    moved = np.moveaxis(kernel, (-2, -1), (0, 1))
    return moved.reshape(prod(moved.shape[:2]), 1, *moved.shape[2:])


def _zeros(count: int) -> Array:
    return np.zeros(count, np.float32)
