"""How many spikes neurons shall fire, and when, in .bsn files."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import numpy.typing as npt
from snn.errors import DataError, OutputError

from .bit_fields import Record, microseconds, milliseconds
from .columns import Numbers, Times
from .event import Event

_BSN = Record((("neuron", 16), ("start in µs", 24), ("end in µs", 24), ("number of spikes", 16)))


def read_1d_spike_counts(filename: str | PathLike[str]) -> tuple[Numbers, Times, Times, Numbers]:
    """Return what a .bsn file asks for: records of 16 bits neuron, 24 start, 24 end in µs, 16 number of spikes.

    Returns
    -------
    neuron : ndarray of int64, (n,)
    start, end : ndarray of float64, (n,)
        The region, ms.
    count : ndarray of int64, (n,)
        Spikes in the region.
    """
    neuron, start_us, end_us, count = _BSN.read(Path(filename))
    return neuron, milliseconds(start_us), milliseconds(end_us), count


def write_1d_spike_counts(
    filename: str | PathLike[str],
    neuron: npt.ArrayLike,
    start: npt.ArrayLike,
    end: npt.ArrayLike,
    count: npt.ArrayLike,
) -> None:
    """Write the spikes asked of each neuron, from ``start`` to ``end`` in ms, to a .bsn file.

    Raises
    ------
    OutputError
        Where a value does not fit into its field.
    """
    try:  # events check what is a whole number, and what a time
        starts, ends = (Event(neuron, None, count, time) for time in (start, end))
    except DataError as error:
        raise OutputError(f"{filename} cannot be written: {error}", hint="give each neuron all its values") from error
    _BSN.write(Path(filename), [starts.x, microseconds(starts.t), microseconds(ends.t), starts.p])
