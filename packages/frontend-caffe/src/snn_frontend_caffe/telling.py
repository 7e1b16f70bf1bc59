"""Lists in messages, which a file could make as long as it likes."""

from __future__ import annotations

from collections.abc import Iterable

MOST_TOLD = 10


def listed(items: Iterable[str]) -> str:
    """Return the first items with commas between, and how many more there are."""
    known = list(items)
    more = f" and {len(known) - MOST_TOLD} more" if len(known) > MOST_TOLD else ""
    return ", ".join(known[:MOST_TOLD]) + more
