"""Where accuracy is gained and lost: over time, and over operations."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup
from snn.result import Result

from ..amounts import count, milliseconds, per_cent
from ..charts import scales
from ..charts.lines import Floats, Line, Mark, line_chart, times
from ..section import Section

CLOSE = 0.01  # what "nearly there" means
_FEW_STEPS = 8  # from here on time stands in powers of two: most happens early
_ROWS = 12
_NO_LABELS = "The samples have no labels, so there is no accuracy, only agreement. "


def section(result: Result) -> Section:
    """Return accuracy and agreement over time and over operations."""
    lead = "" if result.accuracy is not None else _NO_LABELS
    if result.accuracy is None and result.agreement is None:
        return Section(
            "accuracy",
            "Accuracy",
            "Accuracy",
            missing="The samples have no labels, and there is no analog network to agree with: give labels, y in "
            "data.samples.",
        )
    charts = [over_time(result)]
    if result.operations is not None and result.accuracy is not None:
        charts.append(over_operations(result))
    return Section(
        "accuracy",
        "Accuracy over time and work",
        "Accuracy",
        {"lead": lead + told(result), "charts": charts, "rows": rows(result), "k": _k(result)},
    )


def nearly(curve: Floats) -> int:
    """Return the first step, from 0, from which on ``curve`` stays within `CLOSE` of its last value."""
    away = np.flatnonzero(np.abs(curve - curve[-1]) > CLOSE + 1e-12)
    return int(away[-1]) + 1 if away.size else 0


def told(result: Result) -> str:
    """Return when the network is nearly as good as in the end, and at what cost."""
    curve = result.accuracy if result.accuracy is not None else result.agreement
    if curve is None or result.steps < 2:
        return ""
    step, best = nearly(curve), int(np.argmax(curve))
    what = "accuracy" if result.accuracy is not None else "agreement"
    found = f"From {milliseconds((step + 1) * result.clock.dt_ms)} on the {what} is within one point of its last value"
    if result.operations is not None:
        share = float(result.operations[step].mean() / max(float(result.operations[-1].mean()), 1e-12))
        found += f"; by then {per_cent(share, 0)} of the operations are done"
    if _surely_below(result, best):
        time = milliseconds((best + 1) * result.clock.dt_ms)
        told = f"The {what} is highest, {per_cent(float(curve[best]))}, after {time}"
        return f"{told}, and falls from there: stop earlier."
    if step == result.steps - 1:
        return f"The {what} still changes in the last step: a longer run may give more."
    return f"{found}."


def _surely_below(result: Result, best: int) -> bool:
    """Return whether the accuracy at the end is below that at step ``best`` by more than chance."""
    interval = result.accuracy_interval
    return interval is not None and bool(interval[0, best] > interval[1, -1] + CLOSE)


def over_time(result: Result) -> Markup:
    """Return accuracy and agreement against the time a sample has been shown."""
    time = times(result.steps, result.clock.dt_ms)
    lines, across = [], []
    if result.agreement is not None:
        kind = "agreement" if result.accuracy is None else "agreement thin"
        lines.append(Line(f"agreement {_short(result.agreement[-1])}", kind, time, result.agreement))
    top = None if _k(result) is None else result.top(_k(result) or 1)
    if top is not None:
        lines.append(Line(f"top {_k(result)} {_short(top[-1])}", "spiking thin", time, top))
    if result.accuracy is not None and result.accuracy_interval is not None:  # last, so that it lies above the others
        low, high = result.accuracy_interval
        lines.append(Line(f"spiking {_short(result.accuracy[-1])}", "spiking", time, result.accuracy, low, high))
    if result.analog_accuracy is not None:
        across.append(Mark(f"analog {_short(result.analog_accuracy)}", "analog", result.analog_accuracy))
    what = "Accuracy over time" if result.accuracy is not None else "Agreement over time"
    return line_chart(
        what,
        "; ".join([*(f"{line.name} at the end" for line in lines), *(mark.name for mark in across)]),
        lines,
        ("time shown, ms", "share of samples"),
        across=across,
        logarithmic=result.steps >= _FEW_STEPS,
        labels=(scales.plain, scales.per_cent),
        bounds=(0.0, 1.0),
    )


def over_operations(result: Result) -> Markup:
    """Return accuracy against the synaptic operations done so far."""
    if result.operations is None or result.accuracy is None:
        message = "there are no operations, or no labels"
        raise ValueError(message)
    work = result.operations.mean(axis=1)
    low, high = result.accuracy_interval if result.accuracy_interval is not None else (None, None)
    useful = work > 0  # before, nothing has happened, and a logarithm has no zero
    if not useful.any():
        useful, work = np.ones(len(work), bool), work + 1
    parts = [None if part is None else part[useful] for part in (low, high)]
    line = Line(
        f"spiking {_short(result.accuracy[-1])}", "spiking", work[useful], result.accuracy[useful], parts[0], parts[1]
    )
    across, up = [], []
    if result.analog_accuracy is not None:
        across.append(Mark(f"analog {_short(result.analog_accuracy)}", "analog", result.analog_accuracy))
    if result.analog_operations:
        up.append(Mark(f"analog: {count(result.analog_operations)}", "analog", float(result.analog_operations)))
    return line_chart(
        "Accuracy over operations",
        f"{line.name} after {count(float(work[-1]))} operations a sample",
        [line],
        ("operations a sample so far", "share of samples"),
        across=across,
        up=up,
        logarithmic=True,
        labels=(lambda value: count(float(f"{value:.2g}")), scales.per_cent),
        bounds=(0.0, 1.0),
    )


def rows(result: Result) -> list[tuple[str, ...]]:
    """Return the curves as figures at about a dozen steps: time, accuracy, top k, agreement and operations."""
    marks = [2**power for power in range(64) if 2**power < result.steps]
    marks = [*marks[:: -(-len(marks) // _ROWS) or 1], result.steps]
    top = None if _k(result) is None else result.top(_k(result) or 1)
    found: list[tuple[str, ...]] = []
    for mark in marks:
        cells = [
            None if curve is None else float(curve[mark - 1]) for curve in (result.accuracy, top, result.agreement)
        ]
        interval = result.accuracy_interval
        low, high = (None, None) if interval is None else (float(end) for end in interval[:, mark - 1])
        ends = "–" if low is None else f"{100 * low:.1f} – {per_cent(high, 1)}"
        work = None if result.operations is None else float(result.operations[mark - 1].mean())
        time = milliseconds(mark * result.clock.dt_ms)
        found.append((time, per_cent(cells[0]), ends, per_cent(cells[1]), per_cent(cells[2]), count(work)))
    return found


def _k(result: Result) -> int | None:
    """Return how many classes count as the first, where that says more than the first alone."""
    k = min(result.top_k, result.classes)
    return k if 1 < k < result.classes and result.classes > 10 and result.top(k) is not None else None


def _short(share: float | np.float64) -> str:
    return f"{100 * float(share):.4g}\u202f%"
