"""Events in binary files, a record an event: .bs1 of neurons in a row, .bs2 of a sensor, .bs3 with many channels."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from snn.errors import OutputError

from .bit_fields import Record, microseconds, milliseconds
from .columns import Numbers
from .event import Event

_BS1 = Record((("neuron", 16), ("polarity", 1), ("time in µs", 23)))
_BS2 = Record((("x", 8), ("y", 8), ("polarity", 1), ("time in µs", 23)))
_BS3 = Record((("x", 12), ("y", 12), ("channel", 8), ("time in µs", 24)))


def read_1d_spikes(filename: str | PathLike[str]) -> Event:
    """Return the events of a .bs1 file: 16 bits neuron, 1 polarity, 23 time in µs."""
    x, p, time_us = _BS1.read(Path(filename))
    return Event(x, None, p, milliseconds(time_us))


def write_1d_spikes(filename: str | PathLike[str], events: Event) -> None:
    """Write ``events`` to a .bs1 file; raise OutputError where a neuron is above 65,535, or a time above 8.3 s."""
    if events.y is not None:
        told = f"{filename} cannot be written: the events have rows, which .bs1 does not"
        raise OutputError(told, hint="write .bs2 or .bs3")
    _BS1.write(Path(filename), [events.x, events.p, microseconds(events.t)])


def read_2d_spikes(filename: str | PathLike[str]) -> Event:
    """Return the events of a .bs2 file, the format of N-MNIST: 8 bits x, 8 y, 1 polarity, 23 time in µs."""
    x, y, p, time_us = _BS2.read(Path(filename))
    return Event(x, y, p, milliseconds(time_us))


def write_2d_spikes(filename: str | PathLike[str], events: Event) -> None:
    """Write ``events`` to a .bs2 file; raise OutputError where an address is above 255, or a time above 8.3 s."""
    _BS2.write(Path(filename), [events.x, _rows(filename, events), events.p, microseconds(events.t)])


def read_3d_spikes(filename: str | PathLike[str]) -> Event:
    """Return the events of a .bs3 file: 12 bits x, 12 y, 8 channel, 24 time in µs."""
    x, y, p, time_us = _BS3.read(Path(filename))
    return Event(x, y, p, milliseconds(time_us))


def write_3d_spikes(filename: str | PathLike[str], events: Event) -> None:
    """Write ``events`` to a .bs3 file; raise OutputError where an address is above 4,095, or a time above 16.7 s."""
    _BS3.write(Path(filename), [events.x, _rows(filename, events), events.p, microseconds(events.t)])


def _rows(filename: str | PathLike[str], events: Event) -> Numbers:
    if events.y is None:
        raise OutputError(f"{filename} cannot be written: the events have no rows", hint="write .bs1, or give them y")
    return events.y
