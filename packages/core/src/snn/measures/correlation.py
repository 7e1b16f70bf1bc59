"""Pearson's coefficient of values and activations, as the ancestor has it, so that figures compare."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]


def correlations(activations: Floats, values: Floats, below: float | None) -> npt.NDArray[np.float64]:
    """Return the coefficient of each sample, (batch,); NaN where it has none.

    Parameters
    ----------
    activations, values : ndarray, (batch, *shape)
    below : float or None
        Only neurons with an activation below it count: those above cannot be kept. None for all, at the output.

    Notes
    -----
    Neurons for which both are zero are left out, or silence alone would correlate. A sample with fewer than two neurons
    left, or without any variation, has no coefficient.
    """
    found = np.full(len(activations), np.nan)
    for row, (a, v) in enumerate(zip(activations, values, strict=True)):
        x, y = np.asarray(a, np.float64).reshape(-1), np.asarray(v, np.float64).reshape(-1)
        kept = (x != 0) | (y != 0)
        if below is not None:
            kept &= x < below
        x, y = x[kept], y[kept]
        if x.size > 1 and np.ptp(x) > 0 and np.ptp(y) > 0:
            x, y = x - x.mean(), y - y.mean()
            found[row] = np.clip((x @ y) / np.sqrt((x @ x) * (y @ y)), -1, 1)
    return found
