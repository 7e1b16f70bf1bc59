"""How much work a network is: synaptic operations of a spiking one, multiply-adds of an analog one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import singledispatch

import numpy as np
import numpy.typing as npt

from . import layers as op
from .network import Array, Layer, Network, Shape
from .neurons import Neuron

Counts = npt.NDArray[np.float64]
_WEIGHTED = (op.Dense, op.Conv, op.ConvTranspose)


def multiply_adds(network: Network) -> int:
    """Return the multiply-adds of one analog evaluation: one for each weight that meets an input, borders left out.

    Only layers with weights count; pools, sums and activations are free, as in the literature.
    """
    return sum(_multiply_adds(network, layer) for layer in network.layers)


def constant_multiply_adds(network: Network) -> int:
    """Return the multiply-adds of the layers before the first neurons, which a constant input passes once."""
    before = analog_part(network)
    return sum(_multiply_adds(network, layer) for layer in network.layers if layer.name in before)


def analog_values(network: Network) -> int:
    """Return how many values one analog evaluation writes: the outputs of all layers but the input and mere wiring."""
    wiring = (op.Input, op.Flatten, op.Reshape, op.Permute)
    return sum(math.prod(network.shapes[layer.name]) for layer in network.layers if not isinstance(layer, wiring))


def neurons(network: Network) -> int:
    """Return how many neurons a spiking network has."""
    return sum(math.prod(network.shapes[layer.name]) for layer in network.layers if isinstance(layer, Neuron))


def analog_part(network: Network) -> frozenset[str]:
    """Return the names of the layers that no spike reaches: those with no neuron before them."""
    names: set[str] = set()
    for layer in network.layers:
        if not isinstance(layer, Neuron) and all(name in names for name in layer.inputs):
            names.add(layer.name)
    return frozenset(names)


def weighted_before_neurons(network: Network) -> tuple[str, ...]:
    """Return the names of the layers with weights that no spike reaches; the input of the first neurons needs one."""
    before = analog_part(network)
    return tuple(layer.name for layer in network.layers if layer.name in before and isinstance(layer, _WEIGHTED))


def fan_out(network: Network) -> Mapping[str, Counts]:
    """Return, for the input and each spiking layer, how many synapses each element drives, (*shape).

    A synapse is a path over one non-zero weight to the next neurons; pools, padding and other wiring between are
    free, so with pools that do not overlap it is the number of neurons reached. Without weights between, each
    neuron reached counts one.
    """
    reached: dict[str, Counts] = {}  # for each layer's output: paths from an element to the next neurons
    for layer in reversed(network.layers):
        total = np.zeros(network.shapes[layer.name])
        for reader in network.readers(layer.name):
            if isinstance(reader, Neuron):
                total += reader.inputs.count(layer.name)
                continue
            for position, name in enumerate(reader.inputs):
                if name == layer.name:
                    total += backward(reader, reached[reader.name], network.input_shapes(reader), position)
        reached[layer.name] = total
    return {
        layer.name: reached[layer.name] for layer in network.layers if isinstance(layer, Neuron) or layer.arity == 0
    }


def _multiply_adds(network: Network, layer: Layer) -> int:
    if not isinstance(layer, _WEIGHTED):
        return 0
    ones = np.ones(network.shapes[layer.name])
    return int(backward(layer, ones, network.input_shapes(layer), 0).sum())


@singledispatch
def backward(layer: Layer, paths: Counts, inputs: tuple[Shape, ...], position: int) -> Counts:
    """Return the paths from each element of input ``position``, given those from each element of the output."""
    message = f"a {layer.kind} has no synapses to count"
    raise TypeError(message)


@backward.register
def _(layer: op.Dense, paths: Counts, inputs: tuple[Shape, ...], position: int) -> Counts:
    return paths @ (layer.weight != 0)


@backward.register
def _(layer: op.Conv, paths: Counts, inputs: tuple[Shape, ...], position: int) -> Counts:
    (x,) = inputs
    padded = np.zeros((x[0], *(n + sum(p) for n, p in zip(x[1:], layer.padding, strict=True))))
    for index in np.ndindex(*layer.weight.shape[2:]):
        cells = _strided([i * d for i, d in zip(index, layer.dilation, strict=True)], paths.shape[1:], layer.stride)
        padded[(slice(None), *cells)] += _mix(layer.weight[(..., *index)], paths, layer.groups)
    inside = [slice(b, b + n) for n, (b, _) in zip(x[1:], layer.padding, strict=True)]
    return padded[(slice(None), *inside)]


@backward.register
def _(layer: op.ConvTranspose, paths: Counts, inputs: tuple[Shape, ...], position: int) -> Counts:
    (x,) = inputs
    padding = layer.padding
    full = np.pad(paths, [(0, 0), *((max(0, a), max(0, b)) for a, b in padding)])
    cut = [slice(max(0, -a), n - max(0, -b)) for n, (a, b) in zip(full.shape[1:], padding, strict=True)]
    full = full[(slice(None), *cut)]
    total = np.zeros(x)
    for index in np.ndindex(*layer.weight.shape[2:]):
        cells = _strided([i * d for i, d in zip(index, layer.dilation, strict=True)], x[1:], layer.stride)
        taps = layer.weight[(..., *index)].reshape(layer.groups, -1, layer.weight.shape[1])
        weight = np.moveaxis(taps, 1, 2).reshape(-1, taps.shape[1])
        total += _mix(weight, full[(slice(None), *cells)], layer.groups)
    return total


@backward.register(op.AvgPool)
@backward.register(op.MaxPool)
def _(layer: op.AvgPool | op.MaxPool, paths: Counts, inputs: tuple[Shape, ...], position: int) -> Counts:
    (x,) = inputs
    padded = np.zeros((x[0], *(n + sum(p) for n, p in zip(x[1:], layer.padding, strict=True))))
    for index in np.ndindex(*layer.size):
        padded[(slice(None), *_strided(list(index), paths.shape[1:], layer.stride))] += paths
    inside = [slice(b, b + n) for n, (b, _) in zip(x[1:], layer.padding, strict=True)]
    return padded[(slice(None), *inside)]


@backward.register
def _(layer: op.Pad, paths: Counts, inputs: tuple[Shape, ...], position: int) -> Counts:
    inside = [slice(b, b + n) for n, (b, _) in zip(inputs[0][1:], layer.padding, strict=True)]
    return paths[(slice(None), *inside)]


@backward.register
def _(layer: op.Upsample, paths: Counts, inputs: tuple[Shape, ...], position: int) -> Counts:
    (x,) = inputs
    split = [part for n, f in zip(x[1:], layer.factors, strict=True) for part in (n, f)]
    return np.asarray(paths.reshape(x[0], *split).sum(axis=tuple(range(2, 2 * len(x) - 1, 2))))


@backward.register(op.Affine)
@backward.register(op.BatchNorm)
@backward.register(op.Activation)
def _(layer: Layer, paths: Counts, inputs: tuple[Shape, ...], position: int) -> Counts:
    return paths


@backward.register
def _(layer: op.Add, paths: Counts, inputs: tuple[Shape, ...], position: int) -> Counts:
    return paths


@backward.register(op.Flatten)
@backward.register(op.Reshape)
def _(layer: op.Flatten | op.Reshape, paths: Counts, inputs: tuple[Shape, ...], position: int) -> Counts:
    return paths.reshape(inputs[0])


@backward.register
def _(layer: op.Permute, paths: Counts, inputs: tuple[Shape, ...], position: int) -> Counts:
    return paths.transpose(np.argsort(layer.axes))


@backward.register
def _(layer: op.Concat, paths: Counts, inputs: tuple[Shape, ...], position: int) -> Counts:
    start = sum(shape[layer.axis] for shape in inputs[:position])
    cells = [slice(None)] * len(inputs[position])
    cells[layer.axis] = slice(start, start + inputs[position][layer.axis])
    return paths[tuple(cells)]


def _mix(weight: Array, paths: Counts, groups: int) -> Counts:
    """Return, per input channel, the paths over the non-zero ones of ``weight`` (out, in / groups), group by group."""
    synapses = (weight != 0).reshape(groups, -1, weight.shape[1]).astype(np.float64)
    spatial = paths.shape[1:]
    grouped = paths.reshape(groups, synapses.shape[1], math.prod(spatial))
    return np.asarray(np.matmul(synapses.transpose(0, 2, 1), grouped).reshape(-1, *spatial))


def _strided(starts: list[int], counts: Shape, stride: Shape) -> list[slice]:
    return [slice(a, a + (n - 1) * s + 1, s) for a, n, s in zip(starts, counts, stride, strict=True)]
