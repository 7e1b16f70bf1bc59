"""One dense layer in the place of all that is between neurons and those before them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from snn import layers as op
from snn.connections import connections, drive
from snn.errors import UnsupportedLayer
from snn.network import Layer, Network
from snn.neurons import Neuron
from snn.simulating import Problem

from .wiring import sources

_DENSE = 2**24  # weights that it may have
_HINT = "convert it with --set convert.spiking_pools=true, or train it with activations between the layers"


class TooInvolved(UnsupportedLayer):
    """What is between two layers of neurons cannot be put together."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"layer {problem.layer!r}: {problem.message}", hint=problem.hint)
        self.problem = problem


def put_together(network: Network, neuron: Neuron, driven: frozenset[str]) -> Network:
    """Return ``network`` with one dense layer in the place of all that is between ``neuron`` and those before it."""
    size = math.prod(network.shapes[neuron.name])
    before = sources(network, neuron.inputs[0])
    inputs = sum(math.prod(network.shapes[name]) for name in before)
    if neuron.name in driven or size * inputs > _DENSE:
        why = "the samples reach it, too" if neuron.name in driven else f"it would have {size * inputs:,} weights"
        message = f"what is before it is no single layer of weights, and no dense one, for {why}"
        raise TooInvolved(Problem(neuron.name, message, _HINT))
    starts = np.cumsum([0, *(math.prod(network.shapes[name]) for name in before)])
    weight = np.zeros((size, inputs), np.float32)
    for way in connections(network, entry=False):
        if way.target == neuron.name:
            weight[way.post, starts[before.index(way.source)] + way.pre] = way.weight
    zeros = np.zeros((1, *network.shapes[network.input.name]), np.float32)
    bias = drive(network, zeros)[neuron.name].ravel()
    name = f"{neuron.name}/loihi"
    flat = [op.Flatten(name=f"{name}/{source}", inputs=(source,)) for source in before]
    joined = op.Concat(name=f"{name}/all", inputs=tuple(layer.name for layer in flat), axis=0)
    dense = op.Dense(name=name, inputs=(joined.name,), weight=weight, bias=bias)
    shaped = op.Reshape(name=f"{name}/shape", inputs=(name,), shape=network.shapes[neuron.name])
    layers: list[Layer] = []
    for layer in network.layers:
        if layer.name == neuron.name:
            layers += [*flat, joined, dense, shaped, replace(layer, inputs=(shaped.name,))]
        else:
            layers.append(layer)
    return network.replace(_read(layers), f"one dense layer, {name!r}, in the place of what was before {neuron.name!r}")


def _read(layers: list[Layer]) -> list[Layer]:
    """Return the layers that some other reads, and the last."""
    while True:
        wanted = {name for layer in layers for name in layer.inputs} | {layers[0].name, layers[-1].name}
        kept = [layer for layer in layers if layer.name in wanted]
        if len(kept) == len(layers):
            return kept
        layers = kept
