"""Gather what a run is asked to keep, sample by sample, and put it together as a recording."""

from __future__ import annotations

import math

import numpy as np
from snn.network import Array, Network
from snn.neurons import Neuron
from snn.simulating import Events, Record, Recording

from . import layout, packed
from .packed import Words
from .wiring import Floats


class Recorder:
    """The arrays of one recording; different samples may be added at the same time."""

    def __init__(self, network: Network, record: Record, steps: int, batch: int) -> None:
        self._shapes = network.shapes
        self._record = record
        last = network.output
        self._output = last.name
        self._latched = isinstance(last, Neuron) and last.latched
        self.output = np.zeros((steps, batch, math.prod(self._shapes[self._output])), np.float32)
        self._output_potentials = np.zeros_like(self.output) if self._latched else None
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
        return self._record.potentials | ({self._output} if self._latched else set())

    def add(self, layer: Neuron, sample: int, start: int, out: Array, trace: Array) -> None:
        """Add what ``layer`` gave, and its potentials, in the steps from ``start`` on, (steps, elements) each."""
        name, stop = layer.name, start + len(out)
        shape = self._shapes[name]
        if name in self._potentials:
            self._potentials[name][start:stop, sample] = layout.outwards(trace, shape)
        if name in self._counts:
            self._counts[name][sample] += layout.outwards(np.count_nonzero(out, axis=0)[None], shape)[0]
        if name in self._events:
            spikes = layout.outwards(out, shape).reshape(len(out), -1)
            step, neuron = np.nonzero(spikes)
            sign = np.sign(spikes[step, neuron])
            self._events[name][sample].append(np.stack([step + start, neuron, sign]).astype(np.int32))
        if name == self._output:
            so_far = layout.outwards(out, shape).reshape(len(out), -1)
            if layer.spiking:
                so_far = np.cumsum(so_far, axis=0) + (self.output[start - 1, sample] if start else np.float32(0))
            self.output[start:stop, sample] = so_far
            if self._output_potentials is not None:
                self._output_potentials[start:stop, sample] = layout.outwards(trace, shape).reshape(len(out), -1)

    def add_packed(self, layer: Neuron, sample: int, start: int, spikes: Words) -> None:
        """Add the packed spikes of ``layer``, (cells, steps, words), from step ``start`` on."""
        name, shape = layer.name, self._shapes[layer.name]
        if name in self._counts:
            packed.count_spikes(spikes, self._counts[name][sample].reshape(shape[0], -1))
        if name in self._events:
            per_step = np.zeros(spikes.shape[1], np.int32)
            neurons = np.empty(packed.spikes_in(spikes), np.int32)
            packed.list_spikes(spikes, shape[0], per_step, neurons)
            step = np.repeat(np.arange(start, start + len(per_step), dtype=np.int32), per_step)
            self._events[name][sample].append(np.stack([step, neurons, np.ones_like(neurons)]))

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
            self._output_potentials,
        )


def _events(samples: list[list[Array]]) -> Events:
    """Return the spikes of all samples, each (step, neuron and sign, spikes), in order of step, sample and neuron."""
    parts = [np.concatenate([np.zeros((3, 0), np.int32), *blocks], axis=1) for blocks in samples]
    step, neuron, sign = np.concatenate([np.zeros((3, 0), np.int32), *parts], axis=1)
    sample = np.repeat(np.arange(len(parts), dtype=np.int32), [part.shape[1] for part in parts])
    order = np.argsort(step, kind="stable")  # within a step, samples and neurons are in order already
    return Events(step[order], sample[order], neuron[order], sign[order].astype(np.int8))
