"""Records of bit fields, big end first, packed without gaps: what all binary spike files are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from snn.errors import DataError, OutputError
from snn.reading import check_regular
from snn.writing import write

from .columns import Numbers, Times

LONGEST = 2**28  # bytes of a file; its columns take up to ten times that
_US_PER_MS = 1000


@dataclass(frozen=True)
class Record:
    """The layout of one record: the names of its fields, and their bits, which together fill whole bytes."""

    fields: tuple[tuple[str, int], ...]

    @property
    def size(self) -> int:
        """Bytes of a record."""
        return sum(bits for _, bits in self.fields) // 8

    def read(self, path: Path) -> list[Numbers]:
        """Return a column a field; raise DataError where ``path`` cannot be read or ends within a record."""
        try:
            check_regular(path, LONGEST)
            content = np.frombuffer(path.read_bytes(), np.uint8)
        except (OSError, ValueError) as error:  # a name with a null character is a ValueError
            raise DataError(f"{path} cannot be read: {error}", hint="is it a file of spikes?") from error
        if len(content) % self.size:
            told = f"its {len(content)} bytes are no whole number of records of {self.size}"
            raise DataError(f"{path} cannot be read: {told}", hint="is it whole, and of the format its name tells?")
        return self.decode(content)

    def write(self, path: Path, columns: Sequence[Numbers]) -> None:
        """Write a record a row of ``columns``; raise OutputError where a value does not fit into its field."""
        if len({len(column) for column in columns}) > 1:
            told = f"its columns have {[len(column) for column in columns]} values"
            raise OutputError(f"{path} cannot be written: {told}", hint="give each record all its values")
        for (name, bits), column in zip(self.fields, columns, strict=True):
            wrong = column[(column < 0) | (column >= 2**bits)]
            if len(wrong):
                told = f"{name} {wrong[0]} does not fit into its {bits} bits"
                hint = f"the format holds 0 to {2**bits - 1}; .npy holds any"
                raise OutputError(f"{path} cannot be written: {told}", hint=hint)
        write(path, self.encode(columns).tobytes())

    def decode(self, content: npt.NDArray[np.uint8]) -> list[Numbers]:
        """Return a column a field of the records in ``content``."""
        rows = content.reshape(-1, self.size)
        columns = []
        for first, last, shift, bits in self._places():
            value = np.zeros(len(rows), np.int64)
            for byte in range(first, last + 1):
                value = value << 8 | rows[:, byte]
            columns.append(value >> shift & (1 << bits) - 1)
        return columns

    def encode(self, columns: Sequence[Numbers]) -> npt.NDArray[np.uint8]:
        """Return the bytes of a record a row, (n, size), of values that fit."""
        rows = np.zeros((len(columns[0]), self.size), np.uint8)
        for (first, last, shift, _), column in zip(self._places(), columns, strict=True):
            value = column << shift
            for byte in range(last, first - 1, -1):
                rows[:, byte] |= (value & 0xFF).astype(np.uint8)
                value = value >> 8
        return rows

    def _places(self) -> list[tuple[int, int, int, int]]:
        """Return, for each field, its first and last byte, the bits that follow it in the latter, and its bits."""
        places, start = [], 0
        for _, bits in self.fields:
            end = start + bits
            places.append((start // 8, (end - 1) // 8, -end % 8, bits))
            start = end
        return places


def microseconds(time_ms: Times) -> Numbers:
    """Return times in whole µs, which the files hold, for times in ms."""
    farthest = 2.0**62  # a field has room for far less, and is asked later
    return np.clip(np.rint(time_ms * _US_PER_MS), -farthest, farthest).astype(np.int64)


def milliseconds(time_us: Numbers) -> Times:
    """Return times in ms for times in µs."""
    return time_us / _US_PER_MS
