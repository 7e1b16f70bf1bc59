"""A network as tasks, and what every run of it may know beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from snn.network import Network
from snn.neurons import Neuron
from snn.operations import analog_part

from ..wiring import Floats
from .counting import Counter, counter
from .tasks import Task


@dataclass(frozen=True, eq=False)
class Course:
    """Which tasks a run makes once, and which in every block of steps.

    Attributes
    ----------
    once, moving : tuple of Task
    step_bytes : int
        The size of all values of a sample in a step.
    """

    once: tuple[Task, ...]
    moving: tuple[Task, ...]

    @cached_property
    def step_bytes(self) -> int:
        numbers = sum(4 * task.cells * task.channels for task in self.moving if not task.key[1])
        spikes = sum(2 * task.planes * task.cells * task.words for task in self.moving if task.key[1])
        return numbers + spikes


@dataclass(frozen=True, eq=False)
class Program:
    """A network as tasks.

    Attributes
    ----------
    network : Network
    tasks : tuple of Task
    fan_out : mapping of layer name to ndarray, (cells, channels)
        Of each layer that drives others.
    constant, changing : Course
        What a run does where the input is the same in every step, and where it is not.
    neurons : tuple of Neuron
    counters : mapping of layer name to Counter
        Of each layer that drives others, for its packed spikes.
    state_bytes : int
        What the state of a sample takes, and what is the same for it in all steps, at most.
    """

    network: Network
    tasks: tuple[Task, ...]
    fan_out: Mapping[str, Floats]

    @cached_property
    def constant(self) -> Course:
        return self._course(analog_part(self.network))

    @cached_property
    def changing(self) -> Course:
        return self._course(frozenset({self.network.input.name}))

    def _course(self, still: frozenset[str]) -> Course:
        once = tuple(task for task in self.tasks if task.key[0] in still)
        return Course(once, tuple(task for task in self.tasks if task.key[0] not in still))

    @cached_property
    def neurons(self) -> tuple[Neuron, ...]:
        return tuple(layer for layer in self.network.layers if isinstance(layer, Neuron))

    @cached_property
    def counters(self) -> Mapping[str, Counter]:
        return {name: counter(fan_out) for name, fan_out in self.fan_out.items()}

    @cached_property
    def state_bytes(self) -> int:
        return 1 + sum(_bytes(task.rest(1)) + 4 * task.cells * task.channels for task in self.tasks)


def _bytes(state: Any) -> int:
    """Return the size of all arrays in a state."""
    if isinstance(state, np.ndarray):
        return state.nbytes
    return sum(_bytes(each) for each in state)
