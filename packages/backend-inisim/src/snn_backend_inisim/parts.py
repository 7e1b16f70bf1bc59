"""What the engine keeps of each layer: its arrays in the engine's order, its state, and the kernel that runs it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt
from snn.network import Array

from . import kernels
from .wiring import Indices, Runs

State: TypeAlias = tuple[npt.NDArray[Any], ...]


@dataclass(frozen=True)
class Moment:
    """Steps ``start`` to ``stop`` of the sample ``number``."""

    number: int
    start: int
    stop: int


class Part(ABC):
    """A layer for one sample: a function of blocks of steps and of a state that it carries on.

    Attributes
    ----------
    kernels : tuple of callable
        What it calls, to be compiled before.
    """

    kernels: ClassVar[tuple[Callable[..., Any], ...]] = ()

    def rest(self) -> State:
        """Return a new state, at rest."""
        return ()

    @abstractmethod
    def advance(self, inputs: Sequence[Array], out: Array, state: State, trace: Array, moment: Moment) -> None:
        """Fill ``out`` (steps, elements) and, unless it is empty, ``trace`` with the potential after each step."""


@dataclass(frozen=True, eq=False)
class Synapses(Part):
    """A layer with weights.

    Attributes
    ----------
    weight : ndarray, (input channels, taps * output channels of a group)
    groups : int
    outputs : int
        The output channels of a group.
    runs : Runs
    bias : ndarray, (elements,)
        What enters in a step.
    """

    kernels = (kernels.copy, kernels.add_row, kernels.synapses)

    weight: Array
    groups: int
    outputs: int
    runs: Runs
    bias: Array

    def advance(self, inputs: Sequence[Array], out: Array, state: State, trace: Array, moment: Moment) -> None:
        wiring = self.runs.first, self.runs.begin, self.runs.tap, self.runs.length
        kernels.synapses(inputs[0], self.weight, self.groups, self.outputs, *wiring, self.bias, out)


@dataclass(frozen=True, eq=False)
class Average(Part):
    """An average pool; the cells of a window are ``source[first[i]:first[i + 1]]``."""

    kernels = (kernels.average,)

    first: Indices
    source: Indices
    divisor: Array

    def advance(self, inputs: Sequence[Array], out: Array, state: State, trace: Array, moment: Moment) -> None:
        kernels.average(inputs[0], self.first, self.source, self.divisor, out)


@dataclass(frozen=True, eq=False)
class Largest(Part):
    """A max-pool, whose state is the sum so far of each of its inputs and the largest of each window."""

    kernels = (kernels.largest,)

    first: Indices
    source: Indices
    elements: int
    channels: int

    def rest(self) -> State:
        return np.zeros(self.elements, np.float32), np.zeros((len(self.first) - 1) * self.channels, np.float32)

    def advance(self, inputs: Sequence[Array], out: Array, state: State, trace: Array, moment: Moment) -> None:
        so_far, best = state
        kernels.largest(inputs[0], self.first, self.source, so_far, best, out)


@dataclass(frozen=True, eq=False)
class Rewire(Part):
    """Elements in other places: for each input, which of its elements go where."""

    kernels = (kernels.rewire,)

    moves: tuple[tuple[Indices, Indices], ...]

    def advance(self, inputs: Sequence[Array], out: Array, state: State, trace: Array, moment: Moment) -> None:
        for x, (source, target) in zip(inputs, self.moves, strict=True):
            kernels.rewire(x, source, target, out)


@dataclass(frozen=True, eq=False)
class Scale(Part):
    """The sum of the inputs, each times its own (elements,), plus ``shift``, (elements,), in each step."""

    kernels = (kernels.scale_and_shift, kernels.add_scaled)

    scales: tuple[Array, ...]
    shift: Array

    def advance(self, inputs: Sequence[Array], out: Array, state: State, trace: Array, moment: Moment) -> None:
        kernels.scale_and_shift(inputs[0], self.scales[0], self.shift, out)
        for x, scale in zip(inputs[1:], self.scales[1:], strict=True):
            kernels.add_scaled(x, scale, out)
