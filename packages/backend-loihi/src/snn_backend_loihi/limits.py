"""What cores hold, and the check that a network fits, made before anything runs.

Numbers are those published for Loihi (Davies et al. 2018, "Loihi: A Neuromorphic Manycore Processor with On-Chip
Learning", IEEE Micro 38): 1,024 compartments, 4,096 fan-in and 4,096 fan-out axons and 128 KiB of synaptic memory a
core, 128 cores a chip. How synapses are packed into that memory is not public in full: counted here is what a list
takes, eight bits of weight and the ten of the compartment, or eight bits alone where an axon reaches every compartment
of the core. So a network that fits here may still be too large for a board by a little.

Layers are cut into runs of neurons, as many as all limits let onto a core; no core holds neurons of two layers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from snn.connections import Connection, connections
from snn.network import Network
from snn.neurons import Neuron
from snn.operations import fan_out
from snn.simulating import Problem

COMPARTMENTS = 1024
AXONS_IN = 4096
AXONS_OUT = 4096
SYNAPSE_BITS = 128 * 1024 * 8
"""Of one core."""

_WEIGHT, _INDEX = 8, 10
_COUNTED = 2**26  # axons there might be, that are counted in an array


@dataclass(frozen=True)
class Machine:
    """The chips that there are."""

    chips: int
    cores_per_chip: int

    @property
    def cores(self) -> int:
        """The number of cores."""
        return self.chips * self.cores_per_chip


@dataclass(frozen=True)
class Layout:
    """How many neurons of a layer are on a core, and on how many cores they are."""

    per_core: int
    cores: int
    limit: str


def expanded(network: Network, machine: Machine) -> tuple[Problem, ...]:
    """Return the layer whose synapses no memory of ``machine`` holds, before they are made."""
    numbers = {name: float(paths.sum()) for name, paths in fan_out(network).items() if name != network.input.name}
    most = machine.cores * SYNAPSE_BITS / _WEIGHT
    if sum(numbers.values()) <= most:
        return ()
    worst = max(numbers, key=lambda name: numbers[name])
    whole = sum(numbers.values())
    told = f"it drives {numbers[worst]:,.0f} of {whole:,.0f} synapses; {machine.chips} chips hold {most:,.0f}"
    return (Problem(worst, told, _HINT),)


_HINT = "convert a smaller network, or name more chips with backend.loihi.chips"


def problems(network: Network, machine: Machine) -> tuple[Problem, ...]:
    """Return why ``network`` does not fit ``machine``."""
    return tuple(_problems(network, machine))


def _problems(network: Network, machine: Machine) -> Iterator[Problem]:
    found = layouts(network)
    for name, layout in found.items():
        if not layout.per_core:
            told = f"one of its neurons alone takes more {layout.limit} than a core has"
            yield Problem(name, told, "train it with fewer inputs a neuron")
    needed = sum(layout.cores for layout in found.values())
    if needed > machine.cores:
        worst = max(found, key=lambda name: found[name].cores)
        layout = found[worst]
        told = (
            f"{layout.cores} of the {needed} cores that the network needs, at {layout.per_core} neurons a core for its "
            f"{layout.limit}; {machine.chips} chips have {machine.cores}"
        )
        yield Problem(worst, told, _HINT)


def layouts(network: Network) -> Mapping[str, Layout]:
    """Return how each layer of neurons is spread over cores."""
    ways = list(connections(network, entry=False))
    found = {}
    for layer in network.layers:
        if isinstance(layer, Neuron):
            size = math.prod(network.shapes[layer.name])
            into = [way for way in ways if way.target == layer.name]
            found[layer.name] = _layout(size, into)
    return _with_axons_out(found, network, ways)


def _layout(size: int, into: list[Connection]) -> Layout:
    """Return the largest run of neurons whose axons and synapses every core holds, found by halving."""
    limit, most = "compartments", min(size, COMPARTMENTS)
    while most:
        fault = _over(size, into, most)
        if not fault:
            return Layout(most, math.ceil(size / most), limit)
        limit, most = fault, most // 2
    return Layout(0, 0, limit)


def _over(size: int, into: list[Connection], per_core: int) -> str:
    """Return what a core has too little of for ``per_core`` neurons, or nothing."""
    cores = math.ceil(size / per_core)
    axons, bits = np.zeros(cores, np.int64), np.zeros(cores, np.int64)
    for way in into:
        places, counts = _axons(way, cores, per_core)
        axons += np.bincount(places, minlength=cores)
        each = np.where(counts == per_core, _WEIGHT, _WEIGHT + _INDEX)
        bits += np.bincount(places, weights=counts * each, minlength=cores).astype(np.int64)
    if axons.max(initial=0) > AXONS_IN:
        return "fan-in axons"
    return "synaptic memory" if bits.max(initial=0) > SYNAPSE_BITS else ""


def _axons(way: Connection, cores: int, per_core: int) -> tuple[npt.NDArray[np.integer], npt.NDArray[np.integer]]:
    """Return the core that each axon goes to, and how many synapses it has there."""
    sources = int(way.pre.max(initial=0)) + 1
    keys = way.post // per_core * sources + way.pre
    if cores * sources > _COUNTED:
        axons, counts = np.unique(keys, return_counts=True)
        return axons // sources, counts
    counts = np.bincount(keys, minlength=cores * sources)  # much faster than to sort them
    (axons,) = np.nonzero(counts)
    return axons // sources, counts[axons]


def _with_axons_out(found: dict[str, Layout], network: Network, ways: list[Connection]) -> Mapping[str, Layout]:
    """Return ``found`` with fewer neurons on cores whose spikes would need more axons than there are."""
    for name, layout in found.items():
        size = math.prod(network.shapes[name])
        out = np.zeros(size, np.int64)
        for way in ways:
            if way.source == name and found[way.target].per_core:
                targets = found[way.target].cores
                keys = way.pre * targets + way.post // found[way.target].per_core
                reached = np.flatnonzero(np.bincount(keys)) if size * targets <= _COUNTED else np.unique(keys)
                out += np.bincount(reached // targets, minlength=size)
        per_core = layout.per_core
        while per_core and _largest(out, per_core) > AXONS_OUT:
            per_core //= 2
        if per_core != layout.per_core:
            found[name] = Layout(per_core, math.ceil(size / per_core) if per_core else 0, "fan-out axons")
    return found


def _largest(values: npt.NDArray[np.int64], run: int) -> int:
    return int(np.add.reduceat(values, np.arange(0, len(values), run)).max())
