"""Horizontal bars, one after another or side by side, with their values at their ends."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from .elements import BOLD, CHARACTER, WIDTH, chart, shortened, tag, text
from .scales import Scale, plain

_ROW = 40.0
_BAR = 13.0


@dataclass(frozen=True)
class Row:
    """A named bar of parts, each a value of either sign; ``told`` is written behind it."""

    name: str
    parts: Mapping[str, float]
    told: str


def stacked_bars(title: str, description: str, rows: Sequence[Row], label: Callable[[float], str]) -> Markup:
    """Return a bar a row, with the name above it: positive parts lie right of zero, negative ones left of it.

    The class of each part is its name.
    """
    right = [sum(max(v, 0.0) for v in row.parts.values()) for row in rows]
    left = [sum(min(v, 0.0) for v in row.parts.values()) for row in rows]
    room = max(len(row.told) for row in rows) * CHARACTER + 10
    low, high = min(left), max(right)
    scale = Scale(low, high if high > low else low + 1, 0.0, WIDTH - room)
    zero, parts = scale(0.0), []
    for index, row in enumerate(rows):
        top = index * _ROW + 18
        ends = {True: 0.0, False: 0.0}
        parts.append(text(zero, top - 5, shortened(row.name, WIDTH - zero), "name"))
        for kind, value in row.parts.items():
            side = value >= 0
            start, stop = sorted((scale(ends[side]), scale(ends[side] + value)))
            ends[side] += value
            if stop - start >= 0.05:
                told = tag("title", f"{row.name}: {kind} {label(value)}")
                bar = tag("rect", told, x=start, y=top, width=stop - start, height=_BAR, class_=f"fill {kind}")
                parts.append(bar)
        parts.append(text(scale(ends[True]) + 6, top + _BAR - 2.5, row.told, "value"))
    if low < 0:
        parts.append(tag("path", d=f"M{zero:.1f} 18V{len(rows) * _ROW - 4:g}", class_="axis"))
    return chart(title, description, len(rows) * _ROW, parts)


def paired_bars(title: str, description: str, bars: Sequence[tuple[str, str, float, str]]) -> Markup:
    """Return a bar for each of ``bars`` from zero on: its name, class, value and what is written behind it."""
    names = max(len(name) for name, _, _, _ in bars) * BOLD + 8
    room = max(len(told) for _, _, _, told in bars) * CHARACTER + 12
    scale = Scale(0.0, max(value for _, _, value, _ in bars) or 1.0, names, WIDTH - room)
    parts = []
    for index, (name, kind, value, told) in enumerate(bars):
        top = index * 22.0
        parts += [
            text(names - 8, top + _BAR, name, f"label {kind}" if name == kind else "label", "end"),
            tag("rect", x=names, y=top + 2, width=max(scale(value) - names, 1.0), height=_BAR, class_=f"fill {kind}"),
            text(scale(value) + 6, top + _BAR, told, "value"),
        ]
    return chart(title, description, len(bars) * 22.0, parts)


def measured_bars(title: str, description: str, rows: Sequence[tuple[str, float, str]], limit: float) -> Markup:
    """Return a thin bar up to 1 a row, its name and value above it, and a mark at ``limit``; those below it stand out.

    Bars begin where all values can be told apart: at 0.9, or as much lower as the lowest needs.
    """
    low = min([0.9, *(math.floor(10 * value) / 10 for _, value, _ in rows)])
    scale, parts = Scale(low, 1.0, 0.0, WIDTH), []
    for index, (name, value, told) in enumerate(rows):
        top = index * _ROW + 20
        kind = "fill spiking" if value >= limit else "fill wrong"
        parts += [
            text(0.0, top - 6, shortened(name, WIDTH - len(told) * CHARACTER - 20), "name"),
            text(WIDTH, top - 6, told, "value", "end"),
            tag("rect", x=0.0, y=top, width=WIDTH, height=7.0, class_="trough"),
            tag("rect", x=0.0, y=top, width=scale(value), height=7.0, class_=kind),
            tag("path", d=f"M{scale(limit):.1f} {top - 2:g}v11", class_="limit"),
        ]
    bottom = len(rows) * _ROW + 8
    parts += [text(0.0, bottom, plain(low), "tick"), text(scale(limit), bottom, plain(limit), "tick", "middle")]
    if WIDTH - scale(limit) > 30:
        parts.append(text(WIDTH, bottom, "1", "tick", "end"))
    return chart(title, description, bottom + 4, parts)
