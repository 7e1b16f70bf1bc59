"""Gather what a run is asked to keep, sample by sample, and put it together as a recording."""

from __future__ import annotations

import math

import numpy as np
from snn.network import Array, Network
from snn.neurons import Neuron
from snn.simulating import Events, Record, Recording

from . import layout
from .wiring import Floats


class Recorder:
    """The arrays of one recording; different samples may be added at the same time."""

    def __init__(self, network: Network, record: Record, steps: int, batch: int) -> None:
        self._shapes = network.shapes
        self._record = record
        self._output = network.output.name
        self._spiking = isinstance(network.output, Neuron) and network.output.spiking
        self.output = np.zeros((steps, batch, math.prod(self._shapes[self._output])), np.float32)
        self.operations = np.zeros((steps, batch), np.float64)
        self._counts = {name: np.zeros((batch, *self._shapes[name]), np.int64) for name in sorted(record.counts)}
        self._potentials = {
            name: np.zeros((steps, batch, *self._shapes[name]), np.float32) for name in sorted(record.potentials)
        }
        self._events: dict[str, list[list[Array]]] = {
            name: [[] for _ in range(batch)] for name in sorted(record.spikes)
        }

    @property
    def traced(self) -> frozenset[str]:
        """The names of the neurons whose potentials are kept."""
        return self._record.potentials

    def add(self, layer: Neuron, sample: int, start: int, out: Array, trace: Array) -> None:
        """Add what ``layer`` gave, and its potentials, in the steps from ``start`` on, (steps, elements) each."""
        name = layer.name
        shape = self._shapes[name]
        if name in self._potentials:
            self._potentials[name][start : start + len(trace), sample] = layout.outwards(trace, shape)
        if name in self._counts:
            self._counts[name][sample] += layout.outwards(np.count_nonzero(out, axis=0)[None], shape)[0]
        if name in self._events:
            step, neuron = np.nonzero(layout.outwards(out, shape).reshape(len(out), -1))
            self._events[name][sample].append(np.stack([step + start, neuron]).astype(np.int32))

    def so_far(self, sample: int, start: int, out: Array) -> Array:
        """Return the state of the output, (steps, classes), after steps from ``start`` on in which it gave ``out``."""
        given = layout.outwards(out, self._shapes[self._output]).reshape(len(out), -1)
        if not self._spiking:
            return given
        before = self.output[start - 1 : start, sample] if start else np.zeros((1, given.shape[1]), np.float32)
        # One sum from the first step on, so that spikes of any height add up to the same in blocks of any size.
        return np.cumsum(np.concatenate([before, given]), axis=0)[1:]

    def add_output(self, sample: int, start: int, so_far: Array) -> None:
        """Set the state of the output after the steps from ``start`` on, (steps, classes)."""
        self.output[start : start + len(so_far), sample] = so_far

    def hold(self, sample: int, start: int) -> None:
        """Keep everything from step ``start`` on as it is after the step before."""
        for values in (self.output, *self._potentials.values()):
            values[start:, sample] = values[start - 1, sample]

    def add_operations(self, sample: int, start: int, work: Floats) -> None:
        """Add the synaptic operations of the steps from ``start`` on, (steps,)."""
        self.operations[start : start + len(work), sample] += work

    def finish(self) -> Recording:
        """Return the recording."""
        return Recording(
            self.output,
            np.cumsum(self.operations, axis=0),
            self._counts,
            {name: _events(samples) for name, samples in self._events.items()},
            self._potentials,
        )


def _events(samples: list[list[Array]]) -> Events:
    """Return the spikes of all samples, each (step and neuron, spikes), in order of step, sample and neuron."""
    parts = [np.concatenate([np.zeros((2, 0), np.int32), *blocks], axis=1) for blocks in samples]
    step, neuron = np.concatenate([np.zeros((2, 0), np.int32), *parts], axis=1)
    sample = np.repeat(np.arange(len(parts), dtype=np.int32), [part.shape[1] for part in parts])
    order = np.argsort(step, kind="stable")  # within a step, samples and neurons are in order already
    return Events(step[order], sample[order], neuron[order], np.ones(len(step), np.int8))
