"""Spikes of a layer: a row a neuron, a mark a spike, along time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from .elements import WIDTH, chart, tag
from .frame import Frame, horizontal
from .scales import Scale

Integers = npt.NDArray[np.int64]
COLUMNS = 372  # pixels that are told apart along time
_FEW = 1500  # marks that are so few that each can be wider than its step, to be seen
_SEEN = 3.0


def raster(
    title: str, description: str, rows: Integers, steps: Integers, number: int, clock: tuple[int, float]
) -> Markup:
    """Return spikes, (spikes,) each of ``rows`` and ``steps``, of ``number`` neurons, the first on top.

    Parameters
    ----------
    clock : the number of steps, and how long each is in milliseconds
    """
    height = float(np.clip(number * 5, 40, 240))
    frame = Frame(left=4.0, right=WIDTH - 4, top=4.0, bottom=4.0 + height)
    total, dt_ms = clock
    x = Scale(0.0, total * dt_ms, frame.left, frame.right)
    row = height / max(number, 1)
    parts = [tag("rect", x=frame.left, y=frame.top, width=frame.right - frame.left, height=height, class_="ground")]
    runs = marks(rows, steps, total)
    if runs:
        unit = (frame.right - frame.left) / min(total, COLUMNS)
        gap = 0.25 * unit if total <= COLUMNS / 3 else 0.0
        least = _SEEN if len(runs) < _FEW else 0.0
        data = "".join(
            f"M{frame.left + start * unit:.1f} {frame.top + (r + 0.5) * row:.1f}h{max(length * unit - gap, least):.1f}"
            for r, start, length in runs
        )
        parts.append(tag("path", d=data, class_="spikes spiking", stroke_width=round(max(row * 0.72, 0.6), 2)))
    return chart(title, description, frame.height, [*parts, *horizontal(frame, x, "time in ms")])


def marks(rows: Integers, steps: Integers, total: int) -> list[tuple[int, int, int]]:
    """Return what is drawn: the row, first column and number of columns of each mark.

    A spike is a column. Where there are more steps than columns, those of a column are one mark, and neighbours are
    joined, so that a mark that is wide stands for spikes in all its columns.
    """
    columns = steps * COLUMNS // total if total > COLUMNS else steps
    found = np.unique(np.stack([rows, columns], axis=1), axis=0)
    if total <= COLUMNS / 3:  # each spike by itself
        return [(int(row), int(column), 1) for row, column in found]
    runs: list[tuple[int, int, int]] = []
    for row, column in found.tolist():
        if runs and runs[-1][0] == row and runs[-1][1] + runs[-1][2] == column:
            runs[-1] = (row, runs[-1][1], runs[-1][2] + 1)
        else:
            runs.append((row, column, 1))
    return runs
