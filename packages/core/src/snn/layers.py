"""The operations a network is made of: a closed set, so that a backend can be tested on all of them.

What each computes is said by its docstring and, in NumPy, by `snn.analog`.  Spatial axes are all axes after the
first, which is the channel.  ``padding`` is one ``(before, after)`` pair a spatial axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar, Literal, TypeAlias

from . import shapes
from .network import Array, Layer, Shape
from .shapes import Padding

Function: TypeAlias = Literal[
    "linear",
    "relu",
    "softmax",
    "elu",
    "exponential",
    "gelu",
    "gelu_tanh",
    "hard_sigmoid",
    "leaky_relu",
    "selu",
    "sigmoid",
    "silu",
    "softplus",
    "softsign",
    "tanh",
]


@dataclass(frozen=True, eq=False, kw_only=True)
class Input(Layer):
    """Where samples of ``shape`` enter.

    ``layout`` lists, for each axis of ``shape``, the axis of the source framework's sample that it was, as in
    ``numpy.transpose``: ``(2, 0, 1)`` for a channels-last image; empty where the order is the same.
    """

    shape: Shape
    layout: tuple[int, ...] = ()
    inputs: tuple[str, ...] = ()
    arity: ClassVar[int | None] = 0

    @property
    def source_shape(self) -> Shape:
        """The shape of a sample in the source framework."""
        shape = list(self.shape)
        for size, axis in zip(self.shape, self.layout, strict=False):
            shape[axis] = size
        return tuple(shape)

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        if self.layout and sorted(self.layout) != list(range(len(self.shape))):
            raise ValueError(f"layout {self.layout} is no order of the {len(self.shape)} axes")
        return self.shape


@dataclass(frozen=True, eq=False, kw_only=True)
class Dense(Layer):
    """``weight @ x + bias``; weight (out, in), bias (out,)."""

    weight: Array
    bias: Array

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        (x,) = inputs
        if self.weight.ndim != 2 or x != self.weight.shape[1:]:
            raise ValueError(f"weight {self.weight.shape} does not fit input {x}")
        shapes.same("bias", self.bias.shape, self.weight.shape[:1])
        return self.bias.shape


@dataclass(frozen=True, eq=False, kw_only=True)
class Conv(Layer):
    """Cross-correlation over the spatial axes, zeros outside.

    Attributes
    ----------
    weight : ndarray, (out, in / groups, *kernel)
    bias : ndarray, (out,)
    stride, dilation : tuple of int, one a spatial axis
    groups : int
        Output channels ``[g * out / groups, (g + 1) * out / groups)`` see only the input channels of group ``g``;
        equal to the number of input channels in a depthwise convolution.
    """

    weight: Array
    bias: Array
    stride: Shape
    padding: Padding
    dilation: Shape
    groups: int = 1

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        (x,) = inputs
        shapes.same("bias", self.bias.shape, self.weight.shape[:1])
        shapes.divided(self.groups, self.weight.shape[0], x[0])
        if len(x) != self.weight.ndim - 1 or x[0] != self.weight.shape[1] * self.groups:
            raise ValueError(f"weight {self.weight.shape} in {self.groups} groups does not fit input {x}")
        return (len(self.bias), *shapes.windows(x[1:], self.weight.shape[2:], self.stride, self.padding, self.dilation))


@dataclass(frozen=True, eq=False, kw_only=True)
class ConvTranspose(Layer):
    """The transpose of a convolution: input ``i`` adds ``weight * x[i]`` to the outputs from ``i * stride`` on.

    Attributes
    ----------
    weight : ndarray, (in, out / groups, *kernel)
    bias : ndarray, (out,)
    padding : pairs of int
        What is cut off the full output, before and after; a negative number adds outputs that get the bias only.
    """

    weight: Array
    bias: Array
    stride: Shape
    padding: Padding
    dilation: Shape
    groups: int = 1

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        (x,) = inputs
        shapes.same("bias", self.bias.shape, (self.weight.shape[1] * self.groups,))
        shapes.divided(self.groups, len(self.bias), x[0])
        if len(x) != self.weight.ndim - 1 or x[0] != self.weight.shape[0]:
            raise ValueError(f"weight {self.weight.shape} does not fit input {x}")
        shapes.one_an_axis(len(x) - 1, stride=self.stride, padding=self.padding, dilation=self.dilation)
        shapes.positive(kernel=self.weight.shape[2:], stride=self.stride, dilation=self.dilation)
        sizes = zip(x[1:], self.weight.shape[2:], self.stride, self.dilation, self.padding, strict=True)
        return (len(self.bias), *((n - 1) * s + d * (k - 1) + 1 - sum(p) for n, k, s, d, p in sizes))


@dataclass(frozen=True, eq=False, kw_only=True)
class MaxPool(Layer):
    """The largest value of each window; padding never wins.

    In a spiking network: what the largest *sum so far* of a window has grown by in this step, which is exact for
    windows that overlap, and at most one spike for inputs that spike.
    """

    size: Shape
    stride: Shape
    padding: Padding

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        return shapes.pooled(self.size, self.stride, self.padding, inputs[0])


@dataclass(frozen=True, eq=False, kw_only=True)
class AvgPool(Layer):
    """The sum of each window over its ``divisor``: the cells *inside* the input, or all of the *padded* window."""

    size: Shape
    stride: Shape
    padding: Padding
    divisor: Literal["inside", "padded"] = "inside"

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        return shapes.pooled(self.size, self.stride, self.padding, inputs[0])


@dataclass(frozen=True, eq=False, kw_only=True)
class Pad(Layer):
    """Zeros around the spatial axes."""

    padding: Padding

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        (x,) = inputs
        shapes.one_an_axis(len(x) - 1, padding=self.padding)
        if min(min(pair) for pair in self.padding) < 0:
            raise ValueError(f"padding {self.padding} is negative")
        return (x[0], *(n + sum(p) for n, p in zip(x[1:], self.padding, strict=True)))


@dataclass(frozen=True, eq=False, kw_only=True)
class Upsample(Layer):
    """Each cell repeated ``factors`` times along the spatial axes (nearest neighbour)."""

    factors: Shape

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        (x,) = inputs
        shapes.one_an_axis(len(x) - 1, factors=self.factors)
        shapes.positive(factors=self.factors)
        return (x[0], *(n * f for n, f in zip(x[1:], self.factors, strict=True)))


@dataclass(frozen=True, eq=False, kw_only=True)
class BatchNorm(Layer):
    """``x * scale + shift`` per channel, (channels,) each; gone after `simplify`."""

    scale: Array
    shift: Array

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        shapes.same("scale", self.scale.shape, inputs[0][:1])
        shapes.same("shift", self.shift.shape, inputs[0][:1])
        return inputs[0]


@dataclass(frozen=True, eq=False, kw_only=True)
class Affine(Layer):
    """``x * scale + shift`` per channel, (channels,) each, or per element, (*shape) each."""

    scale: Array
    shift: Array

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        (x,) = inputs
        for name, shape in (("scale", self.scale.shape), ("shift", self.shift.shape)):
            if shape not in (x[:1], x):
                raise ValueError(f"{name} {shape} fits neither the channels {x[:1]} nor the elements {x}")
        return x


@dataclass(frozen=True, eq=False, kw_only=True)
class Activation(Layer):
    """A function of each element, or the softmax over the channels; gone after `convert`.

    Attributes
    ----------
    function : str
    maximum : float or None
        The upper bound of a ``relu``, as in ReLU6.
    slope : float
        ``leaky_relu``: the slope below zero; ``elu``: its alpha; ``hard_sigmoid``: the slope at zero.
    gain : float
        ``softmax(gain * x)``; normalisation keeps the function of the softmax with it.
    """

    function: Function
    maximum: float | None = None
    slope: float = 0.0
    gain: float = 1.0

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        if self.maximum is not None and (self.function != "relu" or not self.maximum > 0):
            raise ValueError(
                f"a maximum of {self.maximum} for {self.function}; it must be above 0, and only relu has one"
            )
        return inputs[0]


@dataclass(frozen=True, eq=False, kw_only=True)
class Flatten(Layer):
    """All elements in one axis, the last axis fastest."""

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        return (prod(inputs[0]),)


@dataclass(frozen=True, eq=False, kw_only=True)
class Reshape(Layer):
    """The same elements, in the same order, in another ``shape``."""

    shape: Shape

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        if prod(self.shape) != prod(inputs[0]):
            raise ValueError(f"shape {self.shape} does not hold the elements of input {inputs[0]}")
        return self.shape


@dataclass(frozen=True, eq=False, kw_only=True)
class Permute(Layer):
    """The axes in another order, as `numpy.transpose` has it: output axis ``k`` is input axis ``axes[k]``."""

    axes: tuple[int, ...]

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        (x,) = inputs
        if sorted(self.axes) != list(range(len(x))):
            raise ValueError(f"axes {self.axes} are no order of the {len(x)} axes of input {x}")
        return tuple(x[axis] for axis in self.axes)


@dataclass(frozen=True, eq=False, kw_only=True)
class Concat(Layer):
    """The inputs one after another along ``axis`` (0 is the channel)."""

    axis: int = 0
    arity: ClassVar[int | None] = None

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        if not 0 <= self.axis < len(inputs[0]):
            raise ValueError(f"axis {self.axis} is none of input {inputs[0]}")
        if len({(len(x), *x[: self.axis], *x[self.axis + 1 :]) for x in inputs}) != 1:
            raise ValueError(f"inputs {inputs} differ outside axis {self.axis}")
        x = inputs[0]
        return (*x[: self.axis], sum(x[self.axis] for x in inputs), *x[self.axis + 1 :])


@dataclass(frozen=True, eq=False, kw_only=True)
class Add(Layer):
    """The sum of the inputs, each times its factor, (inputs,) or, per channel, (inputs, channels).

    Normalisation needs the factors: branches of a residual network have different scales.
    """

    factors: Array
    arity: ClassVar[int | None] = None

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        if len(set(inputs)) != 1:
            raise ValueError(f"inputs differ in shape: {inputs}")
        if self.factors.shape not in ((len(inputs),), (len(inputs), inputs[0][0])):
            raise ValueError(f"factors {self.factors.shape} do not fit {len(inputs)} inputs of shape {inputs[0]}")
        return inputs[0]
