"""The reference meaning of every analog layer, in NumPy: what a parsed network computes."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator
from functools import reduce, singledispatch
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from . import layers as op
from .network import Array, Layer, Network, Shape

BATCH = 100  # samples evaluated at once; the results do not depend on it
_PATCH_BYTES = 64 * 2**20  # what one convolution may copy at once
_FEW_CELLS = 16  # of a window, which are combined one after the other: NumPy is slow over axes so short


def evaluate(network: Network, samples: Array, wanted: Collection[str] | None = None) -> dict[str, Array]:
    """Return the output of each layer in ``wanted`` (default: the last), (batch, *shape), for samples (batch, *shape).

    Memory holds ``wanted`` for all samples, and everything else only for as long as a later layer reads it.
    """
    names = {network.output.name} if wanted is None else set(wanted)
    parts = [part for _, part in evaluate_batches(network, samples, names)]
    if not parts:
        return {name: np.zeros((0, *network.shapes[name]), np.float32) for name in names}
    return {name: np.concatenate([part[name] for part in parts]) for name in names}


def evaluate_batches(
    network: Network, samples: Array, wanted: Collection[str], size: int = BATCH
) -> Iterator[tuple[int, dict[str, Array]]]:
    """Yield, for consecutive parts of ``samples``, the index of the first sample and the outputs of ``wanted``."""
    for start in range(0, len(samples), size):
        yield start, _evaluate(network, np.asarray(samples[start : start + size], np.float32), frozenset(wanted))


def _evaluate(network: Network, samples: Array, wanted: frozenset[str]) -> dict[str, Array]:
    with np.errstate(over="ignore", invalid="ignore"):  # who asks for the values sees that they are not finite
        return passed(network, samples, apply, wanted)


def passed(
    network: Network, entry: Any, step: Callable[..., Any], wanted: Collection[str] = frozenset()
) -> dict[str, Any]:
    """Return what layers in ``wanted`` give when each layer gives ``step(layer, *inputs)``, and the input ``entry``.

    Everything else is held only for as long as a later layer reads it.
    """
    values: dict[str, Any] = {}
    unread = {layer.name: len(network.readers(layer.name)) for layer in network.layers}
    for layer in network.layers:
        values[layer.name] = step(layer, *(values[name] for name in layer.inputs)) if layer.inputs else entry
        for name in set(layer.inputs):
            unread[name] -= 1
            if not unread[name] and name not in wanted:
                del values[name]
    return {name: values[name] for name in wanted}


@singledispatch
def apply(layer: Layer, *inputs: Array) -> Array:
    """Return the output of ``layer``, (batch, *shape), for its inputs, (batch, *shape) each, in their precision."""
    message = f"a {layer.kind} has no analog meaning"
    raise TypeError(message)


@apply.register
def _(layer: op.Dense, x: Array) -> Array:
    return x @ layer.weight.T + layer.bias


@apply.register
def _(layer: op.Conv, x: Array) -> Array:
    kernel = layer.weight.shape[2:]
    out = layer.output_shape((x.shape[1:],))
    result = np.empty((len(x), *out), _precision(x))
    per_group = len(layer.bias) // layer.groups
    weight = layer.weight.reshape(layer.groups, per_group, -1)
    width = weight.shape[2]
    step = max(1, _PATCH_BYTES // (result.itemsize * width * math.prod(out[1:])))
    for start in range(0, len(x), step):
        part = np.pad(x[start : start + step], [(0, 0), (0, 0), *layer.padding])
        view = _windows(part, kernel, layer.stride, layer.dilation)
        for group in range(layer.groups):
            channels = slice(group * layer.weight.shape[1], (group + 1) * layer.weight.shape[1])
            patches = np.moveaxis(view[:, channels], 1, 1 + len(kernel)).reshape(len(part), -1, width)
            rows = slice(group * per_group, (group + 1) * per_group)
            result[start : start + step, rows] = np.moveaxis(patches @ weight[group].T, 1, 2).reshape(
                len(part), per_group, *out[1:]
            )
    result += _per_channel(layer.bias, result.ndim)
    return result


@apply.register
def _(layer: op.ConvTranspose, x: Array) -> Array:
    kernel, sizes = layer.weight.shape[2:], x.shape[2:]
    full = tuple(
        (n - 1) * s + d * (k - 1) + 1 for n, k, s, d in zip(sizes, kernel, layer.stride, layer.dilation, strict=True)
    )
    result = np.zeros((len(x), layer.groups, len(layer.bias) // layer.groups, *full), _precision(x))
    weight = layer.weight.reshape(layer.groups, -1, *layer.weight.shape[1:])
    grouped = x.reshape(len(x), layer.groups, -1, *sizes)
    for index in np.ndindex(*kernel):
        starts = [i * d for i, d in zip(index, layer.dilation, strict=True)]
        cells = tuple(slice(a, a + (n - 1) * s + 1, s) for a, n, s in zip(starts, sizes, layer.stride, strict=True))
        result[(slice(None), slice(None), slice(None), *cells)] += np.einsum(
            "bgc...,gco->bgo...", grouped, weight[(..., *index)]
        )
    result = result.reshape(len(x), -1, *full)
    result = np.pad(result, [(0, 0), (0, 0), *((max(0, -a), max(0, -b)) for a, b in layer.padding)])
    inside = tuple(slice(max(0, a), n - max(0, b)) for n, (a, b) in zip(result.shape[2:], layer.padding, strict=True))
    return np.ascontiguousarray(result[(slice(None), slice(None), *inside)]) + _per_channel(layer.bias, x.ndim)


@apply.register
def _(layer: op.MaxPool, x: Array) -> Array:
    part = np.pad(x, [(0, 0), (0, 0), *layer.padding], constant_values=-np.inf)
    return _over_cells(np.maximum, _windows(part, layer.size, layer.stride), layer.size)


@apply.register
def _(layer: op.AvgPool, x: Array) -> Array:
    part = np.pad(x, [(0, 0), (0, 0), *layer.padding])
    total = _over_cells(np.add, _windows(part, layer.size, layer.stride), layer.size)
    return np.asarray(total / divisors(layer, x.shape[2:]))


def divisors(layer: op.AvgPool, sizes: Shape) -> Array:
    """Return what the sum of each window is divided by, (*spatial) of the output, for an input of spatial ``sizes``."""
    if layer.divisor == "padded":
        out = layer.output_shape(((1, *sizes),))[1:]
        return np.full(out, math.prod(layer.size), np.float32)
    ones = np.pad(np.ones((1, 1, *sizes), np.float32), [(0, 0), (0, 0), *layer.padding])
    return np.asarray(_windows(ones, layer.size, layer.stride).sum(axis=_last(layer.size))[0, 0])


@apply.register
def _(layer: op.Pad, x: Array) -> Array:
    return np.pad(x, [(0, 0), (0, 0), *layer.padding])


@apply.register
def _(layer: op.Upsample, x: Array) -> Array:
    for axis, factor in enumerate(layer.factors):
        x = x.repeat(factor, axis=axis + 2)
    return x


@apply.register(op.BatchNorm)
@apply.register(op.Affine)
def _(layer: op.BatchNorm | op.Affine, x: Array) -> Array:
    return x * per_element(layer.scale, x.ndim) + per_element(layer.shift, x.ndim)


@apply.register
def _(layer: op.Flatten, x: Array) -> Array:
    return x.reshape(len(x), -1)


@apply.register
def _(layer: op.Reshape, x: Array) -> Array:
    return x.reshape(len(x), *layer.shape)


@apply.register
def _(layer: op.Permute, x: Array) -> Array:
    return np.ascontiguousarray(x.transpose(0, *(axis + 1 for axis in layer.axes)))


@apply.register
def _(layer: op.Concat, *inputs: Array) -> Array:
    return np.concatenate(inputs, axis=layer.axis + 1)


@apply.register
def _(layer: op.Add, *inputs: Array) -> Array:
    total = np.zeros_like(inputs[0])
    for factor, x in zip(layer.factors, inputs, strict=True):
        total += per_element(factor, x.ndim) * x
    return total


@apply.register
def _(layer: op.Activation, x: Array) -> Array:  # noqa: C901, PLR0911, PLR0912  one line a function
    match layer.function:
        case "linear":
            return x
        case "relu":
            return np.clip(x, np.float32(0), None if layer.maximum is None else np.float32(layer.maximum))
        case "softmax":
            e = np.exp(layer.gain * (x - x.max(axis=1, keepdims=True)))
            return np.asarray(e / e.sum(axis=1, keepdims=True))
        case "leaky_relu":
            return np.where(x > 0, x, np.float32(layer.slope) * x)
        case "elu":
            return np.where(x > 0, x, np.float32(layer.slope) * np.expm1(np.minimum(x, 0)))
        case "selu":
            return np.float32(1.05070098) * np.where(x > 0, x, np.float32(1.67326324) * np.expm1(np.minimum(x, 0)))
        case "exponential":
            return np.asarray(np.exp(x))
        case "sigmoid":
            return _sigmoid(x)
        case "silu":
            return x * _sigmoid(x)
        case "hard_sigmoid":
            return np.clip(np.float32(layer.slope) * x + np.float32(0.5), np.float32(0), np.float32(1))
        case "tanh":
            return np.asarray(np.tanh(x))
        case "softplus":
            return np.asarray(np.logaddexp(x, np.float32(0)))
        case "softsign":
            return np.asarray(x / (1 + np.abs(x)))
        case "gelu":
            erf = np.frompyfunc(math.erf, 1, 1)(x / math.sqrt(2)).astype(x.dtype)
            return np.asarray(x * np.float32(0.5) * (1 + erf))
        case "gelu_tanh":
            inner = np.float32(math.sqrt(2 / math.pi)) * (x + np.float32(0.044715) * x**3)
            return np.asarray(x * np.float32(0.5) * (1 + np.tanh(inner)))


def per_element(values: Array, ndim: int) -> Array:
    """Return ``values``, one a channel or one an element, so shaped that it multiplies a (batch, *shape) array."""
    return _per_channel(values, ndim) if values.ndim == 1 else values


def _precision(x: Array) -> np.dtype[Any]:
    """Return the type of what is computed from ``x``: float64 stays, all else is float32."""
    return np.promote_types(x.dtype, np.float32)


def _per_channel(values: Array, ndim: int) -> Array:
    return values.reshape(-1, *[1] * (ndim - 2))


def _sigmoid(x: Array) -> Array:
    return np.asarray(np.float32(0.5) * (1 + np.tanh(np.float32(0.5) * x)))  # never overflows


def _windows(x: Array, kernel: Shape, stride: Shape, dilation: Shape | None = None) -> Array:
    """Return a view of the windows of the spatial axes, (batch, channels, *out, *kernel)."""
    dilation = dilation or (1,) * len(kernel)
    reach = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
    view = sliding_window_view(x, reach, tuple(range(2, x.ndim)))
    steps = [slice(None, None, s) for s in stride]
    taps = [slice(None, None, d) for d in dilation]
    return view[(slice(None), slice(None), *steps, *taps)]


def _over_cells(combine: np.ufunc, windows: Array, size: Shape) -> Array:
    """Return what ``combine`` makes of all cells of each of the ``windows``, (batch, channels, *out, *size)."""
    if math.prod(size) > _FEW_CELLS:
        return np.asarray(combine.reduce(windows, axis=_last(size)))
    return reduce(combine, (windows[(..., *cell)] for cell in np.ndindex(*size)))


def _last(size: Shape) -> tuple[int, ...]:
    return tuple(range(-len(size), 0))
