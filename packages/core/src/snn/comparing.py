"""Put results side by side: what each found, and the settings in which they differ."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from .result import Result

Unit: TypeAlias = Literal["share", "ms", "s", "count", "J", "text", "coefficient"]
Cell: TypeAlias = float | str | None

_UNITS: Mapping[str, tuple[float, str, str]] = {
    "share": (100, ".2f", " %"),
    "ms": (1, ".4g", " ms"),
    "s": (1, ".4g", " s"),
    "count": (1, ",.0f", ""),
    "J": (1e6, ".3g", " µJ"),
    "coefficient": (1, ".4f", ""),
}
"""What a cell is multiplied with, how it is written, and what follows."""


@dataclass(frozen=True)
class Row:
    """One measure, or one setting, of each run.

    Attributes
    ----------
    section : str
    name : str
    unit : str
        How `told` writes the cells; shares stand from 0 to 1, energies in joules.
    cells : tuple
        None where it is not known.
    """

    section: str
    name: str
    unit: Unit
    cells: tuple[Cell, ...]


def rows(results: Sequence[Result]) -> tuple[Row, ...]:
    """Return the measures of each result, layer by layer too, and the settings that are not the same in all."""
    found = [
        Row("run", "backend", "text", tuple(result.backend for result in results)),
        Row("run", "samples", "count", tuple(result.samples for result in results)),
        Row("run", "duration", "ms", tuple(result.steps * result.clock.dt_ms for result in results)),
        Row("accuracy", "accuracy", "share", tuple(_last(result.accuracy) for result in results)),
        Row("accuracy", "… from", "share", tuple(_end(result, 0) for result in results)),
        Row("accuracy", "… to (95 %)", "share", tuple(_end(result, 1) for result in results)),
        Row("accuracy", "analog accuracy", "share", tuple(result.analog_accuracy for result in results)),
        Row("accuracy", "agreement", "share", tuple(_last(result.agreement) for result in results)),
        Row("accuracy", "decided after (mean)", "ms", tuple(_latency(result) for result in results)),
        Row("cost", "synaptic operations", "count", tuple(result.operations_per_sample for result in results)),
        Row("cost", "analog multiply-adds", "count", tuple(result.analog_operations for result in results)),
        *(
            Row("cost", f"energy, {name}", "J", tuple(_energy(result, place) for result in results))
            for place, name in enumerate(_energies(results))
        ),
        Row("cost", "simulated in", "s", tuple(None if result.not_simulated else result.seconds for result in results)),
    ]
    names = dict.fromkeys(layer.name for result in results for layer in result.layers)
    found += [
        Row("layers", f"correlation of {name}", "coefficient", tuple(_correlation(result, name) for result in results))
        for name in names
    ]
    return (*found, *_settings(results))


def titles(folders: Iterable[Path]) -> list[str]:
    """Return the shortest ends of the paths that tell the folders apart."""
    parts = [folder.absolute().parts for folder in folders]
    for length in range(1, max(map(len, parts)) + 1):
        ends = ["/".join(part[-length:]) for part in parts]
        if len(set(ends)) == len(set(parts)):
            return ends
    return ["/".join(part) for part in parts]


def told(cell: Cell, unit: Unit) -> str:
    """Return ``cell`` as people read it."""
    if cell is None or isinstance(cell, str):
        return cell or "–"
    scale, form, after = _UNITS[unit]
    return f"{scale * cell:{form}}{after}"


def _last(curve: Any) -> float | None:
    return None if curve is None else float(curve[-1])


def _latency(result: Result) -> float | None:
    return float(result.latency_ms.mean()) if result.samples else None


def _end(result: Result, end: int) -> float | None:
    interval = result.accuracy_interval
    return None if interval is None else float(interval[end, -1])


def _energies(results: Sequence[Result]) -> list[str]:
    names = ([estimate.name for estimate in result.energy] for result in results)
    return next((found for found in names if found), [])


def _energy(result: Result, place: int) -> float | None:
    return result.energy[place].spiking if result.energy else None


def _correlation(result: Result, name: str) -> float | None:
    return next((layer.correlation for layer in result.layers if layer.name == name), None)


def _settings(results: Sequence[Result]) -> list[Row]:
    """Return the settings that are not the same in all ``results``; of files, their names only."""
    flat = [dict(_flat(result.tables)) for result in results]
    keys = dict.fromkeys(key for table in flat for key in table)
    differ = [key for key in keys if len({_text(table.get(key)) for table in flat}) > 1]
    return [Row("settings", key, "text", tuple(_text(table.get(key)) for table in flat)) for key in differ]


def _flat(tables: Mapping[str, Any], before: str = "") -> Iterable[tuple[str, Any]]:
    for key, value in tables.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, default=str) if not isinstance(value, np.generic) else str(value)
