"""A simulator for neurons that fire in windows, layer by layer: all their steps at once, in closed form.

When the window of a layer begins, everything it reads is there, and its potential is the layers before it applied to
what the spikes of earlier windows were *worth*, all together: operations are sums, and what a max-pool gives adds up to
the largest sum (docs/decisions/0003). So each operation is computed once, by core's reference in float64, on what has
been given in all steps, and only what is asked for step by step, the output for one, is computed for each of its steps.
The step loop gives the same, sum by sum; the tests hold both against each other.

A sample meets nothing of another: also matrix products are made sample by sample, as their last bits may depend on how
many rows there are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from time import perf_counter

import numpy as np
from snn import analog, windows
from snn import layers as op
from snn.errors import SimulationError
from snn.network import Layer, Network
from snn.neurons import Neuron
from snn.operations import analog_part, constant_multiply_adds, fan_out
from snn.simulating import Recording, Setup, Simulator, Stimulus

from .checking import check_record, processors
from .emissions import Emission
from .window_recording import WindowRecorder
from .wiring import Floats, Indices

PART_BYTES = 2**24  # the values of the samples that a thread takes at once
STEP_BYTES = 2**20  # the values of the steps that are passed as one batch: more leave the cache


@dataclass(frozen=True)
class WindowEngine:
    """What the engine of a code brings: ``place`` returns a layer of neurons as an `Emission`."""

    name: str
    place: Callable[[Layer], Emission]


class WindowSimulator(Simulator):
    """A network whose neurons fire in windows, ready to run; it keeps nothing between runs."""

    def __init__(self, network: Network, setup: Setup, threads: int, engine: WindowEngine) -> None:
        started = perf_counter()
        check_record(network, setup.record)
        windows.check_clock(network, setup.clock)
        self._network, self._setup, self._name = network, setup, engine.name
        self._threads = threads or processors()
        self._starts = windows.starts(network)
        self._emissions = {name: engine.place(network[name]) for name in self._starts}
        self._fan_out = {name: paths.reshape(-1) for name, paths in fan_out(network).items() if name in self._starts}
        self._once = constant_multiply_adds(network)
        traced = {network.output.name} if network.output.name not in self._starts else set()
        self._ways = {name: self._way(name) for name in sorted(traced | setup.record.potentials)}
        self._seconds = perf_counter() - started

    def run(self, stimulus: Stimulus) -> Recording:
        network, clock = self._network, self._setup.clock
        shape = network.shapes[network.input.name]
        if stimulus.samples.shape[1:] != shape:
            raise SimulationError(f"samples have shape {stimulus.samples.shape[1:]}, but the network takes {shape}")
        if stimulus.clock != clock:
            raise SimulationError(f"the stimulus is made for {stimulus.clock}, but the simulator for {clock}")
        if not stimulus.constant:
            raise SimulationError(f"the neurons of code {self._name!r} take a constant current, and no spikes")
        batch = len(stimulus.samples)
        recorder = WindowRecorder(network, self._setup.record, clock.steps, batch)
        recorder.operations[0] += self._once
        size = max(1, min(math.ceil(batch / self._threads), self._samples_together()))
        parts = [slice(start, min(start + size, batch)) for start in range(0, batch, size)]
        with ThreadPoolExecutor(self._threads) as pool:
            turns = [pool.submit(self._present, stimulus, rows, recorder) for rows in parts]
            try:
                for turn in turns:
                    turn.result()
            finally:
                pool.shutdown(cancel_futures=True)  # after an error or Ctrl-C, no thread takes another part
        return recorder.finish()

    def facts(self) -> Mapping[str, object]:
        return {"engine": self._name, "threads": self._threads, "build_seconds": self._seconds}

    def _samples_together(self) -> int:
        return PART_BYTES // (8 * sum(math.prod(shape) for shape in self._network.shapes.values()))

    def _way(self, name: str) -> tuple[Layer, ...]:
        """Return the layers between the neurons ``name`` and those that they read, in order."""
        network, fixed = self._network, analog_part(self._network)
        wanted = set(network[name].inputs)
        found = []
        for layer in reversed(network.layers):
            if layer.name in wanted and layer.name not in fixed and not isinstance(layer, Neuron):
                found.append(layer)
                wanted |= set(layer.inputs)
        return tuple(reversed(found))

    def _present(self, stimulus: Stimulus, rows: slice, recorder: WindowRecorder) -> None:
        """Take the samples in ``rows`` through all windows."""
        network = self._network
        values: dict[str, Floats] = {network.input.name: np.asarray(stimulus.samples[rows], np.float64)}
        levels: dict[str, Indices] = {}
        for layer in network.layers[1:]:
            inputs = [values[name] for name in layer.inputs]
            if not isinstance(layer, Neuron):
                values[layer.name] = _apply(layer, *inputs)
            elif layer.window:
                emission, start = self._emissions[layer.name], self._starts[layer.name]
                levels[layer.name] = level = emission.levels(inputs[0] + emission.rest)
                values[layer.name] = emission.worth(level, emission.steps)
                recorder.add(layer.name, emission, level, start, rows)
                work = emission.work(level.reshape(len(level), -1), self._fan_out[layer.name])
                recorder.operations[start : start + emission.steps, rows] += work
        for name in self._ways:
            for start, stop, potential in self._potentials(name, values, levels):
                recorder.add_potential(name, potential, start, stop, rows)

    def _potentials(
        self, name: str, values: Mapping[str, Floats], levels: Mapping[str, Indices]
    ) -> Iterator[tuple[int, int, Floats]]:
        """Yield the potential of the neurons ``name`` with the steps after which it is that, from one to another."""
        network, steps = self._network, self._setup.clock.steps
        emission = self._emissions.get(name)
        own = self._starts.get(name, steps)
        (source,) = network[name].inputs
        way = self._ways[name]
        read = {source, *(inner for layer in way for inner in layer.inputs)} - {layer.name for layer in way}
        moving = read & set(levels)
        changes = sorted({0, *(self._starts[one] + i for one in moving for i in range(self._emissions[one].steps))})
        spans = [(start, min(stop, own)) for start, stop in pairwise([*changes, steps]) if start < own]
        together = max(1, STEP_BYTES // sum(8 * values[one].size for one in (*read, *(layer.name for layer in way))))
        for first in range(0, len(spans), together):
            block = spans[first : first + together]  # its steps, all samples of each, are passed as one batch
            now = {one: np.concatenate([self._given(one, values, levels, start) for start, _ in block]) for one in read}
            for layer in way:
                now[layer.name] = _apply(layer, *(now[inner] for inner in layer.inputs))
            for (start, stop), potential in zip(block, np.split(now[source], len(block)), strict=True):
                yield start, stop, potential + (emission.rest if emission else 0.0)
        if emission:
            before = values[source] + emission.rest
            for step in range(1, emission.steps + 1):
                stop = own + step if step < emission.steps else steps
                yield own + step - 1, stop, emission.potential(before, levels[name], step)

    def _given(self, name: str, values: Mapping[str, Floats], levels: Mapping[str, Indices], step: int) -> Floats:
        """Return the sum of what the layer ``name``, of neurons or before any, has given up to the end of ``step``."""
        if name not in levels:
            return values[name]
        emission = self._emissions[name]
        return emission.worth(levels[name], min(max(step + 1 - self._starts[name], 0), emission.steps))


def _apply(layer: Layer, *inputs: Floats) -> Floats:
    """Return the output of ``layer``, (batch, *shape), in which no sample depends on how many there are."""
    if isinstance(layer, op.Dense):
        return np.matmul(inputs[0][:, None], layer.weight.T.astype(np.float64))[:, 0] + layer.bias
    if isinstance(layer, op.ConvTranspose):
        return np.concatenate([_reference(layer, row[None]) for row in inputs[0]])
    return _reference(layer, *inputs)


_reference: Callable[..., Floats] = analog.apply  # type: ignore[assignment]  # of float64 it makes float64
