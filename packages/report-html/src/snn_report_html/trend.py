"""What a sweep shows as curves: a measure over the first numeric setting, a line for each value of the others."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from snn.over import told
from snn.swept import Point, Sweep


@dataclass(frozen=True)
class Curve:
    """A line of points that differ in one setting only.

    Attributes
    ----------
    label : str
        The values of the other settings.
    short : str
        The same with the last word of each setting only.
    x, y : tuple of float
    low, high : tuple of float
        The interval of each y; as y where none is known.
    """

    label: str
    short: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True)
class Trend:
    """Curves over a setting.

    Attributes
    ----------
    setting : str
    measure : str
        ``accuracy``, or ``agreement`` where no point has an accuracy.
    curves : tuple of Curve
    logarithmic : bool
        Whether values of the setting lie in factors rather than in steps.
    """

    setting: str
    measure: str
    curves: tuple[Curve, ...]
    logarithmic: bool


def measure(sweep: Sweep) -> str:
    """Return what the points are judged by."""
    known = any(value(point, "accuracy") is not None for point in sweep.points)
    return "accuracy" if known else "agreement"


def value(point: Point, name: str) -> float | None:
    """Return a measure of ``point``; None where it is not known, or no number."""
    found: Any = point.measures.get(name)
    return float(found) if _numeric(found) else None


def best(sweep: Sweep) -> Point | None:
    """Return the point with the highest accuracy, of equal ones that with the fewest operations, then the first."""
    name = measure(sweep)
    known = [point for point in sweep.points if value(point, name) is not None]

    def rank(point: Point) -> tuple[float, float]:
        work = value(point, "operations_per_sample")
        return -(value(point, name) or 0.0), math.inf if work is None else work

    return min(known, key=rank, default=None)


def trend(sweep: Sweep) -> Trend | None:
    """Return the curves of ``sweep``; None where no setting is numeric, or nothing is known of any point."""
    numeric = [name for name in sweep.settings if all(_numeric(found) for found in sweep.values(name))]
    telling = [name for name in numeric if len(sweep.values(name)) > 1] or numeric
    name = measure(sweep)
    known = [point for point in sweep.points if value(point, name) is not None]
    if not telling or not known:
        return None
    setting = telling[0]
    groups: dict[str, list[Point]] = {}
    for point in known:
        others = {key: found for key, found in point.values.items() if key != setting}
        groups.setdefault(_label(others), []).append(point)
    curves = tuple(_curve(label, points, setting, name) for label, points in groups.items())
    places = [x for curve in curves for x in curve.x]
    wide = min(places) > 0 and max(places) / min(places) >= 8
    return Trend(setting, name, curves, wide)


def _curve(label: str, points: Sequence[Point], setting: str, name: str) -> Curve:
    ordered = sorted(points, key=lambda point: float(point.values[setting]))
    x = tuple(float(point.values[setting]) for point in ordered)
    y = tuple(value(point, name) or 0.0 for point in ordered)
    ends = list(zip(y, y, strict=True))
    if name == "accuracy":
        ends = [_interval(point, middle) for point, middle in zip(ordered, y, strict=True)]
    others = {key.rpartition(".")[2]: found for key, found in ordered[0].values.items() if key != setting}
    return Curve(label, _label(others), x, y, tuple(low for low, _ in ends), tuple(high for _, high in ends))


def _label(values: Mapping[str, Any]) -> str:
    return " ".join(f"{setting}={told(found)}" for setting, found in values.items())


def _interval(point: Point, middle: float) -> tuple[float, float]:
    found = point.measures.get("accuracy_interval")
    if isinstance(found, (list, tuple)) and len(found) == 2 and all(map(_numeric, found)):
        return float(found[0]), float(found[1])
    return middle, middle


def _numeric(found: Any) -> bool:
    return isinstance(found, (int, float)) and not isinstance(found, bool) and math.isfinite(found)
