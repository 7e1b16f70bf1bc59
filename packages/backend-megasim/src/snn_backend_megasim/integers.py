"""Real numbers as integers, and how much is lost by it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

LARGEST = 2**31 - 2
"""What weights, thresholds and potentials may be, with either sign: MegaSim's -2147483646 is its lowest threshold."""

_MOST_DENOMINATOR = 4096
_EXACT = 1e-12  # of a number: what a product or a quotient in float64 is off by


@dataclass(frozen=True)
class Lost:
    """What rounding has changed.

    Attributes
    ----------
    largest : float
        The largest change of a number.
    changed, total : float
        The sum of all changes, and of all numbers, without their signs.
    """

    largest: float = 0.0
    changed: float = 0.0
    total: float = 0.0

    @property
    def share(self) -> float:
        """How much of all numbers was changed, from 0 to 1."""
        return self.changed / self.total if self.total else 0.0

    def __or__(self, other: Lost) -> Lost:
        return Lost(max(self.largest, other.largest), self.changed + other.changed, self.total + other.total)


def rounded(values: npt.ArrayLike, unit: float) -> tuple[Integers, Lost]:
    """Return ``values`` as integers of which ``unit`` make 1, of the same shape, and what was lost.

    Numbers out of range are kept at one above `LARGEST`, so that they are seen to be.
    """
    exact = np.atleast_1d(np.asarray(values, np.float64))
    scaled = np.nan_to_num(np.rint(exact * unit), nan=np.inf, posinf=np.inf, neginf=-np.inf)
    kept = np.clip(scaled, -LARGEST - 1, LARGEST + 1).astype(np.int64)
    change = np.abs(kept / unit - exact)
    change[change < _EXACT * np.abs(exact)] = 0
    return kept.reshape(np.shape(values)), Lost(
        float(change.max(initial=0)), float(change.sum()), float(np.abs(exact).sum())
    )


def together(losses: Iterable[Lost]) -> Lost:
    """Return what was lost in all."""
    found = Lost()
    for lost in losses:
        found |= lost
    return found


def fraction(height: float) -> Fraction | None:
    """Return the height of a spike, of float32, as a fraction that is the very same number in float32; None: no such.

    Examples
    --------
    >>> fraction(np.float32(1000 / 300))
    Fraction(10, 3)
    """
    found = Fraction(float(height)).limit_denominator(_MOST_DENOMINATOR)
    return found if found > 0 and np.float32(found.numerator / found.denominator) == np.float32(height) else None
