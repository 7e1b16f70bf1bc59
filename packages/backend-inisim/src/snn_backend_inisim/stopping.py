"""When a sample has decided: its leading output is clearly ahead of the second."""

from __future__ import annotations

import numpy as np
from snn.network import Array


def steps_until_clear(so_far: Array, margin: float) -> int | None:
    """Return after how many steps the largest of the outputs, (steps, classes), leads by ``margin``, or None."""
    if so_far.shape[1] == 1:
        return None
    leading = np.partition(so_far, -2, axis=1)[:, -2:]
    clear = np.flatnonzero(leading[:, 1] - leading[:, 0] >= np.float32(margin))
    return int(clear[0]) + 1 if len(clear) else None


class Decisions:
    """Which samples of a batch have decided, and after how many of ``steps`` steps each."""

    def __init__(self, margin: float, batch: int, steps: int) -> None:
        self.margin = margin
        self.made = np.zeros(batch, np.bool_)
        self.steps = np.full(batch, steps)

    def after(self, row: int, start: int, so_far: Array) -> int:
        """Return how many of the steps from ``start`` on, whose outputs are ``so_far``, the sample in ``row`` takes."""
        clear = steps_until_clear(so_far, self.margin) if self.margin else None
        if clear is None:
            return len(so_far)
        self.made[row], self.steps[row] = True, start + clear
        return clear
