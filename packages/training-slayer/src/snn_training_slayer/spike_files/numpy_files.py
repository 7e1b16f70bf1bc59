"""Events in .npy files: an array with a row an event."""

from __future__ import annotations

from io import BytesIO
from os import PathLike, fspath
from pathlib import Path
from tokenize import TokenError

import numpy as np
import numpy.typing as npt
from snn.errors import DataError, OutputError, SettingsError
from snn.reading import check_regular
from snn.writing import write

from .event import Event

_LONGEST = 2**30  # bytes of a file
_MS_PER_S = 1000
_DAMAGES = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    SyntaxError,
    TokenError,
    ArithmeticError,
    MemoryError,
    RecursionError,
)
"""What NumPy raises on a damaged header."""


def read_numpy_spikes(filename: str | PathLike[str], fmt: str = "xypt", time_unit: float = 1e-3) -> Event:
    """Return the events of a .npy file; nothing in it is executed.

    Parameters
    ----------
    filename : path
    fmt : str
        The order of the columns; of "xypt", a file of three columns has "xpt".
    time_unit : float
        Seconds in one unit of time of the file.

    Raises
    ------
    DataError
        Where the file cannot be read, or has other columns.
    """
    _check(fmt, time_unit)
    path = Path(filename)
    try:
        check_regular(path, _LONGEST)
        # mapping compares the size that the file claims with the one it has, before memory is taken
        rows = np.array(np.lib.format.open_memmap(path, mode="r"))
    except _DAMAGES as error:
        raise DataError(f"{path} cannot be read: {error}", hint="is it a whole .npy file of numbers?") from error
    columns = fmt.replace("y", "") if rows.ndim == 2 and rows.shape[1] == 3 else fmt
    if rows.ndim != 2 or rows.shape[1] != len(columns) or rows.dtype.kind not in "iuf":
        told = f"{path} cannot be read: it holds {rows.dtype} of shape {rows.shape}"
        raise DataError(told, hint=f"a row an event is needed, of the columns {fmt}")
    column = dict(zip(columns, rows.T, strict=True))
    try:
        return Event(column["x"], column.get("y"), column["p"], column["t"] * (time_unit * _MS_PER_S))
    except DataError as error:
        raise DataError(f"{path} cannot be read: {error}", hint=error.hint) from error


def write_numpy_spikes(
    filename: str | PathLike[str], events: Event, fmt: str = "xypt", time_unit: float = 1e-3
) -> None:
    """Write ``events`` to a .npy file of float64, times in units of ``time_unit`` seconds.

    Like NumPy, it gives a name without the ending .npy that ending.
    """
    _check(fmt, time_unit)
    columns: dict[str, npt.NDArray[np.generic]] = {"x": events.x, "p": events.p}
    columns["t"] = events.t / (time_unit * _MS_PER_S)
    if events.y is not None:
        columns["y"] = events.y
    elif "y" in fmt:
        fmt = fmt.replace("y", "")
    if set(fmt) != set(columns):
        told = f"{filename} cannot be written: the events have rows, and fmt={fmt!r} no y"
        raise OutputError(told, hint='use fmt="xypt"')
    rows = np.stack([columns[letter].astype(np.float64) for letter in fmt], axis=1)
    name = fspath(filename)
    content = BytesIO()
    np.save(content, rows, allow_pickle=False)
    write(Path(name if name.endswith(".npy") else f"{name}.npy"), content.getvalue())


def _check(fmt: str, time_unit: float) -> None:
    if sorted(fmt) not in (sorted("xypt"), sorted("xpt")):
        told = f"columns of events cannot be {fmt!r}"
        raise SettingsError(told, hint='name each of x, y, p, t once, as in "xypt"; "xpt" without rows')
    if not 0 < time_unit < np.inf:
        raise SettingsError(f"a unit of {time_unit} s is no time", hint="1e-3 is a millisecond, 1e-6 a microsecond")
