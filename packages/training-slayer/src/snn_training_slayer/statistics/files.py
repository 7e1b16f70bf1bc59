"""Statistics in text files: a line an epoch, training and testing, an epoch without samples being nan."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from snn.errors import DataError
from snn.reading import check_regular
from snn.writing import write

Row: TypeAlias = tuple[float | None, float | None]
"""The value of training and that of testing; none without samples."""

_LONGEST = 2**24  # bytes of a file


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write ``rows`` so that `numpy.loadtxt` reads them, and `read_rows` without loss."""
    lines = [f"{_text(training):>24} {_text(testing):>24}\n" for training, testing in rows]
    write(path, f"#{'training':>23} {'testing':>24}\n{''.join(lines)}")


def read_rows(path: Path) -> list[Row]:
    """Return the rows of a file; raise DataError with the line that holds none."""
    rows: list[Row] = []
    try:
        check_regular(path, _LONGEST)
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}", hint="save writes it") from error
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        values: list[float] = []
        with suppress(ValueError):
            values = [float(word) for word in words]
        if len(values) != 2:
            raise DataError(f"{path}, line {number}: no two numbers", hint="save writes training, then testing")
        rows.append((None if values[0] != values[0] else values[0], None if values[1] != values[1] else values[1]))
    return rows


def _text(value: float | None) -> str:
    return "nan" if value is None else repr(value)
