"""Turn each operation of a network into a part of the engine; neurons are placed by the engine of their code."""

from __future__ import annotations

import math
from functools import singledispatch

import numpy as np
from snn import analog
from snn import layers as op
from snn.network import Array, Layer, Network, Shape
from snn.simulating import Setup

from . import layout, wiring
from .parts import Average, Largest, Part, Rewire, Scale, Synapses
from .wiring import Indices, Links


@singledispatch
def place(layer: Layer, network: Network, setup: Setup) -> Part:
    """Return ``layer`` as the engine runs it; what it gets per millisecond is made per step here."""
    message = f"there is no part for {layer.kind}"
    raise TypeError(message)


@place.register
def _(layer: op.Dense, network: Network, setup: Setup) -> Part:
    one = np.zeros(1, np.int64)
    runs = wiring.runs(Links(one, one, one), 1, len(layer.bias), len(layer.bias))
    return _synapses(layer.weight.T, 1, runs, layer, network, setup)


@place.register
def _(layer: op.Conv, network: Network, setup: Setup) -> Part:
    x, out, kernel = *_spatial(layer, network), layer.weight.shape[2:]
    links = wiring.windows(x, out, kernel, layer.stride, layer.padding, layer.dilation)
    channels, per_group = len(layer.bias), len(layer.bias) // layer.groups
    taps = np.flip(layer.weight, tuple(range(2, layer.weight.ndim)))  # as wiring.windows counts them
    rows = taps.reshape(layer.groups, per_group, layer.weight.shape[1], -1).transpose(0, 2, 3, 1)
    weight = rows.reshape(layer.groups * layer.weight.shape[1], -1)
    return _synapses(weight, layer.groups, wiring.runs(links, math.prod(x), channels, per_group), layer, network, setup)


@place.register
def _(layer: op.ConvTranspose, network: Network, setup: Setup) -> Part:
    x, out, kernel = *_spatial(layer, network), layer.weight.shape[2:]
    links = wiring.spread(x, out, kernel, layer.stride, layer.padding, layer.dilation)
    rows = layer.weight.reshape(*layer.weight.shape[:2], -1).transpose(0, 2, 1)
    weight = rows.reshape(len(layer.weight), -1)
    runs = wiring.runs(links, math.prod(x), len(layer.bias), layer.weight.shape[1])
    return _synapses(weight, layer.groups, runs, layer, network, setup)


@place.register
def _(layer: op.AvgPool, network: Network, setup: Setup) -> Part:
    x, _ = _spatial(layer, network)
    return Average(*_windows(layer, network), analog.divisors(layer, x).reshape(-1))


@place.register
def _(layer: op.MaxPool, network: Network, setup: Setup) -> Part:
    (x,) = network.input_shapes(layer)
    return Largest(*_windows(layer, network), math.prod(x), x[0])


@place.register(op.Affine)
@place.register(op.BatchNorm)
def _(layer: op.Affine | op.BatchNorm, network: Network, setup: Setup) -> Part:
    shape = network.shapes[layer.name]
    shift = layout.per_element(layer.shift, shape) * np.float32(setup.clock.dt_ms)
    return Scale((layout.per_element(layer.scale, shape),), shift)


@place.register
def _(layer: op.Add, network: Network, setup: Setup) -> Part:
    shape = network.shapes[layer.name]
    scales = tuple(layout.per_element(factor, shape) for factor in layer.factors)
    return Scale(scales, np.zeros(math.prod(shape), np.float32))


@place.register(op.Flatten)
@place.register(op.Reshape)
@place.register(op.Permute)
@place.register(op.Pad)
@place.register(op.Upsample)
@place.register(op.Concat)
def _(layer: Layer, network: Network, setup: Setup) -> Part:
    shapes = network.input_shapes(layer)
    # The reference itself says where elements go: it is given their numbers, and 0 where there is none.
    ends = np.cumsum([0, *(math.prod(shape) for shape in shapes)])
    numbered = [np.arange(a + 1, b + 1).reshape(1, *s) for a, b, s in zip(ends, ends[1:], shapes, strict=False)]
    result = analog.apply(layer, *numbered)  # whole numbers are moved as floats are
    arrived = layout.inwards(result, network.shapes[layer.name])[0] - 1
    return Rewire(tuple(_moves(arrived, a, b, s) for a, b, s in zip(ends, ends[1:], shapes, strict=False)))


def _spatial(layer: Layer, network: Network) -> tuple[Shape, Shape]:
    (x,) = network.input_shapes(layer)
    return x[1:], network.shapes[layer.name][1:]


def _windows(layer: op.AvgPool | op.MaxPool, network: Network) -> tuple[Indices, Indices]:
    x, out = _spatial(layer, network)
    links = wiring.windows(x, out, layer.size, layer.stride, layer.padding, (1,) * len(x))
    return wiring.by_target(links, math.prod(out))


def _synapses(
    weight: Array,
    groups: int,
    runs: wiring.Runs,
    layer: op.Dense | op.Conv | op.ConvTranspose,
    network: Network,
    setup: Setup,
) -> Part:
    bias = layout.per_element(layer.bias, network.shapes[layer.name]) * np.float32(setup.clock.dt_ms)
    return Synapses(np.array(weight, order="C"), groups, len(layer.bias) // groups, runs, bias)


def _moves(arrived: Indices, start: int, stop: int, shape: Shape) -> tuple[Indices, Indices]:
    """Return which elements of an input numbered ``start`` to ``stop`` go where."""
    target = np.flatnonzero((arrived >= start) & (arrived < stop))
    return layout.places(shape)[arrived[target] - start], target
