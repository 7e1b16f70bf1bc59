"""Gather what a run is asked to keep, sample by sample, and put it together as a recording."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from snn.network import Array, Network
from snn.neurons import Neuron
from snn.simulating import Record, Recording

from . import layout
from .packed import listing
from .packed.packing import Words
from .packed.trains import PackedTrains
from .trains import Trains
from .wiring import Floats


class Recorder:
    """The arrays of one recording; different samples may be added at the same time."""

    def __init__(self, network: Network, record: Record, steps: int, batch: int) -> None:
        last = network.output
        self._shapes = network.shapes
        self._record = record
        self._output = last.name
        self._latched = isinstance(last, Neuron) and last.latched
        self._spiking = isinstance(last, Neuron) and last.spiking
        self.output = np.zeros((steps, batch, math.prod(self._shapes[self._output])), np.float32)
        self._output_potentials = np.zeros_like(self.output) if self._latched else None
        self.operations = np.zeros((steps, batch), np.float64)
        self._counts = {name: np.zeros((batch, *self._shapes[name]), np.int64) for name in sorted(record.counts)}
        self._potentials = {
            name: np.zeros((steps, batch, *self._shapes[name]), np.float32) for name in sorted(record.potentials)
        }
        self._trains = {name: Trains(steps, batch) for name in sorted(record.spikes)}
        self._packed = {name: PackedTrains(self._shapes[name], steps, batch) for name in sorted(record.spikes)}

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
        if name in self._trains:
            spikes = layout.outwards(out, shape).reshape(len(out), -1)
            step, neuron = np.nonzero(spikes)
            per_step = np.bincount(step, minlength=len(out)).astype(np.int32)
            sign = np.sign(spikes[step, neuron]).astype(np.int8)
            self._trains[name].add(sample, start, per_step, neuron.astype(np.int32), sign)
        if name == self._output and self._output_potentials is not None:
            self._output_potentials[start:stop, sample] = layout.outwards(trace, shape).reshape(len(out), -1)

    def add_packed(self, layer: Neuron, rows: range, start: int, spikes: Words) -> None:
        """Add the packed spikes of ``layer``, (samples, cells, steps, words), of these rows from step ``start`` on."""
        name = layer.name
        if name in self._counts:
            counts = self._counts[name][rows.start : rows.stop]
            listing.count_spikes(spikes, counts.reshape(*counts.shape[:2], -1))
        if name in self._record.spikes:
            self._packed[name].add(rows, start, spikes)

    def so_far(self, rows: range, start: int, out: Array) -> Array:
        """Return the state of the output after steps in which it gave ``out``, (samples, steps, elements), each.

        Returns
        -------
        ndarray, (samples, steps, classes)
        """
        given = layout.outwards(out.reshape(-1, out.shape[2]), self._shapes[self._output]).reshape(*out.shape[:2], -1)
        if not self._spiking:
            return given
        before = np.zeros((len(rows), 1, given.shape[2]), np.float32)
        if start:
            before[:, 0] = self.output[start - 1, rows.start : rows.stop]
        # One sum from the first step on, so that spikes of any height add up to the same in blocks of any size.
        return np.cumsum(np.concatenate([before, given], axis=1), axis=1)[:, 1:]

    def add_output(self, rows: range, start: int, so_far: Array) -> None:
        """Set the state of the output after the steps from ``start`` on, (samples, steps, classes)."""
        self.output[start : start + so_far.shape[1], rows.start : rows.stop] = so_far.swapaxes(0, 1)

    def hold(self, sample: int, start: int) -> None:
        """Keep everything from step ``start`` on as it is after the step before."""
        for values in (self.output, *self._potentials.values()):
            values[start:, sample] = values[start - 1, sample]

    def add_operations(self, rows: range, start: int, work: Floats) -> None:
        """Add the synaptic operations of the steps from ``start`` on, (samples, steps)."""
        self.operations[start : start + work.shape[1], rows.start : rows.stop] += work.T

    def finish(self, threads: int, pool: ThreadPoolExecutor) -> Recording:
        """Return the recording; what is left to do is done in the ``threads`` of ``pool``, or later in as many."""
        return Recording(
            self.output,
            np.cumsum(self.operations, axis=0),
            self._counts,
            {name: self._packed[name].events(threads) or trains.events(pool) for name, trains in self._trains.items()},
            self._potentials,
            self._output_potentials,
        )
