"""How a verb tells that it gets on, and what people should know of it."""

from __future__ import annotations

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


Tell: TypeAlias = Callable[[Progress], None]


def say_nothing(_: Progress) -> None:
    """Ignore progress."""
