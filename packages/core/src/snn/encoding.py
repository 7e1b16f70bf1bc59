"""Turn analog samples into what enters a spiking network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from .network import Array
from .randomness import uniform
from .simulating import Stimulus

STREAM = "input"  # the name of the input's random stream


@dataclass(frozen=True, eq=False)
class ConstantCurrent(Stimulus):
    """The sample itself as a current, the same in every step: ``x * dt``."""

    kind: ClassVar[Literal["current", "spikes"]] = "current"

    def steps(self, start: int, stop: int) -> Array:
        step = self.samples * np.float32(self.clock.dt_ms)
        return np.broadcast_to(step, (stop - start, *step.shape))


@dataclass(frozen=True, eq=False)
class PoissonSpikes(Stimulus):
    """Independent spikes: in each step with probability ``|x| * rate_hz * dt / 1000``, at most 1.

    A spike has the sign of ``x`` and the height ``1000 / rate_hz``, so that the mean input per millisecond is ``x``
    at every rate; a lower rate gives fewer, larger spikes. At 1,000 Hz spikes have height 1.
    """

    rate_hz: float = 1000.0
    seed: int = 0
    kind: ClassVar[Literal["current", "spikes"]] = "spikes"

    def steps(self, start: int, stop: int) -> Array:
        probability = np.abs(self.samples) * np.float32(self.rate_hz * self.clock.dt_ms / 1000)
        height = np.sign(self.samples) * np.float32(1000 / self.rate_hz)
        spikes = np.empty((stop - start, *self.samples.shape), np.float32)
        for row, number in enumerate(self.numbers):
            draws = uniform(self.seed, int(number), STREAM, start, stop, probability[row].size)
            fires = draws.reshape(stop - start, *probability.shape[1:]) < probability[row]
            spikes[:, row] = np.where(fires, height[row], np.float32(0))
        return spikes
