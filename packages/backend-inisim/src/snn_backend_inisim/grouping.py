"""Present a batch to a network of packed spikes: groups of samples by turns, each task by task in blocks of steps.

All steps of a block pass a layer before any passes the next one, which is the same as step by step, because no spike
runs backwards in the network. A sample meets nothing of another, so no result depends on the batch, the groups, the
blocks or the threads. Where there are fewer groups than threads, the threads share the tasks of a group instead.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from snn.network import Array, Network
from snn.neurons import Neuron
from snn.operations import analog_part
from snn.simulating import Stimulus

from . import kernels, layout, packed
from .parts import Moment
from .recording import Recorder
from .tasks import Arrays, Key, Share, Task, Turn
from .wiring import Floats, Indices

MOST_TOGETHER = 32  # samples in a group, which share what a task costs by itself, and the slabs of a dense layer
MOST_STEPS = 64  # in a block
BLOCK_BYTES = 2**24  # the values of a block of steps that a thread works on
SHARED_BYTES = 2**25  # the states of the groups taken by turns, and likewise the stimulus of a block of steps
MOST_SIZES = 2  # of spaces that are kept
SHARED_WORK = 10**8  # synapses times steps; to hand over a task that has fewer costs more than it saves
_NO_TRACE = np.zeros((0, 0, 0), np.float32)


@dataclass(frozen=True, eq=False)
class Program:
    """A network as tasks.

    Attributes
    ----------
    network : Network
    tasks : tuple of Task
    fan_out : mapping of layer name to ndarray, (cells, channels)
        Of each layer that drives others.
    spare : mapping of sizes to spaces
        Left by runs that are over, for the next: fresh memory costs more than the work of a small batch.
    """

    network: Network
    tasks: tuple[Task, ...]
    fan_out: Mapping[str, Floats]
    spare: dict[tuple[int, ...], list[_Space]] = field(default_factory=dict)

    @cached_property
    def still(self) -> frozenset[str]:
        """The layers that give the same in every step where the input is constant."""
        return analog_part(self.network)

    @cached_property
    def cells_by_fan_out(self) -> Mapping[str, tuple[Indices, Indices, Floats]]:
        """What `count_words` wants of each layer that drives others, by the fan-out of each cell's first channel."""
        found = {}
        for name, fan_out in self.fan_out.items():
            values, first = np.unique(np.sort(fan_out[:, 0]), return_index=True)
            found[name] = np.append(first, len(fan_out)), np.argsort(fan_out[:, 0], kind="stable"), values
        return found

    @cached_property
    def state_bytes(self) -> int:
        """What the state of a sample takes, and what is the same for it in all steps, at most."""
        return 1 + sum(_bytes(task.rest(1)) + 4 * task.cells * task.channels for task in self.tasks)

    def spare_for(self, sizes: tuple[int, ...]) -> list[_Space]:
        """Return the spare spaces of these sizes; those of other sizes are let go when there are many."""
        if sizes not in self.spare and len(self.spare) >= MOST_SIZES:
            self.spare.clear()
        return self.spare.setdefault(sizes, [])


@dataclass(frozen=True, eq=False)
class _Group:
    """Samples on their way: what is the same in every step, and the states."""

    rows: range
    numbers: tuple[int, ...]
    fixed: Mapping[Key, Array]
    states: Mapping[Key, Any]


@dataclass(frozen=True, eq=False)
class _Space:
    """Where a thread keeps the values of a block of steps; what padding never writes to stays zero."""

    values: Mapping[Key, npt.NDArray[Any]]
    traces: Mapping[str, Array]
    scratch: Mapping[Key, Sequence[Arrays]]  # one for each thread that shares a task

    def trace(self, key: Key, samples: int, steps: int) -> Array:
        """Return where the potentials of the neurons ``key`` go, an empty array if they are not kept."""
        name, is_packed = key
        return _NO_TRACE if is_packed or name not in self.traces else self.traces[name][:samples, :steps]

    def out(self, task: Task, samples: int, steps: int) -> npt.NDArray[Any]:
        """Return where the output of ``task`` goes."""
        values = self.values[task.key]
        if not task.key[1]:
            return values[:samples, :steps]
        shape = samples, task.planes, task.cells, steps, task.words
        return values[: math.prod(shape)].reshape(shape)


class Grouped:
    """One batch, and where what it does is recorded."""

    def __init__(self, program: Program, stimulus: Stimulus, recorder: Recorder) -> None:
        network = program.network
        self._program, self._stimulus, self._recorder = program, stimulus, recorder
        still = program.still if stimulus.constant else frozenset({network.input.name})
        self._fixed = [task for task in program.tasks if task.key[0] in still]
        self._moving = [task for task in program.tasks if task.key[0] not in still]
        self._current = np.asarray(stimulus.steps(0, 1)[0], np.float32) if stimulus.constant else None
        self._neurons = [layer for layer in network.layers if isinstance(layer, Neuron)]

    def run(self, threads: int, pool: ThreadPoolExecutor) -> None:
        """Present every sample to the network at rest, for all steps, in so many ``threads`` of ``pool``."""
        batch, steps = len(self._stimulus.samples), self._stimulus.clock.steps
        most = max(1, min(MOST_TOGETHER, BLOCK_BYTES // (min(steps, MOST_STEPS) * self._step_bytes())))
        count = threads * -(-batch // (threads * most)) if batch >= threads else 1
        bounds = [batch * i // count for i in range(count + 1)]
        rows = [range(a, b) for a, b in pairwise(bounds) if a < b]
        if not rows:
            return
        size = max(len(each) for each in rows)
        block = self._block(size)
        sharing = threads if len(rows) == 1 else 1
        spare = self._program.spare_for((size, block, sharing, len(self._moving)))
        spaces = [_taken(spare) or self._space(size, block, sharing) for _ in range(min(threads, len(rows)))]
        turns = max(1, SHARED_BYTES // (size * self._program.state_bytes) // len(spaces)) * len(spaces)
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
        spare += spaces

    def _together(
        self,
        pool: ThreadPoolExecutor,
        groups: Sequence[_Group],
        spaces: Sequence[_Space],
        start: int,
        stop: int,
        entering: Array | None,
    ) -> None:
        queue = iter(groups)  # taken from by all threads, so that none waits for a slower one

        def work(space: _Space) -> None:
            for group in queue:
                self._advance(group, space, start, stop, entering, pool)

        running = [pool.submit(work, space) for space in spaces]
        try:
            for turn in running:
                turn.result()
        finally:
            for _ in queue:  # after an error or Ctrl-C, no thread takes another group
                pass

    def _step_bytes(self) -> int:
        """Return the size of all values of a sample in a step."""
        numbers = sum(4 * task.cells * task.channels for task in self._moving if not task.key[1])
        spikes = sum(2 * task.planes * task.cells * task.words for task in self._moving if task.key[1])
        return (
            numbers + spikes + sum(4 * math.prod(self._program.network.shapes[name]) for name in self._recorder.traced)
        )

    def _block(self, samples: int) -> int:
        """Return how many steps make a block."""
        block = BLOCK_BYTES // (samples * self._step_bytes())
        if not self._stimulus.constant:
            block = min(block, SHARED_BYTES // max(1, self._stimulus.samples.nbytes))
        return max(1, min(block, MOST_STEPS, self._stimulus.clock.steps))

    def _space(self, samples: int, block: int, sharing: int) -> _Space:
        values: dict[Key, npt.NDArray[Any]] = {}
        for task in self._moving:
            if task.key[1]:
                values[task.key] = np.empty(samples * task.planes * task.cells * block * task.words, np.uint16)
            else:
                values[task.key] = np.zeros((samples, block, task.cells * task.channels), np.float32)
        shapes = self._program.network.shapes
        traces = {
            name: np.zeros((samples, block, math.prod(shapes[name])), np.float32)
            for name in sorted(self._recorder.traced)
        }
        scratch = {task.key: [task.scratch(samples, block) for _ in range(sharing)] for task in self._moving}
        return _Space(values, traces, scratch)

    def _start(self, rows: range) -> _Group:
        """Return the samples in ``rows`` at rest."""
        network, numbers = self._program.network, tuple(int(n) for n in self._stimulus.numbers[rows.start : rows.stop])
        fixed: dict[Key, Array] = {}
        moments = [Moment(number, 0, 1) for number in numbers]
        if self._current is not None:
            name = network.input.name
            current = self._current[rows.start : rows.stop]
            fixed[name, False] = layout.inwards(current, network.shapes[name])[:, None]
        for task in self._fixed:
            out = fixed[task.key] = np.zeros((len(rows), 1, task.cells * task.channels), np.float32)
            task.run(Turn([fixed[key] for key in task.inputs], out, task.rest(len(rows)), (), moments, _NO_TRACE))
        states = {task.key: task.rest(len(rows)) for task in self._moving}
        return _Group(rows, numbers, fixed, states)

    def _advance(
        self,
        group: _Group,
        space: _Space,
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
        for task in self._moving:
            out = values[task.key] = space.out(task, samples, steps)
            inputs = [values[key] for key in task.inputs]
            trace = space.trace(task.key, samples, steps)
            count = sharing if task.work * samples * steps >= SHARED_WORK else 1
            turns = [
                Turn(inputs, out, group.states[task.key], space.scratch[task.key][i], moments, trace, Share(i, count))
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
        self, group: _Group, values: Mapping[Key, npt.NDArray[Any]], space: _Space, start: int, steps: int
    ) -> None:
        work = np.zeros((len(group.rows), steps), np.float64)
        if self._stimulus.kind == "spikes":
            self._count(self._program.network.input.name, values, work)
        for layer in self._neurons:
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
            packed.count_words(spikes[:, 0], *self._program.cells_by_fan_out[name], work)
            return
        for i, numbers in enumerate(values[name, False]):
            kernels.count_operations(numbers, fan_out.reshape(-1), work[i])


def _taken(spare: list[_Space]) -> _Space | None:
    """Return a space that no other run has, or None; safe in several threads."""
    try:
        return spare.pop()
    except IndexError:
        return None


def _bytes(state: Any) -> int:
    """Return the size of all arrays in a state."""
    if isinstance(state, np.ndarray):
        return state.nbytes
    return sum(_bytes(each) for each in state)
