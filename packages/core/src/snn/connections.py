"""Synapses from neurons to neurons as arrays, and what enters without spikes: for simulators that know no layers.

*Nodes* are where spikes come from and go to: neurons, max-pools, and the input where it is given spikes. All layers
between two nodes are linear, so that together they are a list of synapses: from which element to which, of what
weight. What biases and a constant input add is no synapse but a `drive`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import numpy as np
import numpy.typing as npt

from . import analog
from . import layers as op
from .network import Array, Layer, Network, Shape
from .neurons import Neuron
from .operations import analog_part

Indices = npt.NDArray[np.int64]

LINEAR: frozenset[type[Layer]] = frozenset(
    {
        op.Add, op.Affine, op.AvgPool, op.BatchNorm, op.Concat, op.Conv, op.ConvTranspose, op.Dense, op.Flatten, op.Pad,
        op.Permute, op.Reshape, op.Upsample,
    }
)  # fmt: skip
"""The kinds of layers that become synapses."""


@dataclass(frozen=True, eq=False)
class Connection:
    """The synapses from one node to another, ordered by ``post``, then ``pre``; of any two elements there is one.

    Attributes
    ----------
    source, target : str
        Names of layers.
    pre, post : ndarray of int, (synapses,)
        Elements, numbered in the channels-first order of the layers' shapes.
    weight : ndarray, (synapses,)
        None is 0. Into a max-pool each is 1 and says that the element is in the window.
    """

    source: str
    target: str
    pre: Indices
    post: Indices
    weight: Array


def connections(network: Network, *, entry: bool) -> tuple[Connection, ...]:
    """Return the synapses between all nodes of a spiking network, in the order of its layers.

    With ``entry`` the input is a node, which is given spikes. Without, it is a constant current: what only it reaches,
    max-pools included, is left out, and is in the `drive`.
    """
    before = frozenset() if entry else analog_part(network)
    reached: dict[str, dict[str, _Map]] = {}  # for each layer: by which maps the nodes before reach its output
    found: list[Connection] = []
    for layer in network.layers:
        if layer.name in before:
            reached[layer.name] = {}
            continue
        maps: dict[str, list[_Map]] = {}
        for position, name in enumerate(layer.inputs):
            ways = reached[name]
            if ways and not isinstance(layer, Neuron):
                step = synapses(layer, network.input_shapes(layer), position)
                ways = {node: step if node == name else way.then(step) for node, way in ways.items()}
            for node, way in ways.items():
                maps.setdefault(node, []).append(way)
        joined = {node: _joined(ways) for node, ways in maps.items()}
        if is_node(layer):
            found += [
                Connection(node, layer.name, way.pre, way.post, way.weight.astype(np.float32))
                for node, way in ((node, way.ordered()) for node, way in joined.items())
                if len(way.pre)
            ]
            joined = {layer.name: _Map.identity(math.prod(network.shapes[layer.name]))}
        reached[layer.name] = joined
    return tuple(found)


def depths(network: Network, ways: Sequence[Connection]) -> dict[str, int]:
    """Return how many connections are on the longest way to each node, 0 where there is none.

    A simulator in which every synapse takes a step or more answers the input of step t in step t + depth, if each
    connection takes as many steps as its target is deeper than its source: branches of unequal length then meet.
    """
    found = {layer.name: 0 for layer in network.layers if is_node(layer)}
    into: dict[str, list[str]] = {name: [] for name in found}
    for way in ways:
        into[way.target].append(way.source)
    for name, sources in into.items():  # in the order of the layers, so that sources come first
        found[name] = max((found[source] + 1 for source in sources), default=0)
    return found


def is_node(layer: Layer) -> bool:
    """Return whether spikes come from ``layer`` and go to it."""
    return isinstance(layer, (op.Input, op.MaxPool, Neuron))


def drive(network: Network, samples: Array) -> dict[str, Array]:
    """Return what each neuron gets per millisecond while no neuron fires, (batch, *shape) by layer.

    That is what the constant currents ``samples``, (batch, *shape), and the biases give through the layers between.
    """
    found: dict[str, Array] = {}

    def passed(layer: Layer, *inputs: Array) -> Array:
        if isinstance(layer, Neuron):
            found[layer.name] = inputs[0]
            return np.zeros_like(inputs[0])
        return analog.apply(layer, *inputs)

    with np.errstate(over="ignore", invalid="ignore"):  # who uses the currents sees that they are not finite
        analog.passed(network, np.asarray(samples, np.float32), passed)
    return found


@dataclass(frozen=True, eq=False)
class _Map:
    """A linear map as a list of its entries; several of one place are added. Weights are float64 until the end."""

    pre: Indices
    post: Indices
    weight: npt.NDArray[np.float64]

    @staticmethod
    def identity(size: int) -> _Map:
        places = np.arange(size)
        return _Map(places, places, np.ones(size))

    def then(self, other: _Map) -> _Map:
        """Return this map followed by ``other``."""
        order = np.argsort(other.pre, kind="stable")
        starts = np.searchsorted(other.pre[order], self.post, side="left")
        counts = np.searchsorted(other.pre[order], self.post, side="right") - starts
        own = np.repeat(np.arange(len(self.pre)), counts)
        within = np.arange(len(own)) - np.repeat(np.cumsum(counts) - counts, counts)
        its = order[np.repeat(starts, counts) + within]
        return _Map(self.pre[own], other.post[its], self.weight[own] * other.weight[its])

    def ordered(self) -> _Map:
        """Return the map with one entry a place, by ``post`` and ``pre``, and none of weight 0."""
        order = np.lexsort((self.pre, self.post))
        pre, post, weight = self.pre[order], self.post[order], self.weight[order]
        first = np.ones(len(pre), bool)
        first[1:] = (pre[1:] != pre[:-1]) | (post[1:] != post[:-1])
        if not first.all():
            weight = np.add.reduceat(weight, np.flatnonzero(first))
            pre, post = pre[first], post[first]
        kept = weight != 0
        return _Map(pre[kept], post[kept], weight[kept])


def _joined(ways: list[_Map]) -> _Map:
    if len(ways) == 1:
        return ways[0]
    return _Map(*(np.concatenate([getattr(way, name) for way in ways]) for name in ("pre", "post", "weight")))


@singledispatch
def synapses(layer: Layer, inputs: tuple[Shape, ...], position: int) -> _Map:
    """Return what ``layer`` makes of input ``position``, biases left out; of a max-pool, what is in each window."""
    message = f"a {layer.kind} has no synapses"
    raise TypeError(message)


@synapses.register
def _(layer: op.Dense, inputs: tuple[Shape, ...], position: int) -> _Map:
    post, pre = np.nonzero(layer.weight)
    return _Map(pre, post, layer.weight[post, pre].astype(np.float64))


@synapses.register
def _(layer: op.Conv, inputs: tuple[Shape, ...], position: int) -> _Map:
    (x,) = inputs
    before = [pair[0] for pair in layer.padding]
    cells = _cells(x[1:], layer.output_shape(inputs)[1:], layer.weight.shape[2:], layer.stride, before, layer.dilation)
    return _taps(layer.weight, cells, layer.groups, math.prod(x[1:]), math.prod(layer.output_shape(inputs)[1:]))


@synapses.register
def _(layer: op.ConvTranspose, inputs: tuple[Shape, ...], position: int) -> _Map:
    (x,) = inputs
    out = layer.output_shape(inputs)[1:]
    before = [pair[0] for pair in layer.padding]
    cells = _cells(out, x[1:], layer.weight.shape[2:], layer.stride, before, layer.dilation)
    # the same cells, read the other way: weights are (in, out / groups), of each group by itself
    turned = layer.weight.reshape(layer.groups, -1, *layer.weight.shape[1:]).swapaxes(1, 2)
    weight = turned.reshape(-1, *turned.shape[2:])
    return _taps(weight, [(there, here) for here, there in cells], layer.groups, math.prod(x[1:]), math.prod(out))


@synapses.register(op.AvgPool)
@synapses.register(op.MaxPool)
def _(layer: op.AvgPool | op.MaxPool, inputs: tuple[Shape, ...], position: int) -> _Map:
    (x,) = inputs
    out = layer.output_shape(inputs)[1:]
    before = [pair[0] for pair in layer.padding]
    cells = _cells(x[1:], out, layer.size, layer.stride, before, (1,) * len(layer.size))
    pre, post = (np.concatenate(part) for part in zip(*cells, strict=True))
    share = np.ones(math.prod(out))
    if isinstance(layer, op.AvgPool):
        share /= analog.divisors(layer, x[1:]).ravel()
    channels = np.arange(x[0])[:, None]
    weight = np.broadcast_to(share[post], (x[0], len(post)))
    return _Map((channels * math.prod(x[1:]) + pre).ravel(), (channels * math.prod(out) + post).ravel(), weight.ravel())


@synapses.register(op.Affine)
@synapses.register(op.BatchNorm)
def _(layer: op.Affine | op.BatchNorm, inputs: tuple[Shape, ...], position: int) -> _Map:
    (x,) = inputs
    scale = np.broadcast_to(analog.per_element(layer.scale, len(x) + 1), (1, *x)).ravel()
    places = np.arange(scale.size)
    return _Map(places, places, scale.astype(np.float64))


@synapses.register
def _(layer: op.Add, inputs: tuple[Shape, ...], position: int) -> _Map:
    x = inputs[position]
    factor = np.broadcast_to(analog.per_element(np.atleast_1d(layer.factors[position]), len(x) + 1), (1, *x)).ravel()
    places = np.arange(factor.size)
    return _Map(places, places, factor.astype(np.float64))


@synapses.register
def _(layer: op.Concat, inputs: tuple[Shape, ...], position: int) -> _Map:
    places = np.arange(math.prod(layer.output_shape(inputs))).reshape(layer.output_shape(inputs))
    start = sum(shape[layer.axis] for shape in inputs[:position])
    own = np.take(places, np.arange(start, start + inputs[position][layer.axis]), axis=layer.axis).ravel()
    return _Map(np.arange(own.size), own, np.ones(own.size))


@synapses.register(op.Flatten)
@synapses.register(op.Pad)
@synapses.register(op.Permute)
@synapses.register(op.Reshape)
@synapses.register(op.Upsample)
def _(layer: Layer, inputs: tuple[Shape, ...], position: int) -> _Map:
    """Send the number of each element, from 1 on, through the layer, and see where it comes out."""
    numbers: npt.NDArray[Any] = np.arange(1, math.prod(inputs[0]) + 1, dtype=np.float64).reshape(1, *inputs[0])
    came = analog.apply(layer, numbers).ravel().astype(np.int64)
    post = np.flatnonzero(came)
    return _Map(came[post] - 1, post, np.ones(len(post)))


def _cells(
    x: Shape, out: Shape, kernel: Shape, stride: Shape, before: list[int], dilation: Shape
) -> list[tuple[Indices, Indices]]:
    """Return, for each place in the kernel, the cells of ``x`` and of ``out`` that it joins, as flat numbers."""
    cells = []
    for place in np.ndindex(*kernel):
        here, there = [], []
        for n, count, k, s, b, d in zip(x, out, place, stride, before, dilation, strict=True):
            windows = np.arange(count)
            reads = windows * s + k * d - b
            inside = (reads >= 0) & (reads < n)
            here.append(reads[inside])
            there.append(windows[inside])
        cells.append((_flat(here, x), _flat(there, out)))
    return cells


def _flat(places: list[Indices], shape: Shape) -> Indices:
    """Return the flat numbers of all combinations of ``places`` along the axes of ``shape``."""
    flat = np.zeros(1, np.int64)
    for along, size in zip(places, shape, strict=True):
        flat = (flat[:, None] * size + along).ravel()
    return flat


def _taps(weight: Array, cells: list[tuple[Indices, Indices]], groups: int, size: int, out: int) -> _Map:
    """Return the synapses of a kernel, (out, in / groups, *kernel), whose places join ``cells``, channel by channel."""
    per_group = weight.shape[0] // groups
    parts: list[tuple[Indices, Indices, Array]] = []
    for (here, there), place in zip(cells, np.ndindex(*weight.shape[2:]), strict=True):
        to, given = np.nonzero(weight[(..., *place)])
        came = given + to // per_group * weight.shape[1]
        values = weight[(to, given, *place)]
        parts.append(
            (
                (came[:, None] * size + here).ravel(),
                (to[:, None] * out + there).ravel(),
                np.repeat(values, len(here)),
            )
        )
    pre, post, values = (np.concatenate(part) for part in zip(*parts, strict=True))
    return _Map(pre, post, values.astype(np.float64))
