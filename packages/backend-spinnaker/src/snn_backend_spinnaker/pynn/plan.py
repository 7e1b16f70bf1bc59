"""A network as PyNN has it: populations, projections, delays. What the process of the simulator is given.

A step of the network is a millisecond of the simulator, whatever it is for the network: nothing in these neurons
depends on time. Every projection takes a step or more, so that a population answers as many steps late as it is deep.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from snn.connection_files import kept_or_made
from snn.connections import Connection, Indices, connections, depths
from snn.network import Array, Network
from snn.neurons import IntegrateFire, Neuron
from snn.progress import Progress
from snn.simulating import Setup


@dataclass(frozen=True, eq=False)
class Cells:
    """A population of neurons.

    Attributes
    ----------
    name : str
        Of the layer.
    initial : ndarray, (neurons,)
        The potentials at rest.
    threshold : float
        Infinite where it never fires.
    reset : str
        ``subtract`` or ``zero``.
    pause : int
        The steps in which nothing is taken after a spike, the step of the spike among them.
    depth : int
        How many steps late it answers.
    """

    name: str
    initial: Array
    threshold: float
    reset: str
    pause: int
    depth: int

    @property
    def size(self) -> int:
        """The number of neurons."""
        return len(self.initial)

    @property
    def spiking(self) -> bool:
        """Whether it fires."""
        return math.isfinite(self.threshold)


@dataclass(frozen=True, eq=False)
class Synapses:
    """The synapses from one population to another, (synapses,) each; all take ``delay`` steps."""

    source: str
    target: str
    pre: Indices
    post: Indices
    weight: Array
    delay: int


@dataclass(frozen=True, eq=False)
class Plan:
    """What is to be built.

    Attributes
    ----------
    steps : int
        Of a presentation.
    cells : tuple of Cells
        In the order of the layers.
    synapses : tuple of Synapses
    potentials : tuple of str
        The populations whose potentials are recorded.
    """

    steps: int
    cells: tuple[Cells, ...]
    synapses: tuple[Synapses, ...]
    potentials: tuple[str, ...]

    @property
    def lag(self) -> int:
        """How many steps late the last population answers."""
        return max(cells.depth for cells in self.cells)

    @property
    def longest(self) -> int:
        """The longest delay."""
        return max((synapses.delay for synapses in self.synapses), default=1)


def plan(network: Network, setup: Setup, folder: Path | None = None) -> Plan:
    """Return what is to be built of ``network``; where there is a ``folder``, its synapses are kept there."""
    ways = _ways(network, setup, folder)
    deep = depths(network, ways)
    cells = tuple(
        _cells(layer, network, setup, deep[layer.name]) for layer in network.layers if isinstance(layer, Neuron)
    )
    kept = setup.record.potentials | {layer.name for layer in cells if not layer.spiking}
    return Plan(
        steps=setup.clock.steps,
        cells=cells,
        synapses=tuple(_synapses(ways, deep)),
        potentials=tuple(part.name for part in cells if part.name in kept),
    )


def _ways(network: Network, setup: Setup, folder: Path | None) -> tuple[Connection, ...]:
    if folder is None:
        return connections(network, entry=False)

    def delays(ways: Sequence[Connection]) -> list[float]:
        return [float(part.delay) for part in _synapses(ways, depths(network, ways))]

    ways, note = kept_or_made(folder, network, entry=False, delays=delays)
    setup.tell(Progress("build", note=note))
    return ways


def _synapses(ways: Sequence[Connection], deep: dict[str, int]) -> list[Synapses]:
    return [
        Synapses(way.source, way.target, way.pre, way.post, way.weight, deep[way.target] - deep[way.source])
        for way in ways
    ]


def _cells(layer: Neuron, network: Network, setup: Setup, depth: int) -> Cells:
    shape = network.shapes[layer.name]
    if not isinstance(layer, IntegrateFire):
        return Cells(layer.name, np.zeros(math.prod(shape), np.float32), math.inf, "subtract", 0, depth)
    # rounded, so that 1.1 ms in steps of 0.1 ms are 11 steps
    pause = math.ceil(round(layer.refractory_ms / setup.clock.dt_ms, 6))
    initial = np.broadcast_to(layer.initial, shape).ravel()
    return Cells(layer.name, initial, float(np.float32(layer.threshold)), layer.reset, pause, depth)
