"""Present a batch to a network of packed spikes: groups of samples by turns, each task by task in blocks of steps.

All steps of a block pass a layer before any passes the next one, which is the same as step by step, because no spike
runs backwards in the network. A sample meets nothing of another, so no result depends on the batch, the groups, the
blocks or the threads. Where there are fewer groups than threads, the threads share the tasks of a group instead.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from snn.network import Array
from snn.simulating import Stimulus

from .. import kernels, layout
from ..parts import Moment
from ..recording import Recorder
from ..wiring import Floats
from .program import Program
from .spaces import Size, Space, Spaces
from .tasks import Key, Share, Turn

MOST_TOGETHER = 32  # samples in a group, which share what a task costs by itself, and the slabs of a dense layer
MOST_STEPS = 64  # in a block
BLOCK_BYTES = 2**24  # the values of a block of steps that a thread works on
SHARED_BYTES = 2**25  # the states of the groups taken by turns, and likewise the stimulus of a block of steps
SHARED_WORK = 10**8  # synapses times steps; to hand over a task that has fewer costs more than it saves
_NO_TRACE = np.zeros((0, 0, 0), np.float32)


@dataclass(frozen=True, eq=False)
class _Group:
    """Samples on their way: what is the same in every step, and the states."""

    rows: range
    numbers: tuple[int, ...]
    fixed: Mapping[Key, Array]
    states: Mapping[Key, Any]


class Grouped:
    """One batch, and where what it does is recorded."""

    def __init__(self, program: Program, spaces: Spaces, stimulus: Stimulus, recorder: Recorder) -> None:
        self._program, self._spaces, self._stimulus, self._recorder = program, spaces, stimulus, recorder
        self._course = program.constant if stimulus.constant else program.changing
        self._current = np.asarray(stimulus.steps(0, 1)[0], np.float32) if stimulus.constant else None
        self._traced = {name: program.network.shapes[name] for name in sorted(recorder.traced)}
        self._step_bytes = self._course.step_bytes + sum(4 * math.prod(shape) for shape in self._traced.values())

    def run(self, threads: int, pool: ThreadPoolExecutor) -> None:
        """Present every sample to the network at rest, for all steps, in so many ``threads`` of ``pool``."""
        batch, steps = len(self._stimulus.samples), self._stimulus.clock.steps
        most = max(1, min(MOST_TOGETHER, BLOCK_BYTES // (min(steps, MOST_STEPS) * self._step_bytes)))
        count = threads * -(-batch // (threads * most)) if batch >= threads else 1
        bounds = [batch * i // count for i in range(count + 1)]
        rows = [range(a, b) for a, b in pairwise(bounds) if a < b]
        if not rows:
            return
        largest = max(len(each) for each in rows)
        block = self._block(largest)
        sharing = threads if len(rows) == 1 else 1
        size = Size(largest, block, sharing, self._stimulus.constant)
        spaces = [
            self._spaces.take(size) or Space(self._course.moving, self._traced, size)
            for _ in range(min(threads, len(rows)))
        ]
        turns = max(1, SHARED_BYTES // (largest * self._program.state_bytes) // len(spaces)) * len(spaces)
        for first in range(0, len(rows), turns):
            groups = [self._start(each) for each in rows[first : first + turns]]
            for start in range(0, steps, block):
                stop = min(start + block, steps)
                entering = None if self._stimulus.constant else self._stimulus.steps(start, stop)
                if len(spaces) == 1:
                    for group in groups:
                        self._advance(group, spaces[0], start, stop, entering, pool, sharing)
                else:
                    self._together(pool, groups, spaces, start, stop, entering)
        self._spaces.leave(size, spaces)

    def _together(
        self,
        pool: ThreadPoolExecutor,
        groups: Sequence[_Group],
        spaces: Sequence[Space],
        start: int,
        stop: int,
        entering: Array | None,
    ) -> None:
        queue = iter(groups)  # taken from by all threads, so that none waits for a slower one

        def work(space: Space) -> None:
            for group in queue:
                self._advance(group, space, start, stop, entering, pool)

        running = [pool.submit(work, space) for space in spaces]
        try:
            for turn in running:
                turn.result()
        finally:
            for _ in queue:  # after an error or Ctrl-C, no thread takes another group
                pass

    def _block(self, samples: int) -> int:
        """Return how many steps make a block."""
        block = BLOCK_BYTES // (samples * self._step_bytes)
        if not self._stimulus.constant:
            block = min(block, SHARED_BYTES // max(1, self._stimulus.samples.nbytes))
        return max(1, min(block, MOST_STEPS, self._stimulus.clock.steps))

    def _start(self, rows: range) -> _Group:
        """Return the samples in ``rows`` at rest."""
        network, numbers = self._program.network, tuple(int(n) for n in self._stimulus.numbers[rows.start : rows.stop])
        fixed: dict[Key, Array] = {}
        moments = [Moment(number, 0, 1) for number in numbers]
        if self._current is not None:
            name = network.input.name
            current = self._current[rows.start : rows.stop]
            fixed[name, False] = layout.inwards(current, network.shapes[name])[:, None]
        for task in self._course.once:
            out = fixed[task.key] = np.zeros((len(rows), 1, task.cells * task.channels), np.float32)
            task.run(Turn([fixed[key] for key in task.inputs], out, task.rest(len(rows)), (), moments, _NO_TRACE))
        states = {task.key: task.rest(len(rows)) for task in self._course.moving}
        return _Group(rows, numbers, fixed, states)

    def _advance(
        self,
        group: _Group,
        space: Space,
        start: int,
        stop: int,
        entering: Array | None,
        pool: ThreadPoolExecutor,
        sharing: int = 1,
    ) -> None:
        """Take a group through steps ``start`` to ``stop``; so many threads share its tasks."""
        samples, steps = len(group.rows), stop - start
        values: dict[Key, npt.NDArray[Any]] = dict(group.fixed)
        if entering is not None:
            values[self._program.network.input.name, False] = self._entering(entering, group.rows)
        moments = [Moment(number, start, stop) for number in group.numbers]
        for place in space.places(samples, steps):
            task, values[place.task.key] = place.task, place.out
            inputs, state = [values[key] for key in task.inputs], group.states[task.key]
            count = sharing if task.work * samples * steps >= SHARED_WORK else 1
            turns = [
                Turn(inputs, place.out, state, place.scratch[i], moments, place.trace, Share(i, count))
                for i in range(count)
            ]
            others = [pool.submit(task.run, turn) for turn in turns[1:]]
            task.run(turns[0])
            for other in others:
                other.result()
        self._record(group, values, space, start, steps)

    def _entering(self, entering: Array, rows: range) -> Array:
        """Return what enters a group, (samples, steps, elements)."""
        name = self._program.network.input.name
        shape = self._program.network.shapes[name]
        parts = np.asarray(entering[:, rows.start : rows.stop], np.float32).swapaxes(0, 1)
        return np.array([layout.inwards(part, shape) for part in parts])

    def _record(
        self, group: _Group, values: Mapping[Key, npt.NDArray[Any]], space: Space, start: int, steps: int
    ) -> None:
        work = np.zeros((len(group.rows), steps), np.float64)
        if self._stimulus.kind == "spikes":
            self._count(self._program.network.input.name, values, work)
        for layer in self._program.neurons:
            self._count(layer.name, values, work)
            if (spikes := values.get((layer.name, True))) is not None:
                self._recorder.add_packed(layer, group.rows, start, spikes[:, 0])
                continue
            for i, row in enumerate(group.rows):
                trace = space.traces[layer.name][i, :steps] if layer.name in space.traces else _NO_TRACE[0:0]
                self._recorder.add(layer, row, start, values[layer.name, False][i], trace)
        output = values[self._program.network.output.name, False]
        self._recorder.add_output(group.rows, start, self._recorder.so_far(group.rows, start, output))
        self._recorder.add_operations(group.rows, start, work)

    def _count(self, name: str, values: Mapping[Key, npt.NDArray[Any]], work: Floats) -> None:
        """Add the synaptic operations of the spikes of layer ``name`` to those of each sample and step."""
        fan_out = self._program.fan_out.get(name)
        if fan_out is None:
            return
        if (spikes := values.get((name, True))) is not None:
            self._program.counters[name](spikes[:, 0], work)
            return
        for i, numbers in enumerate(values[name, False]):
            kernels.count_operations(numbers, fan_out.reshape(-1), work[i])
