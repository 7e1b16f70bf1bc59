"""Turn analog samples into what enters a spiking network."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from .network import Array
from .randomness import uniform
from .simulating import Kind, Stimulus
from .sources import InputEvents, Numbers

STREAM = "input"  # the name of the input's random stream


@dataclass(frozen=True, eq=False)
class ConstantCurrent(Stimulus):
    """The sample itself as a current, the same in every step: ``x * dt``."""

    kind: ClassVar[Kind] = "current"

    def steps(self, start: int, stop: int) -> Array:
        step = self.samples * np.float32(self.clock.dt_ms)
        return np.broadcast_to(step, (stop - start, *step.shape))


@dataclass(frozen=True, eq=False)
class PoissonSpikes(Stimulus):
    """Independent spikes: in each step with probability ``|x| * rate_hz * dt / 1000``, at most 1.

    A spike has the sign of ``x`` and the height ``1000 / rate_hz``, so that the mean input per millisecond is ``x``
    at every rate; a lower rate gives fewer, larger spikes. At 1,000 Hz spikes have height 1.

    With a ``maximum`` spikes are those of the ancestor: the probability is ``|x| * rate_hz * dt / (1000 * maximum)``
    and the height ``maximum``, so that the mean is ``x * rate_hz / 1000``.
    """

    rate_hz: float = 1000.0
    seed: int = 0
    maximum: float | None = None
    kind: ClassVar[Kind] = "spikes"

    def steps(self, start: int, stop: int) -> Array:
        most = 1000 / self.rate_hz if self.maximum is None else self.maximum
        per_unit = self.rate_hz * self.clock.dt_ms / 1000 / (1.0 if self.maximum is None else self.maximum)
        probability = np.abs(self.samples) * np.float32(per_unit)
        height = np.sign(self.samples) * np.float32(most)
        spikes = np.empty((stop - start, *self.samples.shape), np.float32)
        for row, number in enumerate(self.numbers):
            draws = uniform(self.seed, int(number), STREAM, start, stop, probability[row].size)
            fires = draws.reshape(stop - start, *probability.shape[1:]) < probability[row]
            spikes[:, row] = np.where(fires, height[row], np.float32(0))
        return spikes


@dataclass(frozen=True, eq=False)
class RegularSpikes(Stimulus):
    """Evenly spaced spikes: as many as ``|x| * rate_hz`` asks for, at most one a step, and nothing left to chance.

    ::

        p = min(|x| * rate_hz * dt / 1000, 1)                                   spikes per step
        s(n) = h * (floor(n * p + 1/2) - floor((n - 1) * p + 1/2))              in step n = 1, 2, …

    with the sign of ``x`` and the height ``|h| = 1000 / rate_hz``. The first spike comes half an interval after the
    start, so that the number of spikes is the nearest to ``n * p`` after every step, and the mean input per millisecond
    differs from ``x`` by at most half a spike over the presentation.
    """

    rate_hz: float = 1000.0
    kind: ClassVar[Kind] = "spikes"

    def steps(self, start: int, stop: int) -> Array:
        share = np.minimum(np.abs(self.samples.astype(np.float64)) * (self.rate_hz * self.clock.dt_ms / 1000), 1)
        height = np.sign(self.samples) * np.float32(1000 / self.rate_hz)
        spikes = np.empty((stop - start, *self.samples.shape), np.float32)
        before = np.floor(start * share + 0.5)
        for step in range(start, stop):
            after = np.floor((step + 1) * share + 0.5)
            spikes[step - start] = (after - before) * height
            before = after
        return spikes


@dataclass(frozen=True, eq=False)
class EventSpikes(Stimulus):
    """The events of recordings, each at its time.

    An event at the time ``t`` of a recording of length ``T`` enters in step ``floor(t / step_us)``, or, without
    ``step_us``, in step ``floor(t * steps / T)``: the recording is stretched or shrunk to the presentation. Its height
    is its value times ``steps * dt``, so that the mean input per millisecond is the analog sample. Several events of an
    element in one step are one spike of the sum of their heights; with ``unit``, of height 1 and the sign of that sum.

    Attributes
    ----------
    recorded : tuple of InputEvents
        Those of each sample, (batch,).
    step_us : float or None
        Microseconds of a recording that enter in a step; None for its length over the steps.
    unit : bool
        Whether spikes have height 1, as sensors and chips have them, whatever the analog sample.
    """

    recorded: tuple[InputEvents, ...]
    step_us: float | None = None
    unit: bool = False
    kind: ClassVar[Kind] = "spikes"

    def of(self, start: int, stop: int) -> EventSpikes:
        samples, numbers = self.samples[start:stop], self.numbers[start:stop]
        return replace(self, samples=samples, numbers=numbers, recorded=self.recorded[start:stop])

    def steps(self, start: int, stop: int) -> Array:
        shape = self.samples.shape
        spikes = np.zeros((stop - start, shape[0], math.prod(shape[1:])), np.float32)
        for row, (step, element, height) in enumerate(self._placed):
            first, last = np.searchsorted(step, (start, stop))
            np.add.at(spikes[:, row], (step[first:last] - start, element[first:last]), height[first:last])
        if self.unit:
            np.sign(spikes, out=spikes)
        return spikes.reshape(stop - start, *shape)

    @cached_property
    def _placed(self) -> list[tuple[Numbers, Numbers, npt.NDArray[np.float32]]]:
        """The step, element and height of the events of each sample, in order of steps."""
        found = []
        duration_ms = self.clock.steps * self.clock.dt_ms
        for events in self.recorded:
            step = steps_of(events, self.clock.steps, self.step_us)
            order = np.argsort(step, kind="stable")
            height = (events.value[order] * duration_ms).astype(np.float32)
            found.append((step[order], events.element[order], height))
        return found


def steps_of(events: InputEvents, steps: int, step_us: float | None) -> Numbers:
    """Return the step that each event enters in, (events,); ``steps`` and above are after the presentation."""
    if step_us is None:
        return events.time * steps // max(1, events.ticks)
    return np.floor(events.time * (events.tick_us / step_us)).astype(np.int64)
