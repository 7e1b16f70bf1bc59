"""Numbers as people read them."""

from __future__ import annotations

import math

NARROW = "\u202f"
"""The space between a number and its unit."""


def per_cent(share: float | None, digits: int = 2) -> str:
    """Return a share in per cent.

    Examples
    --------
    >>> per_cent(0.997).replace(NARROW, " ")
    '99.70 %'
    """
    return "–" if share is None else f"{100 * share:.{digits}f}{NARROW}%".replace("-", "−")


def points(difference: float) -> str:
    """Return a difference of two shares in points, with its sign left out."""
    return f"{abs(100 * difference):.2f} points"


def count(number: float | None) -> str:
    """Return how many, to three digits.

    Examples
    --------
    >>> count(11_530_000).replace(NARROW, " "), count(9216), count(0.25), count(0)
    ('11.5 M', '9,216', '0.25', '0')
    """
    if number is None:
        return "–"
    for unit, size in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(number) >= (10_000 if unit == "k" else size):
            return f"{number / size:.3g}{NARROW}{unit}".replace("-", "−")
    if abs(number) >= 1000:
        return f"{number:,.0f}".replace("-", "−")
    return f"{number:.3g}".replace("-", "−")


def whole(number: int | None) -> str:
    """Return a whole number with all its digits."""
    return "–" if number is None else f"{number:,}"


def milliseconds(time: float) -> str:
    """Return a time."""
    return f"{time:,.0f}{NARROW}ms" if time >= 1000 else f"{time:.3g}{NARROW}ms"


def joules(energy: float | None) -> str:
    """Return an energy.

    Examples
    --------
    >>> joules(1.264e-05).replace(NARROW, " "), joules(0.0).replace(NARROW, " ")
    ('12.6 µJ', '0 J')
    """
    if energy is None:
        return "–"
    for unit, size in (("J", 1.0), ("mJ", 1e-3), ("µJ", 1e-6), ("nJ", 1e-9)):
        if energy >= size:
            return f"{energy / size:.3g}{NARROW}{unit}"
    return f"{energy / 1e-12:.3g}{NARROW}pJ" if energy else f"0{NARROW}J"


def small(value: float | None) -> str:
    """Return a deviation or a value of either sign, of which what is under a millionth is nothing.

    Examples
    --------
    >>> small(0.01234567), small(4.5e-11), small(0.0000234)
    ('0.0123', '0', '0.000023')
    """
    if value is None or not math.isfinite(value):
        return "–"
    if abs(value) < 1e-6:
        return "0"
    return (f"{value:.6f}".rstrip("0") if abs(value) < 1e-3 else f"{value:.3g}").replace("-", "−")


def correlation(value: float | None) -> str:
    """Return a coefficient of correlation, to four digits.

    Examples
    --------
    >>> correlation(0.99946), correlation(0.999999)
    ('0.9995', '1.0000')
    """
    return "–" if value is None else f"{value:.4f}".replace("-", "−")


def shape(sizes: tuple[int, ...]) -> str:
    """Return the shape of a layer's output."""
    return "×".join(map(str, sizes))
