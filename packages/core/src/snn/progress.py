"""How a verb tells that it gets on, and what people should know of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Progress:
    """``done`` of ``total`` parts of ``stage`` are finished; ``note`` is one line for people.

    A ``total`` of 0 says that only the note matters.
    """

    stage: str
    done: int = 0
    total: int = 0
    note: str = ""


@dataclass(frozen=True)
class SweepProgress(Progress):
    """As many points of a sweep are ``done``, ``failed`` ones among them; ``running`` are on their way.

    ``share`` says how far those are on average, from 0 to 1; ``last`` is one line on the point that has just ended.
    """

    running: int = 0
    failed: int = 0
    share: float = 0.0
    last: str = ""


@dataclass(frozen=True)
class EpochProgress(Progress):
    """A trainer has finished an ``epoch`` of so many ``epochs``, the first of which is 1; `done` and `total` follow.

    Attributes
    ----------
    loss, accuracy : float
        On the samples that were learnt from; the accuracy is a share, from 0 to 1.
    validation_loss, validation_accuracy : float or None
        On those that were not; None where there are none, or where they were not looked at in this epoch.
    seconds : float
        What the epoch took.
    """

    stage: str = "train"
    epoch: int = 0
    epochs: int = 0
    loss: float = math.nan
    accuracy: float = math.nan
    validation_loss: float | None = None
    validation_accuracy: float | None = None
    seconds: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "done", self.epoch)
        object.__setattr__(self, "total", self.epochs)


Tell: TypeAlias = Callable[[Progress], None]


def say_nothing(_: Progress) -> None:
    """Ignore progress."""
