"""What a run found, sample by sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from .clock import Clock
from .dataset import UNKNOWN
from .measures.advice import Advice, advise
from .measures.energy import EnergySettings, Estimate, Work, estimates
from .measures.intervals import wilson
from .measures.layer import LayerMeasures
from .network import Network
from .operations import analog_values, constant_multiply_adds, neurons
from .shown import ShownSample

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
    ranks, analog_ranks : ndarray of int, (steps, samples) and (samples,), or None
        How many classes the spiking, or the parsed, network puts before the right one; -1 where that is unknown.
    numbers : ndarray of int, (samples,), or None
        Of each sample in its data set; None where they are 0, 1, 2, …
    layers : tuple of LayerMeasures
        Of each layer of neurons, in order; empty where they were not asked for.
    current : bool
        Whether the input was a constant current, which passes the layers before the first neurons once.
    costs : EnergySettings
    top_k : int
        The right class counts where it is among the first so many.
    shown : ShownSample or None
        One sample in detail, where a reporter needed one.
    skipped : int
        Samples that were left out because they could not be read.
    tables : mapping
        The settings of the run, as TOML tables.
    command : str
        What repeats the run.
    not_simulated : str
        Why nothing was simulated, where the backend has only built the network: `facts` tell of that, and there are no
        samples. Empty where it was.
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
    ranks: Classes | None = None
    analog_ranks: Classes | None = None
    numbers: Classes | None = None
    layers: tuple[LayerMeasures, ...] = ()
    current: bool = True
    costs: EnergySettings = field(default_factory=EnergySettings)
    top_k: int = 5
    shown: ShownSample | None = None
    skipped: int = 0
    tables: Mapping[str, Any] = field(default_factory=dict)
    command: str = ""
    not_simulated: str = ""

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
    def accuracy_interval(self) -> Curve | None:
        """The 95 % interval of the accuracy after each step, (2, steps): its ends, by Wilson's score."""
        accuracy = self.accuracy
        return None if accuracy is None else wilson(accuracy, int(self.labelled.sum()))

    def top(self, k: int) -> Curve | None:
        """Return the share of labelled samples whose class is among the ``k`` first after each step, (steps,)."""
        known = self.labelled
        if self.ranks is None or not known.any():
            return None
        return np.asarray((self.ranks[:, known] < k).mean(axis=1), np.float64)

    def top_interval(self, k: int) -> Curve | None:
        """Return the 95 % interval of `top` after each step, (2, steps): its ends, by Wilson's score."""
        top = self.top(k)
        return None if top is None else wilson(top, int(self.labelled.sum()))

    def analog_top(self, k: int) -> float | None:
        """Return the share of labelled samples whose class the parsed network puts among the ``k`` first."""
        known = self.labelled
        return None if self.analog_ranks is None or not known.any() else float((self.analog_ranks[known] < k).mean())

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
        return None if self.analog is None or not self.samples else (self.spiking == self.analog).mean(axis=1)

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

    @property
    def classes(self) -> int:
        """The number of classes."""
        spiking = self.networks["spiking"]
        return int(np.prod(spiking.shapes[spiking.output.name]))

    def confusion(self, given: Classes) -> npt.NDArray[np.int64]:
        """Return how often each label got each class of ``given`` (samples,), (classes, classes + 1).

        Rows are labels; the last column is those without a decision. Unlabelled samples are left out.
        """
        classes = self.classes
        known = self.labelled
        column = np.where(given[known] < 0, classes, given[known])
        places = self.labels[known] * (classes + 1) + column
        return np.bincount(places, minlength=classes * (classes + 1)).reshape(classes, classes + 1)

    @property
    def neuron_operations(self) -> Curve:
        """Updates of neurons so far, one a neuron and step, (steps,); a simulator driven by events may do fewer."""
        return np.arange(1, self.steps + 1, dtype=np.float64) * neurons(self.networks["spiking"])

    @property
    def energy(self) -> tuple[Estimate, ...]:
        """Three estimates of the energy of a sample (`snn.measures.energy`); none where operations are not counted."""
        total = self.operations_per_sample
        if total is None:
            return ()
        parsed = self.networks.get("parsed")
        return estimates(
            Work(
                synaptic=total,
                once=float(min(total, constant_multiply_adds(self.networks["spiking"]))) if self.current else 0.0,
                updates=float(self.neuron_operations[-1]),
                multiply_adds=self.analog_operations,
                analog_values=None if parsed is None else analog_values(parsed),
                steps=self.steps,
            ),
            self.costs,
        )

    @property
    def advice(self) -> Advice | None:
        """The first layer that does not keep the analog activations, with what to try; None where all do."""
        return advise(self.layers)
