"""Pairs of an activation and the value that stands for it, around the line on which they are equal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from .elements import chart, tag
from .frame import Frame, horizontal, vertical
from .scales import Scale, exact

_SIDE = 190.0


def scatter(
    title: str, description: str, points: npt.NDArray[np.floating], axes: tuple[str, str], bound: float | None = None
) -> Markup:
    """Return ``points`` (points, 2) on two axes of one scale, in a square.

    Points are one path of dots, eight bytes each. ``bound`` marks the largest value there can be.
    """
    frame = Frame(left=36.0, right=36.0 + _SIDE - 44.0, top=24.0, bottom=24.0 + _SIDE - 44.0, width=_SIDE)
    values: Sequence[float] = [float(points.min()), float(points.max())] if points.size else [0.0, 1.0]
    across = exact(values, frame.left, frame.right)
    up = Scale(across.low, across.high, frame.bottom, frame.top)
    dots = "".join(f"M{across(float(x)):.0f} {up(float(y)):.0f}h0" for x, y in points)
    parts = [
        *vertical(frame, up, axes[1], most=3),
        *horizontal(frame, across, axes[0], most=3),
        tag("path", d=f"M{frame.left:g} {frame.bottom:g}L{frame.right:g} {frame.top:g}", class_="line analog mark"),
    ]
    if bound is not None and up.low < bound < up.high:
        parts.append(tag("path", d=f"M{frame.left:g} {up(bound):.1f}H{frame.right:g}", class_="line limit mark"))
    if dots:
        parts.append(tag("path", d=dots, class_="points spiking"))
    return chart(title, description, frame.height, parts, width=_SIDE)
