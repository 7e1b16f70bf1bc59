"""Let Brian2 step through samples: here, in this process, with code that it makes as it goes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from snn.network import Array

from .brian import b2
from .building import Built


@dataclass(frozen=True, eq=False)
class Timed:
    """Values that change as a run goes on.

    Attributes
    ----------
    values : ndarray, (rows, neurons)
    steps : int
        How many each row lasts.
    """

    values: Array
    steps: int


Given: TypeAlias = Mapping[tuple[str, str], Timed]
"""What statements name, by the group that they are of and the name."""

Report: TypeAlias = Callable[[float], None]
"""Told how much of a run is done, from 0 to 1."""


def give(built: Built, given: Given) -> dict[tuple[str, str], b2.TimedArray]:
    """Let the statements of ``built`` name what is given, and return that as Brian2 has it."""
    arrays = {}
    for place, ((group, word), timed) in enumerate(given.items()):
        arrays[group, word] = b2.TimedArray(timed.values, dt=timed.steps * built.clock.dt, name=f"{word}{place}")
        built.given[group][word] = arrays[group, word]
    return arrays


class Player(ABC):
    """A network in Brian2, ready to play samples one after the other.

    Attributes
    ----------
    built : Built
    samples : int or None
        How many it plays in one run at most; None for any number.
    """

    built: Built
    samples: int | None = None

    @contextmanager
    def active(self) -> Iterator[None]:
        """Have Brian2 as the player needs it; whatever is asked of the network is asked within."""
        yield

    @abstractmethod
    def play(self, given: Given, steps: int, report: Report) -> int:
        """Run ``steps`` steps from rest, and return how many were done; monitors then hold what happened."""

    def facts(self) -> dict[str, object]:
        """Return what is worth knowing."""
        return {"synapses": self.built.synapses, "build_seconds": round(self.built.seconds, 3)}

    def close(self) -> None:  # noqa: B027  what runs here holds nothing
        """Let go of files; may be called more than once."""


class Here(Player):
    """A network that is brought back to rest for each run."""

    def __init__(self, make: Callable[[], Built]) -> None:
        self.built = make()
        self.built.brian.store()

    def play(self, given: Given, steps: int, report: Report) -> int:
        built = self.built
        built.brian.restore()
        give(built, given)

        def done(elapsed: object, completed: float, began: object, whole: object) -> None:
            report(completed)

        built.brian.run(steps * built.clock.dt, namespace={}, report=done, report_period=b2.second)
        return round(float(built.brian.t / built.clock.dt))
