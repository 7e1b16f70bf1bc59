"""Numbers as people read them."""

from __future__ import annotations


def percent(share: float | None) -> str:
    """Return a share in per cent.

    Examples
    --------
    >>> percent(0.997)
    '99.70 %'
    """
    return "–" if share is None else f"{100 * share:.2f} %"


def count(number: float) -> str:
    """Return how many, in three digits and a unit.

    Examples
    --------
    >>> count(11_530_000), count(852), count(0.5)
    ('11.5 M', '852', '0.5')
    """
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number:.3g}"
