"""A network as MegaSim has it: a netlist of modules, the parameters of each, and where every layer is in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from snn.clock import Clock
from snn.simulating import Problem

from .files.parameters import Parameters
from .files.schematic import Schematic
from .integers import Lost


@dataclass(frozen=True)
class Scheme:
    """How a network is to be put into integers and ticks.

    Attributes
    ----------
    clock : Clock
    scaling_factor : int
        The integers that stand for 1.
    delay : int
        The ticks that an event takes through a module.
    worth : Fraction
        The height of the spikes of the input.
    """

    clock: Clock
    scaling_factor: int
    delay: int = 0
    worth: Fraction = Fraction(1)


@dataclass(frozen=True)
class Place:
    """Where the spikes of a layer are: at ``(x, y)`` of node ``n`` is element ``(n * height + y) * width + x``.

    Attributes
    ----------
    nodes : tuple of str
    height, width : int
    worth : Fraction
        The height of its spikes: 1 but where they are those of the input.
    """

    nodes: tuple[str, ...]
    height: int
    width: int
    worth: Fraction = Fraction(1)

    @property
    def elements(self) -> int:
        """How many there are."""
        return len(self.nodes) * self.height * self.width


@dataclass(frozen=True)
class Cells:
    """The neurons of a layer.

    Attributes
    ----------
    reads : str
        ``convolution``, ``pool``, ``dense``, ``same`` (each neuron one element), or ``unrolled``: dense, since MegaSim
        has no module for what is before it.
    unit : int
        The integers that stand for 1.
    most : int
        What a step changes a potential by, at most.
    start : int
        The largest potential at rest.
    lost : Lost
        By rounding, in units of the network.
    """

    reads: str
    unit: int
    most: int
    start: int
    lost: Lost


@dataclass(frozen=True, eq=False)
class Plan:
    """What is written.

    Attributes
    ----------
    schematic : Schematic
    parameters : mapping of file name to Parameters
    places : mapping of layer name to Place
        The input, max-pools and neurons.
    cells : mapping of layer name to Cells
        The neurons.
    ticks, steps : int
        Of a step of the clock, and of a sample.
    unsigned : str
        The layer, if any, that takes no negative spikes of the input.
    """

    schematic: Schematic
    parameters: Mapping[str, Parameters]
    places: Mapping[str, Place]
    cells: Mapping[str, Cells]
    ticks: int
    steps: int
    unsigned: str

    @property
    def period(self) -> int:
        """The ticks from the start of a sample to that of the next; its last one is that of the reset."""
        return self.steps * self.ticks + 1

    @property
    def sources(self) -> frozenset[str]:
        """The nodes whose events are given: those of the input, and of control."""
        return frozenset(source.node for source in self.schematic.sources)


class Unfit(Exception):  # noqa: N818  what a backend's `inspect` tells
    """A layer that has no place in a plan."""

    def __init__(self, layer: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.problem = Problem(layer, message, hint)
