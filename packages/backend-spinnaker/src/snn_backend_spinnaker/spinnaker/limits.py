"""What boards hold, and the check that a network fits, made before anything runs and without sPyNNaker.

Numbers are those of sPyNNaker 7.4.1, where they can be read: `spinn_machine/version` (chips, cores, memory) and
`spynnaker/pyNN/models/neuron/synapse_io.py` (rows). What it takes besides synapses is not counted, so a network that
fits here may still be too large; sPyNNaker then says so itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from snn.network import Network
from snn.operations import fan_out
from snn.simulating import Problem

from .plan import CLOCK, Plan, Projection

CHIP_BYTES = 123_469_792
"""Of SDRAM, without what the monitor takes (`VersionSpin1`)."""

ROW_BYTES = 12
"""Before the synapses of a row."""

SYNAPSE_BYTES = 4

SOURCES_PER_CORE = 2048
"""Of a `SpikeSourceArray`; sPyNNaker may take fewer."""

_LOST = 0.25
"""The share of all weights between two layers that rounding may take before they are refused."""


@dataclass(frozen=True)
class Board:
    """What one board holds.

    Attributes
    ----------
    chips : int
    cores : int
        For populations: without the monitors of each chip, and the core that gathers data.
    """

    chips: int
    cores: int


BOARDS = {3: Board(chips=4, cores=4 * 18 - 4 * 2 - 1), 5: Board(chips=48, cores=48 * 18 - 8 - 48 * 2 - 1)}
"""By version."""


@dataclass(frozen=True)
class Machine:
    """The boards that there are, and how many neurons go onto a core of theirs."""

    version: int
    boards: int
    neurons_per_core: int

    @property
    def chips(self) -> int:
        """The number of chips."""
        return self.boards * BOARDS[self.version].chips

    @property
    def cores(self) -> int:
        """The number of cores for populations."""
        return self.boards * BOARDS[self.version].cores

    def cores_for(self, size: int) -> int:
        """Return how many cores a population of ``size`` takes."""
        return math.ceil(size / self.neurons_per_core)


def expanded(network: Network, machine: Machine) -> tuple[Problem, ...]:
    """Return the layer whose synapses no memory of ``machine`` holds, before they are made."""
    numbers = {name: float(paths.sum()) for name, paths in fan_out(network).items() if name != network.input.name}
    most = machine.chips * CHIP_BYTES
    if not numbers or sum(numbers.values()) * SYNAPSE_BYTES <= most:
        return ()
    worst = max(numbers, key=lambda name: numbers[name])
    needed = sum(numbers.values()) * SYNAPSE_BYTES
    return (Problem(worst, _memory(needed, most, machine), _SMALLER),)


def problems(plan: Plan, machine: Machine) -> tuple[Problem, ...]:
    """Return why ``plan`` does not fit ``machine``: cores, memory, weights."""
    return (*_cores(plan, machine), *_memories(plan, machine), *_weights(plan))


_SMALLER = "convert a smaller network, or name more boards with backend.spinnaker.boards"


def _cores(plan: Plan, machine: Machine) -> Iterator[Problem]:
    taken = {name: machine.cores_for(population.size) for name, population in plan.populations.items()}
    needed = sum(taken.values()) + sum(math.ceil(size / SOURCES_PER_CORE) for size in plan.sources.values())
    if needed > machine.cores:
        worst = max(taken, key=lambda name: taken[name])
        share = f"{taken[worst]} of the {needed} cores that the network needs"
        told = f"{share}, at {machine.neurons_per_core} neurons a core; {_boards(machine)} {machine.cores}"
        hint = "put more neurons on a core with backend.spinnaker.neurons_per_core, or name more boards with boards"
        yield Problem(worst, told, hint)


def _memories(plan: Plan, machine: Machine) -> Iterator[Problem]:
    total = {}
    for name in plan.populations:
        cores = np.zeros(machine.cores_for(plan.populations[name].size))
        for projection in plan.into(name):
            cores += _rows(projection, plan, len(cores), machine.neurons_per_core)
        total[name] = float(cores.sum())
        if cores.max() > CHIP_BYTES:
            fan_in = sum(len(projection.pre) for projection in plan.into(name)) / plan.populations[name].size
            yield Problem(
                name,
                f"the synapses of one core, of {machine.neurons_per_core} neurons with {fan_in:.0f} inputs each, take "
                f"{cores.max() / 2**20:.0f} MiB; a chip has {CHIP_BYTES / 2**20:.0f} MiB",
                "put fewer neurons on a core with backend.spinnaker.neurons_per_core",
            )
    most = machine.chips * CHIP_BYTES
    if sum(total.values()) > most:
        worst = max(total, key=lambda name: total[name])
        yield Problem(worst, _memory(sum(total.values()), most, machine), _SMALLER)


def _rows(
    projection: Projection, plan: Plan, cores: int, per_core: int
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the bytes of the rows of each core: one a source neuron, all as long as the longest of the core."""
    known = plan.populations.get(projection.source)
    size = plan.sources[projection.source] if known is None else known.size
    places, counts = np.unique(projection.post // per_core * size + projection.pre, return_counts=True)
    longest = np.zeros(cores)
    np.maximum.at(longest, places // size, counts)
    return np.where(longest > 0, size * (ROW_BYTES + SYNAPSE_BYTES * longest), 0.0)


def _weights(plan: Plan) -> Iterator[Problem]:
    for projection in plan.projections:
        if projection.lost > _LOST and projection.source != CLOCK:  # small biases may well be lost
            step = plan.populations[projection.target].scale
            bit = step.step(projection.receptor) / step.factor
            yield Problem(
                projection.target,
                f"rounding takes {100 * projection.lost:.0f} % of its {projection.receptor} weights from "
                f"{projection.source!r}: 16 bits that hold the sum of them all are {bit:.2g} apart",
                "let ring buffers hold less with backend.spinnaker.headroom, or normalise the network",
            )


def _memory(needed: float, most: float, machine: Machine) -> str:
    return (
        f"most of the synapses of the network are its own; together they take {needed / 2**30:.3g} GiB, and "
        f"{_boards(machine)} {most / 2**30:.3g} GiB"
    )


def _boards(machine: Machine) -> str:
    return "the board has" if machine.boards == 1 else f"{machine.boards} boards have"
