"""Make a recording of spikes and potentials: what is left to do for simulators that know only those."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from .network import Array, Network, Shape
from .neurons import Neuron
from .operations import constant_multiply_adds, fan_out
from .simulating import Events, Integers, Record, Recording, Stimulus

_PART_BYTES = 2**26  # of input spikes that are looked at together


def assemble(
    network: Network,
    stimulus: Stimulus,
    record: Record,
    spikes: Mapping[str, Events],
    potentials: Mapping[str, Array],
) -> Recording:
    """Return the recording of one batch on a network without latched neurons and windows.

    Parameters
    ----------
    network : Network
    stimulus : Stimulus
    record : Record
        What was asked for; nothing else is kept.
    spikes : mapping of layer name to Events
        Those of every layer of spiking neurons.
    potentials : mapping of layer name to ndarray, (steps, batch, *shape)
        After each step and its reset: those asked for, and that of an output which does not spike.
    """
    steps, batch, last = stimulus.clock.steps, len(stimulus.samples), network.output
    if isinstance(last, Neuron) and last.spiking:
        output = spikes[last.name].dense(steps, batch, network.shapes[last.name]).cumsum(axis=0, dtype=np.float32)
    else:
        output = potentials[last.name]
    return Recording(
        output=output.reshape(steps, batch, -1),
        operations=_operations(network, stimulus, spikes),
        counts={name: _counts(spikes[name], batch, network.shapes[name]) for name in record.counts},
        spikes={name: spikes[name] for name in record.spikes},
        potentials={name: potentials[name] for name in record.potentials},
    )


def in_order(step: Integers, sample: Integers, neuron: Integers) -> Events:
    """Return spikes of sign +1, (spikes,) each, in the order that `Events` has."""
    order = np.lexsort((neuron, sample, step))
    places = [column[order].astype(np.int32) for column in (step, sample, neuron)]
    return Events(places[0], places[1], places[2], np.ones(len(order), np.int8))


def _counts(events: Events, batch: int, shape: Shape) -> Integers:
    size = math.prod(shape)
    places = events.sample.astype(np.int64) * size + events.neuron
    return np.bincount(places, minlength=batch * size).reshape(batch, *shape)


def _operations(network: Network, stimulus: Stimulus, spikes: Mapping[str, Events]) -> npt.NDArray[np.float64]:
    """Return the synaptic operations so far, (steps, batch)."""
    steps, batch, driven = stimulus.clock.steps, len(stimulus.samples), fan_out(network)
    total = np.zeros((steps, batch))
    for name, events in spikes.items():
        places = events.step.astype(np.int64) * batch + events.sample
        counted = np.bincount(places, weights=driven[name].ravel()[events.neuron], minlength=steps * batch)
        total += counted.reshape(steps, batch)
    if stimulus.kind == "current":
        if stimulus.constant:  # else whoever knows how often it changes counts them
            total[0] += constant_multiply_adds(network)
        return total.cumsum(axis=0)
    size = math.prod(stimulus.samples.shape)
    part = max(1, _PART_BYTES // (4 * size))
    for start in range(0, steps, part):
        stop = min(start + part, steps)
        fired = (stimulus.steps(start, stop) != 0).reshape((stop - start) * batch, -1)
        total[start:stop] += (fired @ driven[network.input.name].ravel()).reshape(-1, batch)
    return total.cumsum(axis=0)
