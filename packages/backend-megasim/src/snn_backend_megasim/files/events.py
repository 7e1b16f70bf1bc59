"""Events as files have them, in ``.stim`` and ``.evs``: a line each, in order of time.

The columns are the time stamp, in ticks; REQ and ACK, the times of the handshake, -1 where they are left to the
simulator; the address ``x`` and ``y``; and the polarity. Sources of control have addresses of their own: y = -1 and
polarity -1 tells a softmax to draw, y = -2 and polarity -2 puts a module back to rest.
"""

from __future__ import annotations

import numpy as np

from .kinds import Integers
from .numbers import fault, printed, scanned

COLUMNS = ("timestamp", "REQ", "ACK", "x", "y", "polarity")
BIAS = (0, 0, 1)
DRAW = (0, -1, -1)
RESET = (0, -2, -2)
"""Addresses and polarities of the sources of control."""


def events(time: Integers, x: Integers, y: Integers, polarity: Integers) -> Integers:
    """Return events as rows, (events, 6)."""
    rows = np.full((len(time), len(COLUMNS)), -1, np.int64)
    rows[:, 0], rows[:, 3], rows[:, 4], rows[:, 5] = time, x, y, polarity
    return rows


def control(time: Integers, what: tuple[int, int, int]) -> Integers:
    """Return the events of a source of control, (events, 6)."""
    rows = np.full((len(time), len(COLUMNS)), -1, np.int64)
    rows[:, 0], rows[:, 3:] = time, what
    return rows


def written(rows: Integers) -> bytes:
    """Return the file of events, (events, 6)."""
    return printed(rows)


def parsed(content: bytes, name: str) -> Integers:
    """Return the events of the file called ``name``, (events, 6).

    Raises
    ------
    SimulationError
        A line is no event, or comes before the one above it; it is named.
    """
    data = np.frombuffer(content.rstrip() + b"\n" if content.strip() else b"", np.uint8)
    rows, _ = scanned(data, 0, content.rstrip().count(b"\n") + 1 if len(data) else 0, len(COLUMNS), name, 1)
    back = np.flatnonzero(np.diff(rows[:, 0], prepend=0) < 0)
    if len(back):
        raise fault(
            name, int(back[0]) + 1, f"its time {rows[back[0], 0]} is before that of the line above, or before 0"
        )
    return rows
