"""Train a spiking network directly."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path

from .component import Component
from .dataset import Dataset
from .network import Network
from .progress import Tell, say_nothing


@dataclass(frozen=True, eq=False)
class Training:
    """What a trainer works on.

    Attributes
    ----------
    data : Dataset
        What it learns from.
    validation : Dataset or None
    folder : Path or None
        Where it keeps checkpoints.
    seed : int
    resume : bool
        Whether to go on from the last checkpoint in ``folder``.
    """

    data: Dataset
    validation: Dataset | None = None
    folder: Path | None = None
    seed: int = 0
    resume: bool = False


@dataclass(frozen=True)
class Trainer(Component):
    """A training method."""

    @abstractmethod
    def train(self, task: Training, tell: Tell = say_nothing) -> Network:
        """Return a trained spiking network."""
