"""Train a spiking network directly."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from .clock import Clock
from .component import Component
from .dataset import Dataset
from .encoding import ConstantCurrent
from .network import Network
from .progress import Tell, say_nothing
from .simulating import Stimulus
from .sources import Numbers


class Encode(Protocol):
    """A way to present samples."""

    def __call__(self, data: Dataset, places: Numbers, draw: int = 0) -> Stimulus:
        """Return the samples at ``places`` of ``data``, (batch,), as they enter the network.

        Draw 0 is what `simulate` presents later. Where spikes are random, each other draw gives other ones, so that
        an epoch need not show again what the one before has shown.
        """


@dataclass(frozen=True)
class Currents:
    """Presents each sample as a constant current."""

    clock: Clock = field(default_factory=Clock)

    def __call__(self, data: Dataset, places: Numbers, draw: int = 0) -> Stimulus:
        chosen = data.take(places)
        samples = np.ascontiguousarray(chosen.part(0, len(chosen)), np.float32)
        return ConstantCurrent(samples, chosen.numbers, self.clock)


@dataclass(frozen=True, eq=False)
class Training:
    """What a trainer works on.

    Attributes
    ----------
    data : Dataset
        What it learns from: samples that have been looked at, each of which has a class.
    validation : Dataset or None
        What it does not learn from, but tells how it does on, after each epoch; of the same shape and classes.
    folder : Path or None
        Where it keeps checkpoints: a folder of its own, which exists. None: it keeps none.
    seed : int
        The only source of chance.
    resume : bool
        Whether to go on from the last checkpoint in ``folder``; where there is none, to begin.
    clock : Clock
        How long a sample is shown, and in what steps; that of the network that comes out.
    network : Network or None
        A network whose graph and neurons are taken; None: the trainer's settings say what is trained.
    encode : function
        Presents samples: ``encode(data, places, draw=0)``, as `Encode` has it. By default as constant currents.
    """

    data: Dataset
    validation: Dataset | None = None
    folder: Path | None = None
    seed: int = 0
    resume: bool = False
    clock: Clock = field(default_factory=Clock)
    network: Network | None = None
    encode: Encode = field(default_factory=Currents)

    def __post_init__(self) -> None:
        if isinstance(self.encode, Currents):
            object.__setattr__(self, "encode", Currents(self.clock))

    @property
    def classes(self) -> int:
        """How many outputs the network has: those of ``network``, else one for each class up to the largest."""
        if self.network is not None:
            return int(np.prod(self.network.shapes[self.network.output.name]))
        return int(self.data.labels.max()) + 1


@dataclass(frozen=True)
class Trainer(Component):
    """A training method."""

    @abstractmethod
    def train(self, task: Training, tell: Tell = say_nothing) -> Network:
        """Return a spiking network that has learnt ``task``, with the clock of the task.

        After each epoch an `EpochProgress` is told, and then the checkpoint of the epoch is kept: a training that ends
        between the two trains that epoch again, and no epoch is missing in the table.
        """
