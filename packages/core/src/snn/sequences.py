"""Show samples one after the other, without rest between them, and take what was recorded apart again."""

from __future__ import annotations

import math
from collections.abc import Sequence as Many
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from .clock import Clock
from .network import Array, Network, Shape
from .operations import constant_multiply_adds
from .simulating import Events, Integers, Kind, Record, Recording, Stimulus


@dataclass(frozen=True, eq=False)
class Sequence(Stimulus):
    """Stimuli of the same batch size one after the other; its samples and numbers are those of the first.

    Attributes
    ----------
    parts : tuple of Stimulus
    """

    parts: tuple[Stimulus, ...]

    @property
    def constant(self) -> bool:
        return False

    def of(self, start: int, stop: int) -> Sequence:
        samples, numbers = self.samples[start:stop], self.numbers[start:stop]
        return replace(self, samples=samples, numbers=numbers, parts=tuple(part.of(start, stop) for part in self.parts))

    def steps(self, start: int, stop: int) -> Array:
        length = self.parts[0].clock.steps
        blocks = [
            part.steps(max(start - begin, 0), min(stop - begin, length))
            for begin, part in zip(range(0, self.clock.steps, length), self.parts, strict=True)
            if start < begin + length and begin < stop
        ]
        return np.concatenate([np.zeros((0, *self.samples.shape), np.float32), *blocks])


class SequenceOfCurrents(Sequence):
    """A current that changes from part to part."""

    kind: ClassVar[Kind] = "current"


class SequenceOfSpikes(Sequence):
    """Spikes of one part after those of another."""

    kind: ClassVar[Kind] = "spikes"


def sequence(parts: Many[Stimulus]) -> Stimulus:
    """Return ``parts``, all of one kind, clock and batch size, as one stimulus; the only part as it is."""
    first = parts[0]
    if len(parts) == 1:
        return first
    kind = SequenceOfCurrents if first.kind == "current" else SequenceOfSpikes
    return kind(first.samples, first.numbers, clock(first.clock, len(parts)), parts=tuple(parts))


def clock(single: Clock, parts: int) -> Clock:
    """Return the clock of ``parts`` presentations in a row."""
    return single if parts == 1 else Clock(single.steps * single.dt_ms * parts, single.dt_ms)


def to_record(record: Record, parts: int) -> Record:
    """Return what is to be recorded of a sequence so that `split` can give ``record`` of each part."""
    return record if parts == 1 else Record(spikes=record.spikes | record.counts, potentials=record.potentials)


def split(
    recording: Recording, network: Network, record: Record, parts: int, samples: int, *, current: bool
) -> Recording:
    """Return the recording of sequences, (steps, sequences, …), as one of ``samples``, (steps / parts, samples, …).

    Samples are in the order of presentation, sequence by sequence; the last sequence may have fewer than ``parts``.
    Each sample has the time it was shown in: its output is what the output has fired in that time, or what its
    potential has grown by. Potentials of layers are as they were. Where the input is a ``current``, the layers before
    the first neurons are passed once a sample.
    """
    if parts == 1:
        return recording
    once = constant_multiply_adds(network) if current else 0
    operations = recording.operations
    steps = len(recording.output) // parts
    spikes = {name: _events(events, steps, parts, samples) for name, events in recording.spikes.items()}
    return Recording(
        output=_apart(_growth(recording.output, parts), parts)[:, :samples],
        operations=None if operations is None else _apart(_growth(operations, parts), parts)[:, :samples] + once,
        counts={name: _count(spikes[name], samples, network.shapes[name]) for name in sorted(record.counts)},
        spikes={name: spikes[name] for name in sorted(record.spikes)},
        potentials={name: _apart(values, parts)[:, :samples] for name, values in recording.potentials.items()},
    )


def _growth(values: npt.NDArray[Any], parts: int) -> npt.NDArray[Any]:
    """Return, for each part, what ``values`` (steps, …), which are sums from the start, have grown by in it."""
    length = len(values) // parts
    ends = values[length - 1 : -1 : length]
    before = np.concatenate([np.zeros_like(values[:1]), ends])
    return values - before.repeat(length, axis=0)


def _apart(values: npt.NDArray[Any], parts: int) -> npt.NDArray[Any]:
    """Return (steps, sequences, …) as (steps / parts, sequences * parts, …)."""
    steps, batch, *shape = values.shape
    by_part = values.reshape(parts, steps // parts, batch, *shape)
    return np.moveaxis(by_part, 0, 2).reshape(steps // parts, batch * parts, *shape)


def _events(events: Events, steps: int, parts: int, samples: int) -> Events:
    """Return the spikes of sequences as those of their samples, each of ``steps`` steps."""
    step, sample = events.step % steps, events.sample * parts + events.step // steps
    order = np.lexsort((events.neuron, sample, step))
    order = order[sample[order] < samples]
    return Events(step[order], sample[order], events.neuron[order], events.sign[order])


def _count(events: Events, samples: int, shape: Shape) -> Integers:
    """Return how often each neuron fired, (samples, *shape)."""
    counts = np.zeros((samples, math.prod(shape)), np.int64)
    np.add.at(counts, (events.sample, events.neuron), 1)
    return counts.reshape(samples, *shape)
