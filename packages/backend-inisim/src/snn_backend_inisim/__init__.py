"""INI's time-stepped simulator as a plugin of the SNN toolbox."""

from __future__ import annotations

from snn import hookimpl
from snn.simulating import Backend

__all__ = ["snn_backends"]


@hookimpl
def snn_backends() -> list[type[Backend]]:
    """Return the simulator; numba is imported when a network is built."""
    from .backend import IniSim  # noqa: PLC0415  listing plugins imports nothing that is not asked for

    return [IniSim]
