"""What lies between neurons: the linear layers before them, and what these make of spikes and of nothing."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from snn import analog
from snn.connections import is_node
from snn.network import Array, Layer, Network

_PART = 2**23  # values of a layer that are computed together


@dataclass(frozen=True, eq=False)
class Way:
    """What is before a layer.

    Attributes
    ----------
    layers : tuple of Layer
        The linear ones, in the order of the network.
    sources : tuple of str
        The neurons, max-pools and the input that they read.
    """

    layers: tuple[Layer, ...]
    sources: tuple[str, ...]


def way(network: Network, layer: Layer) -> Way:
    """Return what is between ``layer`` and the spikes that it is given."""
    waiting, seen = list(layer.inputs), set[str]()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += [] if is_node(network[name]) else network[name].inputs
    found = [layer for layer in network.layers if layer.name in seen]
    return Way(
        tuple(layer for layer in found if not is_node(layer)), tuple(layer.name for layer in found if is_node(layer))
    )


def constant(network: Network, way: Way, layer: Layer) -> Array:
    """Return what each element of ``layer`` is given per millisecond while nothing fires, (elements,)."""
    nothing = {name: np.zeros((1, *network.shapes[name]), np.float32) for name in way.sources}
    return _passed(way, nothing)[layer.inputs[0]].reshape(-1)


def matrix(network: Network, way: Way, source: str, layer: Layer) -> Array:
    """Return the weights from each element of ``source`` to each of ``layer``, (elements, elements)."""
    shape = network.shapes[source]
    size = math.prod(shape)
    widest = max(math.prod(network.shapes[name]) for name in (source, *(layer.name for layer in way.layers)))
    part = max(1, _PART // widest)
    found = np.empty((size, math.prod(network.shapes[layer.name])), np.float32)
    linear = dataclasses.replace(way, layers=tuple(_without_constants(way.layers)))
    for start in range(0, size, part):
        stop = min(start + part, size)
        ones = np.zeros((stop - start, size), np.float32)
        ones[np.arange(stop - start), np.arange(start, stop)] = 1
        given: dict[str, Array] = {
            name: np.zeros((stop - start, *network.shapes[name]), np.float32) for name in way.sources
        }
        given[source] = ones.reshape(-1, *shape)
        found[start:stop] = _passed(linear, given)[layer.inputs[0]].reshape(stop - start, -1)
    return found


def _passed(way: Way, given: Mapping[str, Array]) -> Mapping[str, Array]:
    values = dict(given)
    for layer in way.layers:
        values[layer.name] = analog.apply(layer, *(values[name] for name in layer.inputs))
    return values


def _without_constants(layers: tuple[Layer, ...]) -> Iterator[Layer]:
    for layer in layers:
        fields = [name for name in ("bias", "shift") if hasattr(layer, name)]
        yield dataclasses.replace(layer, **{name: np.zeros_like(getattr(layer, name)) for name in fields})
