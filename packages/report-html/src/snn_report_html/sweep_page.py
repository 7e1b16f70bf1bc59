"""The page of a sweep: its best point, curves over the first numeric setting, and a table of all points."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import numpy as np
from snn.over import told
from snn.swept import Point, Sweep

from .amounts import count, joules, milliseconds, per_cent
from .charts import scales
from .charts.elements import shortened
from .charts.lines import Line, line_chart
from .page import environment
from .trend import Curve, best, measure, trend, value

_NAMED = 6  # curves with a colour and a name of their own
_NAME_WIDTH = 140.0


def sweep_page(sweep: Sweep, folder: Path, title: str = "", page: str = "report.html") -> str:
    """Return what ``sweep`` found as HTML; points whose ``page`` is below ``folder`` lead to it."""
    top = best(sweep)
    return (
        environment()
        .get_template("sweep.html")
        .render(
            title=title or sweep.name,
            sentence=sentence(sweep, top),
            charts=charts(sweep),
            settings=sweep.settings,
            rows=[row(point, sweep, folder, page, point is top) for point in sweep.points],
            failed=[(point.label, point.error) for point in sweep.failed],
            count=len(sweep.points),
        )
    )


def sentence(sweep: Sweep, top: Point | None) -> str:
    """Return what came out, in one sentence."""
    if top is None:
        return "No point has an accuracy or an agreement to compare."
    what = measure(sweep)
    analog = value(top, "analog_accuracy")
    beside = f" The analog network has {per_cent(analog)}." if what == "accuracy" and analog is not None else ""
    return f"The best {what}, {per_cent(value(top, what))}, comes with {top.label}.{beside}"


def charts(sweep: Sweep) -> list[str]:
    """Return the curves: of the judged measure over the setting, and over operations."""
    found = trend(sweep)
    if found is None:
        return []
    ranked = sorted(found.curves, key=lambda curve: -max(curve.y))
    kinds = {curve.label: f"series{place}" for place, curve in enumerate(ranked[:_NAMED])}
    lines = [_line(curve, kinds.get(curve.label)) for curve in reversed(ranked)]
    described = "; ".join(f"{curve.label or found.setting}: {_listed(curve)}" for curve in ranked)
    drawn = line_chart(
        f"{found.measure.capitalize()} over {found.setting}",
        described,
        lines,
        (found.setting, f"{found.measure}, share of samples"),
        logarithmic=found.logarithmic,
        labels=(scales.plain, scales.per_cent),
        bounds=(0.0, 1.0),
        dots=True,
    )
    return [drawn, *_over_operations(sweep, found.measure)]


def row(point: Point, sweep: Sweep, folder: Path, page: str, is_best: bool) -> dict[str, object]:
    """Return a row of the table."""
    interval = point.measures.get("accuracy_interval")
    ends = "–"
    if isinstance(interval, (list, tuple)) and len(interval) == 2:
        ends = f"{100 * interval[0]:.1f} – {per_cent(interval[1], 1)}"
    latency, energy = value(point, "latency_ms"), point.measures.get("energy")
    first = energy[0].get("spiking") if isinstance(energy, list) and energy else None
    return {
        "values": [told(point.values[name]) for name in sweep.settings],
        "best": is_best,
        "failed": point.status == "failed",
        "accuracy": per_cent(value(point, "accuracy")),
        "interval": ends,
        "agreement": per_cent(value(point, "agreement")),
        "operations": count(value(point, "operations_per_sample")),
        "energy": joules(first),
        "latency": "–" if latency is None else milliseconds(latency),
        "page": link(point.folder / page, folder),
    }


def link(page: Path, folder: Path) -> str:
    """Return the address of ``page`` seen from ``folder``, if it is there and below it; else nothing."""
    try:
        inside = page.resolve().relative_to(folder.resolve())
    except ValueError:
        return ""
    return quote(inside.as_posix()) if page.is_file() else ""


def _line(curve: Curve, kind: str | None) -> Line:
    name = "" if kind is None else shortened(curve.short, _NAME_WIDTH)
    parts = (np.array(part, np.float64) for part in (curve.x, curve.y, curve.low, curve.high))
    x, y, low, high = parts
    return Line(name, kind or "others thin", x, y, low, high)


def _over_operations(sweep: Sweep, what: str) -> list[str]:
    """Return the judged measure over operations, a dot a point, where these are counted."""
    known = [
        (work, share)
        for point in sweep.points
        if (work := value(point, "operations_per_sample")) and (share := value(point, what)) is not None
    ]
    if len(known) < 2:
        return []
    known.sort()
    front = [pair for place, pair in enumerate(known) if all(pair[1] > other[1] for other in known[:place])]
    lines = [
        Line("", "others", np.array([work]), np.array([share])) for work, share in known if (work, share) not in front
    ]
    lines.append(Line("nothing better", "spiking", *(np.array(part, np.float64) for part in zip(*front, strict=True))))
    drawn = line_chart(
        f"{what.capitalize()} over operations",
        f"{len(front)} of {len(known)} points have no other that is better with as few operations",
        lines,
        ("operations a sample", f"{what}, share of samples"),
        logarithmic=True,
        labels=(scales.plain, scales.per_cent),
        bounds=(0.0, 1.0),
        dots=True,
    )
    return [drawn]


def _listed(curve: Curve) -> str:
    return ", ".join(f"{x:g}: {per_cent(y)}" for x, y in zip(curve.x, curve.y, strict=True))
