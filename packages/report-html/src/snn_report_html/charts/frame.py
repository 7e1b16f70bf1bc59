"""The frame of a chart: where it is drawn, its axes, their ticks and titles."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from .elements import CHARACTER, WIDTH, tag, text
from .scales import Label, Scale, plain, ticks


@dataclass(frozen=True)
class Frame:
    """The part of a chart in which data is drawn, by its edges in pixels."""

    left: float = 44.0
    right: float = WIDTH - 12.0
    top: float = 26.0
    bottom: float = 206.0
    width: float = WIDTH

    @property
    def height(self) -> float:
        """What the whole chart needs, with ticks and a title below."""
        return self.bottom + 38.0


def horizontal(frame: Frame, scale: Scale, title: str, label: Label = plain, most: int = 5) -> list[Markup]:
    """Return the axis below the data: a line, ticks and a title."""
    parts = [tag("path", d=f"M{frame.left:g} {frame.bottom:g}H{frame.right:g}", class_="axis")]
    end = -1e9
    for value in ticks(scale, most):
        told, x = label(value), scale(value)
        half = len(told) * CHARACTER / 2
        if x - half < end + 6:
            continue
        end = x + half
        parts += [
            tag("path", d=f"M{x:.1f} {frame.bottom:g}v4", class_="axis"),
            text(min(x, frame.width - half), frame.bottom + 16, told, "tick", "middle"),
        ]
    return [*parts, text((frame.left + frame.right) / 2, frame.bottom + 33, title, "title", "middle")]


def vertical(frame: Frame, scale: Scale, title: str, label: Label = plain, most: int = 4) -> list[Markup]:
    """Return the axis at the left: lines through the data, ticks, and a title above, which is read as it stands."""
    parts = []
    for value in ticks(scale, most):
        y = scale(value)
        parts += [
            tag("path", d=f"M{frame.left:g} {y:.1f}H{frame.right:g}", class_="rule"),
            text(frame.left - 6, y + 4, label(value), "tick", "end"),
        ]
    return [*parts, text(0.0, 12.0, title, "title")]
