"""How often values come: an outline for the analog network over bars for the spiking one, or bars alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from .elements import chart, tag, text
from .frame import Frame, horizontal
from .lines import spread
from .scales import Label, Scale, linear, plain, step

Floats = npt.NDArray[np.floating]
_SIDE = 190.0


def edges(values: Floats, most: int = 24) -> npt.NDArray[np.float64]:
    """Return the edges of at most ``most`` bins of a round width around ``values``.

    Examples
    --------
    >>> edges(np.array([0.0, 1.0]), 5).tolist()
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    if low == high:
        low, high = low - 0.5, high + 0.5
    size = step(low, high, most)
    first, last = int(np.floor(low / size + 1e-9)), int(np.ceil(high / size - 1e-9))
    return np.array([float(f"{index * size:.12g}") for index in range(first, last + 1)])


def compared_histogram(title: str, description: str, analog: Floats, spiking: Floats, axis: str) -> Markup:
    """Return how often values come in both networks, (points,) each, on the same bins."""
    frame = Frame(left=8.0, right=_SIDE - 6.0, top=24.0, bottom=24.0 + _SIDE - 44.0, width=_SIDE)
    bins = edges(np.concatenate([analog, spiking]))
    counts = [np.histogram(values, bins)[0] for values in (analog, spiking)]
    highest = max(1, *(int(count.max()) for count in counts))
    x, y = Scale(bins[0], bins[-1], frame.left, frame.right), Scale(0, highest, frame.bottom, frame.top)
    outline = [f"M{x(bins[0]):.1f} {frame.bottom:g}"]
    outline += [f"V{y(count):.1f}H{x(end):.1f}" for count, end in zip(counts[0], bins[1:], strict=True)]
    parts = [
        *_bars(counts[1], bins, x, y, "fill spiking soft"),
        tag("path", d=f"{''.join(outline)}V{frame.bottom:g}", class_="line analog outline"),
        *horizontal(frame, x, axis, most=3),
        text(0.0, 12.0, "how often", "title"),
    ]
    return chart(title, description, frame.height, parts, width=_SIDE)


def histogram(
    title: str,
    description: str,
    values: Floats,
    axes: tuple[str, str],
    marks: tuple[tuple[str, float], ...] = (),
    label: Label = plain,
    bins: npt.NDArray[np.float64] | None = None,
) -> Markup:
    """Return how often ``values`` (points,) come, with named ``marks`` above."""
    frame = Frame(top=26.0 + 15.0 * len(marks), bottom=190.0 + 15.0 * len(marks))
    bins = edges(values) if bins is None else bins
    counts = np.histogram(values, bins)[0]
    x = Scale(bins[0], bins[-1], frame.left, frame.right)
    y = linear([0.0, float(counts.max())], frame.bottom, frame.top, zero=True)
    parts = [*_bars(counts, bins, x, y, "fill spiking"), *horizontal(frame, x, axes[0], label)]
    parts += [text(frame.left - 6, y(value) + 4, plain(value), "tick", "end") for value in (y.low, y.high)]
    parts.append(text(0.0, 12.0, axes[1], "title"))
    rows = spread([26.0 + 15.0 * index for index in range(len(marks))], 26.0, frame.top, 15.0)
    for row, (name, value) in zip(rows, marks, strict=True):
        place = x(value)
        anchor, shift = ("end", -4.0) if place > (frame.left + frame.right) / 2 else ("start", 4.0)
        parts.append(tag("path", d=f"M{place:.1f} {row - 8:.1f}V{frame.bottom:g}", class_="line mark ink"))
        parts.append(text(place + shift, row, name, "label", anchor))
    return chart(title, description, frame.height, parts)


def _bars(counts: npt.NDArray[np.int64], bins: npt.NDArray[np.float64], x: Scale, y: Scale, kind: str) -> list[Markup]:
    parts = []
    for count, low, high in zip(counts, bins[:-1], bins[1:], strict=True):
        if count:
            told = tag("title", f"{plain(float(low))} to {plain(float(high))}: {count:,}")
            left, right, top = x(float(low)) + 0.5, x(float(high)) - 0.5, y(float(count))
            width, height = max(right - left, 0.5), y(0.0) - top
            parts.append(tag("rect", told, x=left, y=top, width=width, height=height, class_=kind))
    return parts
