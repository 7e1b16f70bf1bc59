"""Gather what a run of neurons with windows is asked to keep, some samples at a time."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from snn import windows
from snn.network import Network
from snn.simulating import Events, Record, Recording

from .emissions import Emission
from .wiring import Floats, Indices


class WindowRecorder:
    """The arrays of one recording; different samples may be added at the same time."""

    def __init__(self, network: Network, record: Record, steps: int, batch: int) -> None:
        shapes = network.shapes
        self._record = record
        self._output, self._fires = network.output.name, network.output.name in windows.starts(network)
        self._batch = batch
        self.output = np.zeros((steps, batch, math.prod(shapes[self._output])), np.float32)
        self.operations = np.zeros((steps, batch), np.float64)
        self._counts = {name: np.zeros((batch, *shapes[name]), np.int64) for name in sorted(record.counts)}
        self._potentials = {
            name: np.zeros((steps, batch, *shapes[name]), np.float32) for name in sorted(record.potentials)
        }
        self._events: dict[str, list[_Spikes]] = {name: [] for name in sorted(record.spikes)}

    def add(self, name: str, emission: Emission, levels: Indices, start: int, rows: slice) -> None:
        """Add what the neurons ``name`` do in their window, which begins with step ``start``."""
        if name in self._counts:
            self._counts[name][rows] = emission.counts(levels)
        if name in self._events:
            self._events[name].append(_spikes(emission, levels.reshape(len(levels), -1), start, rows.start))
        if name == self._output:
            for step in range(emission.steps):
                worth = emission.worth(levels, step + 1)
                self.output[start + step, rows] = worth.reshape(len(levels), -1)
            self.output[start + emission.steps :, rows] = self.output[start + emission.steps - 1, rows]

    def add_potential(self, name: str, potential: Floats, start: int, stop: int, rows: slice) -> None:
        """Add the potential that the neurons ``name`` have after each of the steps ``start`` to ``stop``."""
        if name in self._potentials:
            self._potentials[name][start:stop, rows] = potential
        if name == self._output and not self._fires:
            self.output[start:stop, rows] = potential.reshape(len(potential), -1)

    def finish(self) -> Recording:
        """Return the recording."""
        return Recording(
            self.output,
            np.cumsum(self.operations, axis=0),
            self._counts,
            {name: _events(parts) for name, parts in self._events.items()},
            self._potentials,
        )


_Spikes = tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int32]]


def _spikes(emission: Emission, levels: Indices, start: int, first: int) -> _Spikes:
    """Return step, sample and neuron of the spikes of ``levels``, (samples, neurons)."""
    found = [np.nonzero(emission.spikes(levels, step)) for step in range(emission.steps)]
    step = np.repeat(np.arange(start, start + len(found), dtype=np.int32), [len(sample) for sample, _ in found])
    sample = np.concatenate([sample for sample, _ in found]) + first
    neuron = np.concatenate([neuron for _, neuron in found])
    return step, sample.astype(np.int32), neuron.astype(np.int32)


def _events(parts: list[_Spikes]) -> Events:
    """Return all spikes in order of step, sample and neuron."""
    step, sample, neuron = (np.concatenate([np.zeros(0, np.int32), *(part[i] for part in parts)]) for i in range(3))
    order = np.lexsort((neuron, sample, step))
    return Events(step[order], sample[order], neuron[order], np.ones(len(step), np.int8))
