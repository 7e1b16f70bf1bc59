"""Write what a run found to files that other programs read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from .. import writing
from ..reporting import Needs, Reporter
from ..result import Result
from ..summary import summary
from ..swept import Sweep
from . import sweeps


@dataclass(frozen=True)
class Files(Reporter):
    """Writes result.json (a summary), samples.csv (a row a sample), curve.csv (a row a step); of a sweep, sweep.csv."""

    name: ClassVar[str] = "files"
    needs: ClassVar[Needs] = Needs(simulated=False)

    def report(self, result: Result, folder: Path | None) -> None:
        if folder is None:
            return
        writing.write(folder / "result.json", json.dumps(summary(result), indent=1) + "\n")
        if result.not_simulated:
            return
        writing.write(folder / "samples.csv", _csv(_SAMPLE_COLUMNS, _samples(result)))
        writing.write(folder / "curve.csv", _csv(_CURVE_COLUMNS, _curve(result)))

    def sweep(self, sweep: Sweep, folder: Path) -> None:
        writing.write(folder / "sweep.csv", _csv(sweeps.columns(sweep), sweeps.rows(sweep)))
        writing.write(folder / "sweep.json", json.dumps(sweeps.content(sweep, folder), indent=1) + "\n")


_SAMPLE_COLUMNS = ("index", "label", "analog", "spiking", "correct", "operations")


def _samples(result: Result) -> Iterable[tuple[object, ...]]:
    final = result.spiking[-1]
    for index in range(result.samples):
        known = bool(result.labelled[index])
        yield (
            index if result.numbers is None else int(result.numbers[index]),
            int(result.labels[index]) if known else "",
            "" if result.analog is None else int(result.analog[index]),
            int(final[index]),
            int(final[index] == result.labels[index]) if known else "",
            "" if result.operations is None else float(result.operations[-1, index]),
        )


_CURVE_COLUMNS = (
    "time_ms",
    "accuracy",
    "accuracy_low",
    "accuracy_high",
    "top_k",
    "top_k_low",
    "top_k_high",
    "agreement",
    "operations",
    "neuron_operations",
)


def _curve(result: Result) -> Iterable[tuple[object, ...]]:
    k = min(result.top_k, result.classes)
    interval, top_interval = result.accuracy_interval, result.top_interval(k)
    ends, top_ends = ((None, None) if found is None else found for found in (interval, top_interval))
    operations = None if result.operations is None else result.operations.mean(axis=1)
    classes = (result.accuracy, *ends, result.top(k), *top_ends, result.agreement)
    columns = (*classes, operations, result.neuron_operations)
    for step in range(result.steps):
        cells = ("" if column is None else float(column[step]) for column in columns)
        yield ((step + 1) * result.clock.dt_ms, *cells)


def _csv(columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
