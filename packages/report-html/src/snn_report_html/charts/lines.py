"""Lines over time or work, each with its name at its end, and the interval it is known to as a band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from .elements import BOLD, WIDTH, chart, tag, text
from .frame import Frame, horizontal, vertical
from .scales import Label, Scale, exact, linear, plain

Floats = npt.NDArray[np.float64]
MOST_POINTS = 300
_LABEL_HEIGHT = 14.0


@dataclass(frozen=True, eq=False)
class Line:
    """A line through points (x, y).

    Attributes
    ----------
    name : str
        Written at its end.
    kind : str
        The class that gives it colour and dashes.
    x, y : ndarray, (points,)
    low, high : ndarray, (points,), or None
        A band around it.
    """

    name: str
    kind: str
    x: Floats
    y: Floats
    low: Floats | None = None
    high: Floats | None = None


@dataclass(frozen=True)
class Mark:
    """A value that a line is compared with, drawn through the whole frame."""

    name: str
    kind: str
    value: float


def line_chart(
    title: str,
    description: str,
    lines: Sequence[Line],
    axes: tuple[str, str],
    *,
    across: Sequence[Mark] = (),
    up: Sequence[Mark] = (),
    logarithmic: bool = False,
    labels: tuple[Label, Label] = (plain, plain),
    bounds: tuple[float, float] | None = None,
    dots: bool = False,
) -> Markup:
    """Return a chart of ``lines``.

    Parameters
    ----------
    axes : titles of the horizontal and of the vertical axis
    across : marks at a value of y
    up : marks at a value of x
    bounds : the values between which y must stay
    dots : whether each point is marked, not only the last
    """
    names = [*(line.name for line in lines), *(mark.name for mark in across)]
    room = max((len(name) for name in names), default=0) * BOLD + 10
    frame = Frame(right=WIDTH - min(room, 0.38 * WIDTH))
    xs = [float(v) for line in lines for v in (line.x[0], line.x[-1])] + [mark.value for mark in up]
    ys = [float(v) for line in lines for part in (line.y, line.low, line.high) if part is not None for v in _ends(part)]
    ys += [mark.value for mark in across]
    if logarithmic:
        x_scale = Scale(min(xs), max(xs), frame.left, frame.right, logarithmic=True)
    else:
        x_scale = exact(xs, frame.left, frame.right)
    y_scale = linear(ys, frame.bottom, frame.top, zero=bounds is None)
    if bounds is not None:
        y_scale = Scale(max(bounds[0], y_scale.low), min(bounds[1], y_scale.high), frame.bottom, frame.top)
    parts = [
        *vertical(frame, y_scale, axes[1], labels[1]),
        *horizontal(frame, x_scale, axes[0], labels[0]),
    ]
    for mark in up:
        x = x_scale(mark.value)
        anchor, shift = ("end", -5.0) if x > (frame.left + frame.right) / 2 else ("start", 5.0)
        parts.append(tag("path", d=f"M{x:.1f} {frame.top:g}V{frame.bottom:g}", class_=f"line {mark.kind} mark"))
        parts.append(text(x + shift, frame.bottom - 8, mark.name, f"label {mark.kind}", anchor))
    ends = []
    for mark in across:
        y = y_scale(mark.value)
        parts.append(tag("path", d=f"M{frame.left:g} {y:.1f}H{frame.right:g}", class_=f"line {mark.kind} mark"))
        ends.append((y, mark.name, mark.kind))
    for line in lines:
        places = picked(len(line.x), logarithmic=logarithmic)
        points = [(x_scale(float(line.x[i])), y_scale(float(line.y[i]))) for i in places]
        if line.low is not None and line.high is not None:
            over = [(x_scale(float(line.x[i])), y_scale(float(line.high[i]))) for i in places]
            under = [(x_scale(float(line.x[i])), y_scale(float(line.low[i]))) for i in reversed(places)]
            parts.append(tag("path", d=f"{path([*over, *under])}Z", class_=f"band {line.kind}"))
        if len(points) > 1:
            parts.append(tag("path", d=path(points), class_=f"line {line.kind}"))
        for x, y in points if dots else points[-1:]:
            parts.append(tag("circle", cx=x, cy=y, r=3.0, class_=f"dot {line.kind}"))
        ends.append((points[-1][1], line.name, line.kind))
    return chart(title, description, frame.height, [*parts, *_names(frame, ends)])


def times(steps: int, dt_ms: float) -> Floats:
    """Return the time after each of ``steps`` steps, (steps,), in milliseconds."""
    return np.arange(1, steps + 1, dtype=np.float64) * np.float64(dt_ms)


def picked(length: int, *, logarithmic: bool, most: int = MOST_POINTS) -> list[int]:
    """Return which of ``length`` points are drawn: all, or ``most`` of them that lie evenly on the axis."""
    if length <= most:
        return list(range(length))
    found = np.geomspace(1, length, most) - 1 if logarithmic else np.linspace(0, length - 1, most)
    return [int(i) for i in np.unique(np.rint(found).astype(int))]


def path(points: Sequence[tuple[float, float]]) -> str:
    """Return a line through ``points`` as the data of a path."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def spread(wanted: Sequence[float], low: float, high: float, least: float) -> list[float]:
    """Return places near those ``wanted``, in order, at least ``least`` apart, within ``low`` and ``high`` if they fit.

    Examples
    --------
    >>> spread([10, 12, 50], 0, 100, 14)
    [10, 24, 50]
    >>> spread([95, 99], 0, 100, 14)
    [86, 100]
    """
    found: list[float] = []
    for place in wanted:
        found.append(max(place, found[-1] + least) if found else max(place, low))
    over = high
    for index in range(len(found) - 1, -1, -1):
        found[index] = min(found[index], over)
        over = found[index] - least
    return found


def _names(frame: Frame, ends: list[tuple[float, str, str]]) -> list[Markup]:
    ends.sort(key=lambda end: end[0])
    places = spread([y for y, _, _ in ends], frame.top, frame.bottom, _LABEL_HEIGHT)
    return [
        text(frame.right + 8, y + 4, name, f"label {kind}") for y, (_, name, kind) in zip(places, ends, strict=True)
    ]


def _ends(values: Floats) -> tuple[float, float]:
    return float(values.min()), float(values.max())
