"""Present a batch to the network: samples by turns, each layer by layer in blocks of steps.

All steps of a block pass a layer before any passes the next one, which is the same as step by step, because no
spike runs backwards in the network. Threads share the samples out, and a sample meets nothing of another, so no
result depends on the batch, the blocks or the threads.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from snn.network import Array, Network
from snn.neurons import Neuron
from snn.operations import analog_part
from snn.simulating import Stimulus

from . import kernels, layout
from .parts import Moment, Part, State
from .recording import Recorder
from .stopping import Decisions
from .wiring import Floats

BLOCK_BYTES = 2**22  # the values of a block of steps that a thread works on: more leaves the cache, fewer are slower
ALL_BLOCKS_BYTES = 2**26  # those of all threads
STOPPING_STEPS = 8  # in a block where samples may stop: what a sample is simulated for after it has stopped is lost
SHARED_BYTES = 2**25  # the states of the samples taken by turns, and likewise the stimulus of a block of steps
_NO_TRACE = np.zeros((0, 0), np.float32)


@dataclass(frozen=True, eq=False)
class Engine:
    """A network as the engine runs it: a part for each layer, and the fan-out of each element that drives any."""

    network: Network
    parts: Mapping[str, Part]
    fan_out: Mapping[str, Floats]


@dataclass(frozen=True, eq=False)
class _Sample:
    """A sample on its way: the values that are the same in every step, and the states."""

    row: int
    number: int
    fixed: Mapping[str, Array]
    states: Mapping[str, State]


@dataclass(frozen=True, eq=False)
class _Space:
    """Where a thread keeps the values of a block of steps; what padding never writes to stays zero."""

    values: Mapping[str, Array]
    traces: Mapping[str, Array]


class Presentation:
    """One batch, and where what it does is recorded."""

    def __init__(self, engine: Engine, stimulus: Stimulus, recorder: Recorder, decisions: Decisions) -> None:
        network = engine.network
        self._engine, self._stimulus, self._recorder, self._decisions = engine, stimulus, recorder, decisions
        self._names = analog_part(network) if stimulus.constant else frozenset({network.input.name})
        self._fixed = [layer for layer in network.layers[1:] if layer.name in self._names]
        self._moving = [layer for layer in network.layers if layer.name not in self._names]
        self._sizes = {name: math.prod(shape) for name, shape in network.shapes.items()}
        self._current = np.asarray(stimulus.steps(0, 1)[0], np.float32) if stimulus.constant else None

    def run(self, threads: int) -> None:
        """Present every sample to the network at rest, for all steps."""
        batch, steps = len(self._stimulus.samples), self._stimulus.clock.steps
        threads = max(1, min(threads, batch))
        together, block = max(threads, self._samples_together()), self._steps_together(threads)
        spaces = [self._space(block) for _ in range(threads)]
        with ThreadPoolExecutor(threads) as pool:
            for first in range(0, batch, together):
                rows = range(first, min(first + together, batch))
                samples = list(pool.map(self._start, rows))
                for start in range(0, steps, block):
                    samples = [sample for sample in samples if not self._decisions.made[sample.row]]
                    if not samples:
                        break
                    stop = min(start + block, steps)
                    entering = None if self._stimulus.constant else self._stimulus.steps(start, stop)
                    queue = iter(samples)  # taken from by all threads, so that none waits for a slower one
                    turns = [pool.submit(self._advance, queue, space, start, stop, entering) for space in spaces]
                    try:
                        for turn in turns:
                            turn.result()
                    finally:
                        for _ in queue:  # after an error or Ctrl-C, no thread takes another sample
                            pass

    def _samples_together(self) -> int:
        """Return how many samples may be on their way at once: each needs a state."""
        fixed = sum(4 * self._sizes[name] for name in self._names)
        states = [array for layer in self._moving for array in self._engine.parts[layer.name].rest()]
        return SHARED_BYTES // (fixed + sum(array.nbytes for array in states))

    def _steps_together(self, threads: int) -> int:
        """Return how many steps make a block."""
        names = [*(layer.name for layer in self._moving), *self._recorder.traced]
        block = min(BLOCK_BYTES, ALL_BLOCKS_BYTES // threads) // sum(4 * self._sizes[name] for name in names)
        if self._decisions.margin:
            block = min(block, STOPPING_STEPS)
        if not self._stimulus.constant:
            block = min(block, SHARED_BYTES // max(1, self._stimulus.samples.nbytes))
        return max(1, min(block, self._stimulus.clock.steps))

    def _space(self, block: int) -> _Space:
        def blocks(names: Sequence[str]) -> Mapping[str, Array]:
            return {name: np.zeros((block, self._sizes[name]), np.float32) for name in names}

        return _Space(blocks([layer.name for layer in self._moving]), blocks(sorted(self._recorder.traced)))

    def _start(self, row: int) -> _Sample:
        """Return the sample in ``row`` at rest."""
        network, number = self._engine.network, int(self._stimulus.numbers[row])
        fixed: dict[str, Array] = {}
        if self._current is not None:
            fixed[network.input.name] = layout.inwards(self._current[row], network.shapes[network.input.name])
        for layer in self._fixed:
            part, inputs = self._engine.parts[layer.name], [fixed[name] for name in layer.inputs]
            fixed[layer.name] = np.zeros((1, self._sizes[layer.name]), np.float32)
            part.advance(inputs, fixed[layer.name], part.rest(), _NO_TRACE, Moment(number, 0, 1))
        states = {layer.name: self._engine.parts[layer.name].rest() for layer in self._moving}
        return _Sample(row, number, fixed, states)

    def _advance(self, queue: Iterator[_Sample], space: _Space, start: int, stop: int, entering: Array | None) -> None:
        """Take samples from ``queue`` through steps ``start`` to ``stop``."""
        network, count = self._engine.network, stop - start
        for sample in queue:
            values = dict(sample.fixed)
            work = np.zeros(count, np.float64)
            if entering is not None:
                name = network.input.name
                current = np.asarray(entering[:, sample.row], np.float32)
                values[name] = layout.inwards(current, network.shapes[name])
            for layer in self._moving:
                values[layer.name] = out = space.values[layer.name][:count]
                trace = space.traces.get(layer.name, _NO_TRACE)[:count]
                inputs = [values[name] for name in layer.inputs]
                moment = Moment(sample.number, start, stop)
                self._engine.parts[layer.name].advance(inputs, out, sample.states[layer.name], trace, moment)
            rows = range(sample.row, sample.row + 1)
            so_far = self._recorder.so_far(rows, start, values[network.output.name][None])[0]
            taken = self._decisions.after(sample.row, start, so_far)
            if self._stimulus.kind == "spikes":
                self._count(network.input.name, values[network.input.name][:taken], work[:taken])
            for layer in self._moving:
                if isinstance(layer, Neuron):
                    out = values[layer.name][:taken]
                    trace = space.traces.get(layer.name, _NO_TRACE)[:taken]
                    self._count(layer.name, out, work[:taken])
                    self._recorder.add(layer, sample.row, start, out, trace)
            self._recorder.add_output(rows, start, so_far[None, :taken])
            self._recorder.add_operations(rows, start, work[None, :taken])
            if self._decisions.made[sample.row]:
                self._recorder.hold(sample.row, start + taken)

    def _count(self, name: str, spikes: Array, work: Floats) -> None:
        if name in self._engine.fan_out:
            kernels.count_operations(spikes, self._engine.fan_out[name], work)
