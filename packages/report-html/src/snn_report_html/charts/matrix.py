"""A confusion matrix: labels by rows, given classes by columns; right and wrong in two colours."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from .elements import WIDTH, chart, tag, text


def matrix(title: str, description: str, counts: npt.NDArray[np.int64], given: str, *, undecided: bool) -> Markup:
    """Return ``counts`` (classes, classes + 1), the last column, of no decision, apart and only if it is asked for.

    A cell is the stronger, the larger its share of its row; the square root lets single errors be seen.
    """
    classes = len(counts)
    columns = classes + undecided
    left, top = 34.0, 40.0
    cell = (WIDTH - left - 6) / columns
    show = cell >= 15
    parts = [text(left, 12.0, given, "title"), text(0.0, top - 8, "label", "title")]
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    for row in range(classes):
        y = top + row * cell
        parts.append(text(left - 6, y + cell / 2 + 4, str(row), "tick", "end"))
        for column in range(columns):
            x = left + column * cell + (4 if column == classes else 0)
            parts += _cell(x, y, cell, int(counts[row, column]), float(share[row, column]), (row, column, show))
    for column in range(columns):
        x = left + (column + 0.5) * cell + (4 if column == classes else 0)
        parts.append(text(x, top - 8, "none" if column == classes else str(column), "tick", "middle"))
    return chart(title, description, top + classes * cell + 6, parts)


def _cell(x: float, y: float, size: float, count: int, share: float, place: tuple[int, int, bool]) -> list[Markup]:
    row, column, show = place
    kind = "right" if row == column else "wrong"
    strength = round(float(np.sqrt(share)), 2)
    told = tag("title", f"label {row}, given {column}: {count}")
    box = {"x": x, "y": y, "width": size - 1, "height": size - 1}
    parts = [tag("rect", **box, class_="ground")]
    if count:
        parts.append(tag("rect", told, **box, class_=f"fill {kind}", opacity=max(strength, 0.12)))
        if show:
            ink = "cell strong" if strength > 0.55 else "cell"
            parts.append(text(x + size / 2 - 0.5, y + size / 2 + 3.5, str(count), ink, "middle"))
    return parts
