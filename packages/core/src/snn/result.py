"""What a run found, sample by sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .clock import Clock
from .dataset import UNKNOWN
from .network import Network

Classes = npt.NDArray[np.int64]
Curve = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Result:
    """What a run found.

    Attributes
    ----------
    name : str
    backend : str
    clock : Clock
    networks : mapping of stage to Network
        ``parsed``, ``normalised`` and ``spiking``, as far as they are known.
    labels : ndarray of int, (samples,)
        The right class; -1 where unknown.
    analog : ndarray of int, (samples,), or None
        The class that the parsed network gives; None for a network that was never analog.
    spiking : ndarray of int, (steps, samples)
        The class that the spiking network gives after each step; -1 while undecided.
    operations : ndarray, (steps, samples), or None
        Synaptic operations so far.
    analog_operations : int or None
        Multiply-adds of one evaluation of the parsed network.
    seconds : float
        Wall time of `Simulator.run` over all batches; reading, building, the analog pass and writing are not in it.
    facts : mapping
        What the simulator told of its build.
    """

    name: str
    backend: str
    clock: Clock
    networks: Mapping[str, Network]
    labels: Classes
    analog: Classes | None
    spiking: Classes
    operations: Curve | None
    analog_operations: int | None
    seconds: float
    facts: Mapping[str, object]

    @property
    def samples(self) -> int:
        """The number of samples."""
        return self.spiking.shape[1]

    @property
    def steps(self) -> int:
        """The number of steps."""
        return self.spiking.shape[0]

    @property
    def labelled(self) -> npt.NDArray[np.bool_]:
        """Which samples have a label, (samples,)."""
        return self.labels != UNKNOWN

    @property
    def accuracy(self) -> Curve | None:
        """The share of labelled samples that are classified rightly after each step, (steps,)."""
        known = self.labelled
        return (self.spiking[:, known] == self.labels[known]).mean(axis=1) if known.any() else None

    @property
    def analog_accuracy(self) -> float | None:
        """The share of labelled samples that the parsed network classifies rightly."""
        known = self.labelled
        if self.analog is None or not known.any():
            return None
        return float((self.analog[known] == self.labels[known]).mean())

    @property
    def agreement(self) -> Curve | None:
        """The share of samples in which both networks give the same class, after each step, (steps,)."""
        return None if self.analog is None else (self.spiking == self.analog).mean(axis=1)

    @property
    def latency_ms(self) -> Curve:
        """How long each sample takes until its class is the final one for good, (samples,), in milliseconds."""
        other = self.spiking != self.spiking[-1]
        last_change = np.where(other.any(axis=0), self.steps - np.argmax(other[::-1], axis=0), 0)
        return np.asarray((last_change + 1) * self.clock.dt_ms, np.float64)

    @property
    def operations_per_sample(self) -> float | None:
        """Synaptic operations in all steps, the mean of the samples."""
        return None if self.operations is None else float(self.operations[-1].mean())
