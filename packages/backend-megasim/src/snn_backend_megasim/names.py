"""Names of nodes and files, made of the names of layers, which may hold anything."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

INPUT = "InputLayer"
BIAS = "bias_clk"
START = "start"
DRAW = "softmax_input"
RESET = "reset_event"

_MOST_LETTERS = 80


def labels(wishes: Iterable[tuple[str, str, int]]) -> Mapping[str, str]:
    """Return a label for each key, given as the key, the wish for its label, and the number of its maps.

    Maps have nodes called ``LABEL_0``, ``LABEL_1`` and so on. No two nodes or files have one name, not even where upper
    and lower case are the same.
    """
    used = {name.lower() for name in (BIAS, START, DRAW, RESET, "megasim")}
    found: dict[str, str] = {}
    for key, wish, maps in wishes:
        plain = re.sub(r"[^A-Za-z0-9_]", "_", wish)[:_MOST_LETTERS] or "_"
        label, number = plain, 1
        while used & _all(label, maps):
            number += 1
            label = f"{plain}_v{number}"
        used |= _all(label, maps)
        found[key] = label
    return found


def nodes(label: str, maps: int) -> tuple[str, ...]:
    """Return the nodes of so many maps."""
    return tuple(f"{label}_{number}" for number in range(maps))


def _all(label: str, maps: int) -> set[str]:
    return {name.lower() for name in (label, *nodes(label, maps))}
