"""What a layer of neurons with a window makes of its potential: a whole number each, its level, says all it does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .wiring import Floats, Indices


@dataclass(frozen=True)
class Emission(ABC):
    """The neurons of one layer, of any batch.

    Attributes
    ----------
    steps : int
        The length of the window.
    top : int
        The highest level; 0 is silence.
    unit : float
        What the spikes of a neuron are worth for each level.
    rest : float
        The potential at rest.
    """

    steps: int
    top: int
    unit: float
    rest: float = 0.0

    @abstractmethod
    def levels(self, potential: Floats) -> Indices:
        """Return the level of each neuron, from its potential when the window begins."""

    @abstractmethod
    def spikes(self, levels: Indices, step: int) -> npt.NDArray[np.bool_]:
        """Return which neurons fire in ``step`` of the window, from 0."""

    @abstractmethod
    def worth(self, levels: Indices, steps: int) -> Floats:
        """Return what the spikes of the first ``steps`` steps of the window have been worth in these steps."""

    def potential(self, before: Floats, levels: Indices, steps: int) -> Floats:
        """Return the potential after ``steps`` steps of the window, from that ``before`` it."""
        return before

    def counts(self, levels: Indices) -> Indices:
        """Return the number of spikes of each neuron."""
        return np.sum([self.spikes(levels, step) for step in range(self.steps)], axis=0, dtype=np.int64)

    def work(self, levels: Indices, fan_out: Floats) -> Floats:
        """Return, for levels (batch, elements), the sum of ``fan_out`` over the spikes of each step, (steps, batch)."""
        return np.array([self.spikes(levels, step) @ fan_out for step in range(self.steps)], np.float64)


class Bits(Emission):
    """Neurons whose spikes are the bits of their level, the highest first."""

    def spikes(self, levels: Indices, step: int) -> npt.NDArray[np.bool_]:
        return (levels >> (self.steps - 1 - step)) & 1 == 1

    def worth(self, levels: Indices, steps: int) -> Floats:
        left = self.steps - steps
        return (levels >> left << left).astype(np.float64) * self.unit


def nearest_below(potential: Floats, unit: float, top: int, share: float = 0.0) -> Indices:
    """Return ``floor(potential / unit + share)``, from 0 to ``top``."""
    level = potential / unit
    level += share
    np.floor(level, out=level)
    return np.clip(level, 0, top, out=level).astype(np.int64)
