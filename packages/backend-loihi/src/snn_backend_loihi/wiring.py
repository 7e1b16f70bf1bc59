"""Layers that only move what they are given, and those that have weights; and where what they give comes from."""

from __future__ import annotations

from snn import layers as op
from snn.network import Network
from snn.neurons import Neuron

MOVING = (op.Flatten, op.Permute, op.Reshape, op.Pad, op.Concat)
"""Layers that move what they are given, and add nothing up."""

PASSING = (*MOVING, op.Upsample)
"""Those, and one that repeats it."""

WEIGHTED = (op.Dense, op.Conv, op.ConvTranspose)
SCALED = (op.Affine, op.BatchNorm)


def plain(network: Network, name: str) -> bool:
    """Return whether ``name`` is spikes, or the input, at most moved."""
    layer = network[name]
    if isinstance(layer, (op.Input, Neuron)):
        return True
    return isinstance(layer, MOVING) and all(plain(network, source) for source in layer.inputs)


def twice(network: Network, name: str) -> bool:
    """Return whether a spike may come to an element of ``name`` by two ways, whose weights would be one synapse."""
    found = [sources(network, source) for source in network[name].inputs]
    plain = [_repeated(network, source) for source in network[name].inputs]
    return any(plain) or len(set().union(*found)) < sum(map(len, found))


def _repeated(network: Network, name: str) -> bool:
    """Return whether layers that only move things bring one source twice."""
    layer = network[name]
    if isinstance(layer, (op.Input, Neuron)) or not plain(network, name):
        return False
    found = [sources(network, source) for source in layer.inputs]
    return len(set().union(*found)) < sum(map(len, found)) or any(_repeated(network, n) for n in layer.inputs)


def sources(network: Network, name: str) -> list[str]:
    """Return the layers of neurons, or the input, that ``name`` is made of."""
    if isinstance(network[name], (op.Input, Neuron)):
        return [name]
    found: dict[str, None] = {}
    for source in network[name].inputs:
        found |= dict.fromkeys(sources(network, source))
    return list(found)
