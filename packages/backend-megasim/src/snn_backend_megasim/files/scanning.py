"""Digits to integers and back, byte by byte."""

from __future__ import annotations

import numpy as np

from ..compiling import compiled
from .kinds import LARGEST, Bytes, Integers

_NEWLINE, _RETURN, _SPACE, _TAB, _MINUS, _ZERO, _NINE = 10, 13, 32, 9, 45, 48, 57


@compiled
def scan(data: Bytes, at: int, out: Integers) -> tuple[int, int]:
    """Fill the rows of ``out`` from ``data``, a line each, and return where the next line begins and the bad row."""
    end = len(data)
    for row in range(len(out)):
        for column in range(out.shape[1]):
            while at < end and (data[at] == _SPACE or data[at] == _TAB):
                at += 1
            negative = at < end and data[at] == _MINUS
            at += negative
            value, first = 0, at
            while at < end and _ZERO <= data[at] <= _NINE and value <= LARGEST:
                value = value * 10 + (data[at] - _ZERO)
                at += 1
            if at == first or value > LARGEST:
                return at, row
            out[row, column] = -value if negative else value
            if column + 1 < out.shape[1] and not (at < end and (data[at] == _SPACE or data[at] == _TAB)):
                return at, row
        while at < end and (data[at] == _SPACE or data[at] == _TAB or data[at] == _RETURN):
            at += 1
        if at < end and data[at] != _NEWLINE:
            return at, row
        at += 1
    return at, -1


@compiled
def write(rows: Integers, out: Bytes) -> int:
    """Write ``rows`` to ``out``, numbers with a blank between and a line each, and return how many bytes there are."""
    at = 0
    digits = np.empty(20, np.uint8)
    for row in range(len(rows)):
        for column in range(rows.shape[1]):
            value = rows[row, column]
            if value < 0:
                out[at] = _MINUS
                at += 1
                value = -value
            count = 0
            while True:
                digits[count] = _ZERO + value % 10
                value //= 10
                count += 1
                if value == 0:
                    break
            for place in range(count - 1, -1, -1):
                out[at] = digits[place]
                at += 1
            out[at] = _SPACE
            at += 1
        out[at - 1] = _NEWLINE
    return at
