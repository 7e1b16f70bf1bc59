"""Where a thread keeps the values of a block of steps, and the spaces that runs have left for the next."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from snn.network import Array, Shape

from .tasks import Arrays, Key, Task

MOST_SIZES = 2  # of spaces that are kept
_NO_TRACE = np.zeros((0, 0, 0), np.float32)


@dataclass(frozen=True)
class Size:
    """For whom a space is: at most so many samples and steps of a block, and threads that share a task.

    ``constant``: for runs in which the input is the same in every step.
    """

    samples: int
    steps: int
    sharing: int
    constant: bool


@dataclass(frozen=True, eq=False)
class Place:
    """What a task fills: its output, and where the potentials are kept that are asked for (else empty)."""

    task: Task
    out: npt.NDArray[Any]
    trace: Array
    scratch: Sequence[Arrays]  # one for each thread that shares the task


class Space:
    """Memory for the values of a block of steps; what padding never writes to stays zero."""

    def __init__(self, tasks: Sequence[Task], traced: Mapping[str, Shape], size: Size) -> None:
        self._tasks = tasks
        self._values: dict[Key, npt.NDArray[Any]] = {}
        for task in tasks:
            if task.key[1]:
                elements = size.samples * task.planes * task.cells * size.steps * task.words
                self._values[task.key] = np.empty(elements, np.uint16)
            else:
                self._values[task.key] = np.zeros((size.samples, size.steps, task.cells * task.channels), np.float32)
        self.traces = {
            name: np.zeros((size.samples, size.steps, math.prod(shape)), np.float32) for name, shape in traced.items()
        }
        self._scratch = {
            task.key: [task.scratch(size.samples, size.steps) for _ in range(size.sharing)] for task in tasks
        }
        self._places: dict[tuple[int, int], list[Place]] = {}

    def places(self, samples: int, steps: int) -> list[Place]:
        """Return where the outputs of all tasks go for so many samples and steps, in the order of the tasks."""
        if (samples, steps) not in self._places:
            self._places[samples, steps] = [self._place(task, samples, steps) for task in self._tasks]
        return self._places[samples, steps]

    def _place(self, task: Task, samples: int, steps: int) -> Place:
        values, (name, is_packed) = self._values[task.key], task.key
        if is_packed:
            shape = samples, task.planes, task.cells, steps, task.words
            return Place(task, values[: math.prod(shape)].reshape(shape), _NO_TRACE, self._scratch[task.key])
        trace = self.traces[name][:samples, :steps] if name in self.traces else _NO_TRACE
        return Place(task, values[:samples, :steps], trace, self._scratch[task.key])


@dataclass(frozen=True, eq=False)
class Spaces:
    """Spaces that runs have left for the next: fresh memory costs more than the work of a small batch."""

    spare: dict[Size, list[Space]] = field(default_factory=dict)

    def take(self, size: Size) -> Space | None:
        """Return a space of this size that no other run has, or None; safe in several threads."""
        try:
            return self.spare[size].pop()
        except (KeyError, IndexError):
            return None

    def leave(self, size: Size, spaces: Sequence[Space]) -> None:
        """Keep ``spaces`` for the next run; those of other sizes are let go when there are many."""
        if size not in self.spare and len(self.spare) >= MOST_SIZES:
            self.spare.clear()
        self.spare.setdefault(size, []).extend(spaces)
