"""How sure a share is that was found on a number of samples."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Z_95 = 1.959963984540054
"""The quantile of the normal distribution for an interval of 95 %."""


def wilson(share: npt.ArrayLike, samples: int, z: float = Z_95) -> npt.NDArray[np.float64]:
    """Return the interval of Wilson's score for ``share`` of ``samples``, (2, *share.shape): its ends.

    The ends are where a true share would lie ``z`` of its own standard deviations from the one found (Wilson 1927):
    ``(p + z^2 / 2n ± z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n)``.

    Examples
    --------
    >>> wilson(0.5, 100).round(4).tolist()
    [0.4038, 0.5962]
    >>> wilson(1.0, 100).round(4).tolist()
    [0.963, 1.0]
    """
    p = np.asarray(share, np.float64)
    if not samples:
        return np.stack([np.zeros_like(p), np.ones_like(p)])
    middle = p + z * z / (2 * samples)
    reach = z * np.sqrt(p * (1 - p) / samples + z * z / (4 * samples * samples))
    ends = np.stack([middle - reach, middle + reach]) / (1 + z * z / samples)
    return np.asarray(np.clip(ends, 0, 1))
