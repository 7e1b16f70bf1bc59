"""What a sweep found: one run, repeated over values of settings, point by point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from .over import told

Status: TypeAlias = Literal["done", "failed"]


@dataclass(frozen=True)
class Point:
    """What one run of a sweep found.

    Attributes
    ----------
    values : mapping of setting to value
        One for each of `Sweep.settings`, in their order: ``{"convert.reset": "zero", "simulate.duration_ms": 40}``.
        Values are as TOML has them: numbers, strings, booleans, lists and tables.
    status : ``done`` or ``failed``
    error : str
        Why it failed, in one line; empty where it is done.
    measures : mapping of str to value
        The content of its result.json, plain values as JSON has them: ``accuracy``, ``accuracy_over_time``,
        ``operations_per_sample``, …; None where a measure is not known, empty where the point failed. Ask with ``get``:
        later versions measure more.
    folder : Path
        Where the files of this run are.
    """

    values: Mapping[str, Any]
    status: Status
    error: str
    measures: Mapping[str, Any]
    folder: Path

    @property
    def label(self) -> str:
        """The point in words, as ``convert.reset=zero simulate.duration_ms=40``."""
        return " ".join(f"{setting}={told(value)}" for setting, value in self.values.items())


@dataclass(frozen=True)
class Sweep:
    """What a sweep found.

    Attributes
    ----------
    name : str
        That of the run file.
    settings : tuple of str
        What was swept, in the order in which it was given: ``("convert.reset", "simulate.duration_ms")``.
    points : tuple of Point
        Every combination of values; those of the last setting change fastest.
    """

    name: str
    settings: tuple[str, ...]
    points: tuple[Point, ...]

    def values(self, setting: str) -> tuple[Any, ...]:
        """Return the values of ``setting``, in the order in which they were given."""
        found: list[Any] = []
        for point in self.points:
            value = point.values[setting]
            if not any(value == other and type(value) is type(other) for other in found):  # True is no 1 here
                found.append(value)
        return tuple(found)

    @property
    def failed(self) -> tuple[Point, ...]:
        """The points that failed."""
        return tuple(point for point in self.points if point.status == "failed")
