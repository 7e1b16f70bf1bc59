"""What is told of a sweep: a table for people, rows and an object for programs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..over import told
from ..swept import Point, Sweep
from .amounts import count, percent

if TYPE_CHECKING:
    from rich.table import Table

SCHEMA = 1
MEASURES = (
    "samples",
    "accuracy",
    "accuracy_low",
    "accuracy_high",
    "analog_accuracy",
    "agreement",
    "operations_per_sample",
    "latency_ms",
    "seconds",
)
"""The measures with a column of their own in sweep.csv; one that no point has, and nothing promises, has none."""

_ALWAYS = frozenset(MEASURES) - {"accuracy_low", "accuracy_high"}
_BAR = 10  # blocks; a table of many columns has little room
_BORDER = 3  # characters between two columns
_LONGEST = 24  # characters of a value before it is folded
_COLUMNS = {"accuracy": 8, "": _BAR, "agreement": 9, "operations": 10, "latency": 8, "time": 8}
"""The columns of measures, with their widths."""

_LEFT_OUT = ("", "time", "latency", "operations", "agreement")
_MOST_ROWS = 200  # on a terminal; nobody reads more


def columns(sweep: Sweep) -> tuple[str, ...]:
    """Return the heads of the rows."""
    return (*sweep.settings, "status", "error", *_measures(sweep))


def rows(sweep: Sweep) -> Iterable[tuple[object, ...]]:
    """Yield a row a point; what is not known is empty."""
    for point in sweep.points:
        measures = _with_bounds(point)
        found = (measures.get(name) for name in _measures(sweep))
        values = [told(point.values[setting]) for setting in sweep.settings]
        yield (*values, point.status, point.error, *("" if value is None else value for value in found))


def content(sweep: Sweep, folder: Path) -> dict[str, Any]:
    """Return the content of sweep.json: the measures that are one value, for each point's own file holds all."""
    return {
        "schema": SCHEMA,
        "name": sweep.name,
        "settings": list(sweep.settings),
        "points": [
            {
                "values": dict(point.values),
                "status": point.status,
                "error": point.error,
                "measures": {
                    name: value for name, value in _with_bounds(point).items() if not isinstance(value, (list, dict))
                },
                "folder": _inside(point.folder, folder),
            }
            for point in sweep.points
        ],
    }


def table(sweep: Sweep, width: int) -> Table:
    """Return a row a point, with a bar for its accuracy; what ``width`` characters do not hold is left to the files."""
    from rich.table import Table  # noqa: PLC0415  not for those who never print
    from rich.text import Text  # noqa: PLC0415

    failed = f", {len(sweep.failed)} failed" if sweep.failed else ""
    title = f"{sweep.name}: {len(sweep.points)} points{failed}"
    if len(sweep.points) > _MOST_ROWS:
        title += f"; the first {_MOST_ROWS}, the others are in the files"
    found = Table(title=title, title_justify="left")
    values = [[told(point.values[setting]) for setting in sweep.settings] for point in sweep.points[:_MOST_ROWS]]
    widths = []
    for place, setting in enumerate(sweep.settings):
        lines = [*setting.replace(".", ".\n").splitlines(), *(row[place] for row in values)]
        widths.append(min(_LONGEST, max(map(len, lines))))
        found.add_column(
            setting.replace(".", ".\n"), justify="right", overflow="fold", min_width=widths[-1], max_width=widths[-1]
        )
    shown = _fitting(width - 1 - sum(size + _BORDER for size in widths))
    for heading in shown:
        found.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for point, row in zip(sweep.points, values, strict=False):
        cells = [Text(value) for value in row]
        if point.status == "failed":
            found.add_row(*cells, Text("failed", style="red"))
        else:
            measured = dict(zip(_COLUMNS, _cells(point), strict=True))
            found.add_row(*cells, *(measured[heading] for heading in shown))
    return found


def errors(sweep: Sweep) -> list[str]:
    """Return a line for each error, with the point that has it, or how many have."""
    found: dict[str, list[str]] = {}
    for point in sweep.failed:
        found.setdefault(point.error, []).append(point.label)
    return [f"{p[0] if len(p) == 1 else f'{len(p)} points'}: {error}" for error, p in found.items()]


def _fitting(width: int) -> list[str]:
    """Return the columns that ``width`` characters hold, the least needed ones left out."""
    shown = list(_COLUMNS)
    for heading in _LEFT_OUT:
        if sum(_COLUMNS[heading] + _BORDER for heading in shown) <= width:
            break
        shown.remove(heading)
    return shown


def _cells(point: Point) -> tuple[str, ...]:
    accuracy = point.measures.get("accuracy")
    operations, latency = (point.measures.get(name) for name in ("operations_per_sample", "latency_ms"))
    seconds = point.measures.get("seconds")
    return (
        percent(accuracy),
        "" if accuracy is None else "█" * round(_BAR * accuracy),
        percent(point.measures.get("agreement")),
        "–" if operations is None else count(operations),
        "–" if latency is None else f"{latency:.3g} ms",
        "–" if seconds is None else f"{seconds:.2f} s",
    )


def _measures(sweep: Sweep) -> list[str]:
    there = {name for point in sweep.points for name in _with_bounds(point)}
    return [name for name in MEASURES if name in _ALWAYS or name in there]


def _with_bounds(point: Point) -> dict[str, Any]:
    """Return the measures of a point, the two ends of an interval apart."""
    interval = point.measures.get("accuracy_interval")
    ends = {} if interval is None else {"accuracy_low": interval[0], "accuracy_high": interval[1]}
    return {**point.measures, **ends}


def _inside(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)
