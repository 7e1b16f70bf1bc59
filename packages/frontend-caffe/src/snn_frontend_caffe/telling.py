"""Lists in messages, which a file could make as long as it likes."""

from __future__ import annotations

from collections.abc import Iterable

_MOST = 10


def listed(items: Iterable[str]) -> str:
    """Return the first items with commas between, and how many more there are."""
    known = list(items)
    more = f" and {len(known) - _MOST} more" if len(known) > _MOST else ""
    return ", ".join(known[:_MOST]) + more
