"""Rows of integers as text and back, as fast as they can be read from a disk."""

from __future__ import annotations

import numpy as np
from snn.errors import SimulationError

from .kinds import Bytes, Integers

_LETTERS = 12  # of the longest integer, "-2147483647", and what stands behind it
_ROWS = 2**18  # that are written at once


def scanned(data: Bytes, at: int, rows: int, columns: int, name: str, line: int) -> tuple[Integers, int]:
    """Return ``rows`` lines of ``columns`` integers each, (rows, columns), and where the line behind them begins.

    Parameters
    ----------
    data : ndarray of uint8
        A file called ``name``; reading begins at its byte ``at``, the beginning of line number ``line``.

    Raises
    ------
    SimulationError
        A line has other than that many integers of 32 bits; it is named.
    """
    from .scanning import scan  # noqa: PLC0415  brings numba, which only running needs

    if rows > len(data) - at or rows * columns > len(data) - at:  # each takes a byte at least
        raise fault(name, line, f"{rows} lines of {columns} integers should follow, and the file ends before")
    out = np.empty((rows, columns), np.int64)
    after, bad = scan(data, at, out)
    if bad >= 0:
        raise fault(name, line + bad, f"should have {columns} integer{'s' * (columns > 1)} of 32 bits")
    return out, after


def printed(rows: Integers) -> bytes:
    """Return ``rows``, (rows, columns), as text: a line each, with a blank between two numbers."""
    from .scanning import write  # noqa: PLC0415  as above

    pieces = []
    for start in range(0, len(rows), _ROWS):
        part = np.ascontiguousarray(rows[start : start + _ROWS], np.int64)
        out = np.empty(part.size * _LETTERS, np.uint8)
        pieces.append(out[: write(part, out)].tobytes())
    return b"".join(pieces)


def fault(name: str, line: int, message: str) -> SimulationError:
    """Return the error of a malformed ``line``, numbered from 1, of the file ``name``."""
    return SimulationError(f"{name}, line {line}: {message}", hint="have the files written again")
