"""Write what a run found to files that other programs read."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from .. import storage, writing
from ..reporting import Reporter
from ..result import Result

SCHEMA = 1


@dataclass(frozen=True)
class Files(Reporter):
    """Writes result.json (a summary), samples.csv (a row a sample) and curve.csv (a row a step)."""

    name: ClassVar[str] = "files"

    def report(self, result: Result, folder: Path | None) -> None:
        if folder is None:
            return
        writing.write(folder / "result.json", json.dumps(summary(result), indent=1) + "\n")
        writing.write(folder / "samples.csv", _csv(_SAMPLE_COLUMNS, _samples(result)))
        writing.write(folder / "curve.csv", _csv(_CURVE_COLUMNS, _curve(result)))


def summary(result: Result) -> dict[str, Any]:
    """Return the content of result.json; shares are from 0 to 1, what is not known is None."""
    accuracy, agreement = result.accuracy, result.agreement
    return {
        "schema": SCHEMA,
        "name": result.name,
        "backend": result.backend,
        "samples": result.samples,
        "steps": result.steps,
        "dt_ms": result.clock.dt_ms,
        "accuracy": None if accuracy is None else float(accuracy[-1]),
        "accuracy_over_time": None if accuracy is None else [float(share) for share in accuracy],
        "analog_accuracy": result.analog_accuracy,
        "agreement": None if agreement is None else float(agreement[-1]),
        "operations_per_sample": result.operations_per_sample,
        "analog_operations_per_sample": result.analog_operations,
        "latency_ms": float(result.latency_ms.mean()),
        "seconds": result.seconds,
        "digests": {stage: storage.digest(network) for stage, network in result.networks.items()},
        "facts": {key: _fact(value) for key, value in result.facts.items()},
    }


def _fact(value: object) -> object:
    """Return ``value`` as it can stand in JSON, which has no infinity and none of NumPy's numbers."""
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, (int, str)) or (isinstance(plain, float) and math.isfinite(plain)):
        return plain
    return str(plain)


_SAMPLE_COLUMNS = ("index", "label", "analog", "spiking", "correct", "operations")


def _samples(result: Result) -> Iterable[tuple[object, ...]]:
    final = result.spiking[-1]
    for index in range(result.samples):
        known = bool(result.labelled[index])
        yield (
            index,
            int(result.labels[index]) if known else "",
            "" if result.analog is None else int(result.analog[index]),
            int(final[index]),
            int(final[index] == result.labels[index]) if known else "",
            "" if result.operations is None else float(result.operations[-1, index]),
        )


_CURVE_COLUMNS = ("time_ms", "accuracy", "agreement", "operations")


def _curve(result: Result) -> Iterable[tuple[object, ...]]:
    accuracy, agreement = result.accuracy, result.agreement
    for step in range(result.steps):
        yield (
            (step + 1) * result.clock.dt_ms,
            "" if accuracy is None else float(accuracy[step]),
            "" if agreement is None else float(agreement[step]),
            "" if result.operations is None else float(result.operations[step].mean()),
        )


def _csv(columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
