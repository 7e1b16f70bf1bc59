"""From numbers to pixels, and which numbers stand at an axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Values from ``low`` to ``high`` at pixels from ``start`` to ``stop``, in equal steps or in equal factors."""

    low: float
    high: float
    start: float
    stop: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """Return the pixel of ``value``; what lies outside is put at the end that is nearer."""
        low, high, inside = self.low, self.high, min(max(value, self.low), self.high)
        if low == high:
            return (self.start + self.stop) / 2
        if self.logarithmic:
            low, high, inside = math.log(low), math.log(high), math.log(inside)
        return self.start + (inside - low) / (high - low) * (self.stop - self.start)


def step(low: float, high: float, most: int) -> float:
    """Return the smallest of 1, 2 and 5 times a power of ten that divides the range into at most ``most`` parts.

    Examples
    --------
    >>> step(0, 1, 5), step(0, 64, 4), step(0, 0, 4)
    (0.2, 20.0, 1.0)
    """
    span = high - low
    if not span > 0 or not math.isfinite(span):
        return 1.0
    power = math.floor(math.log10(span / most))
    for exponent in (power, power + 1):
        for factor in (1, 2, 5):
            size = float(f"{factor}e{exponent}")
            if span / size <= most * (1 + 1e-9):
                return size
    return float(f"1e{power + 2}")


def linear(values: Sequence[float], start: float, stop: float, *, most: int = 4, zero: bool = False) -> Scale:
    """Return a scale with whole ticks at both ends around ``values``, from zero on if wanted."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if low == high:
        low, high = (0.0, 1.0) if low == 0 else sorted((low - abs(low) / 2, high + abs(high) / 2))
    size = step(low, high, most)
    return Scale(math.floor(low / size + 1e-9) * size, math.ceil(high / size - 1e-9) * size, start, stop)


def exact(values: Sequence[float], start: float, stop: float) -> Scale:
    """Return a scale from zero, or below where there are negative values, to the largest of ``values``."""
    low, high = min([0.0, *values]), max([0.0, *values])
    return Scale(low, high if high > low else low + 1.0, start, stop)


def ticks(scale: Scale, most: int = 4) -> list[float]:
    """Return the values at which a scale is labelled, at most ``most`` + 1.

    Examples
    --------
    >>> ticks(Scale(0, 1, 0, 100)), ticks(Scale(1, 64, 0, 100, logarithmic=True), 6)
    ([0.0, 0.5, 1.0], [1.0, 2.0, 5.0, 10.0, 20.0, 50.0])
    """
    if scale.logarithmic:
        return _powers(scale.low, scale.high, most)
    size = step(scale.low, scale.high, most)
    first, last = math.ceil(scale.low / size - 1e-9), math.floor(scale.high / size + 1e-9)
    return [float(f"{index * size:.12g}") for index in range(first, last + 1)]


def _powers(low: float, high: float, most: int) -> list[float]:
    """Return 1 to 9 times powers of ten from ``low`` to ``high``, or as many of them as fit."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for factors in (range(1, 10), (1, 2, 5), (1, 3), (1,)):
        found = [float(f"{factor}e{power}") for power in range(first, last + 1) for factor in factors]
        inside = [value for value in found if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]
        if len(inside) <= most + 1:
            break
    else:
        inside = inside[:: -(-len(inside) // most)]
    return inside if len(inside) > 1 else [low, high]


Label = Callable[[float], str]


def plain(value: float) -> str:
    r"""Return a tick as people write it.

    Examples
    --------
    >>> [plain(value).replace("\u202f", " ") for value in (0.5, 12000.0, 2500000.0)]
    ['0.5', '12 k', '2.5 M']
    """
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e4)):
        if abs(value) >= size:
            divisor = 1e3 if unit == "k" else size
            return f"{value / divisor:.3g}\u202f{unit}".replace("-", "−")
    return f"{value:.4g}".replace("-", "−")


def per_cent(value: float) -> str:
    """Return a share as a tick in per cent."""
    return f"{100 * value:.4g}\u202f%".replace("-", "−")
