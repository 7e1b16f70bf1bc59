"""Two networks side by side, a row a layer: as it was read, and spiking, and what went into what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from .elements import WIDTH, chart, shortened, tag, text

_ROW, _BOX, _TOP = 30.0, 20.0, 22.0
_LEFT, _RIGHT = (22.0, 134.0), (WIDTH - 134.0, WIDTH - 22.0)  # the edges of both columns


@dataclass(frozen=True)
class Row:
    """A layer of one of the networks, or of both.

    Attributes
    ----------
    name : str
    before, after : str
        What it is in each; empty where it is not there.
    inputs_before, inputs_after : tuple of str
        The layers that it reads.
    neuron : bool
        Whether it is neurons now.
    into : tuple of str
        The layers that it was folded into.
    """

    name: str
    before: str
    after: str
    inputs_before: tuple[str, ...] = ()
    inputs_after: tuple[str, ...] = ()
    neuron: bool = False
    into: tuple[str, ...] = ()


def graph(title: str, description: str, rows: Sequence[Row]) -> Markup:
    """Return both networks from top to bottom; a line leads from a layer that was folded to what it was folded into."""
    places = {row.name: _TOP + (index + 0.5) * _ROW for index, row in enumerate(rows)}
    parts = [
        text(sum(_LEFT) / 2, 11.0, "as it was read", "title", "middle"),
        text(sum(_RIGHT) / 2, 11.0, "spiking", "title", "middle"),
    ]
    parts += _edges([(row.name, row.inputs_before) for row in rows if row.before], places, _LEFT, 0.0)
    parts += _edges([(row.name, row.inputs_after) for row in rows if row.after], places, _RIGHT, WIDTH)
    for row in rows:
        y = places[row.name]
        if row.before:
            parts += _box(_LEFT, y, row.before, "box" if row.after else "box gone", row.name)
        if row.after:
            parts += _box(_RIGHT, y, row.after, "box neuron" if row.neuron else "box", row.name)
        for target in row.into:
            if target in places:
                start, end = _LEFT[1], _RIGHT[0]
                to = f"{places[target]:g}"
                curve = f"M{start:g} {y:g}C{start + 70:g} {y:g} {end - 70:g} {to} {end:g} {to}"
                parts.append(tag("path", d=curve, class_="line into"))
    for row in rows:
        y = places[row.name]
        kind = "name halo" if row.after else "name halo faded"
        parts.append(text(WIDTH / 2, y + 4, shortened(row.name, _RIGHT[0] - _LEFT[1] - 12), kind, "middle"))
    return chart(title, description, _TOP + len(rows) * _ROW + 4, parts)


def _box(column: tuple[float, float], y: float, content: str, kind: str, name: str) -> list[Markup]:
    low, high = column
    told = tag("title", f"{name}: {content}")
    box = tag("rect", told, x=low, y=y - _BOX / 2, width=high - low, height=_BOX, rx=4.0, class_=kind)
    return [box, text((low + high) / 2, y + 4, shortened(content, high - low - 4), f"inside {kind}", "middle")]


def _edges(
    layers: Sequence[tuple[str, tuple[str, ...]]], places: dict[str, float], column: tuple[float, float], outside: float
) -> list[Markup]:
    """Return a line down to each layer from the one above it that it reads, and an arc outside from any other."""
    parts, before = [], ""
    middle, side = sum(column) / 2, column[0] if outside < column[0] else column[1]
    for name, inputs in layers:
        for source in inputs:
            if source == before:
                start, end = places[source] + _BOX / 2, places[name] - _BOX / 2
                parts.append(tag("path", d=f"M{middle:g} {start:g}V{end:g}", class_="edge"))
            elif source in places:
                start, end = places[source], places[name]
                bend = side + (outside - side) * min(1.0, 0.35 + (end - start) / _ROW / 20)
                curve = f"M{side:g} {start:g}C{bend:.1f} {start:g} {bend:.1f} {end:g} {side:g} {end:g}"
                parts.append(tag("path", d=curve, class_="edge"))
        before = name
    return parts
