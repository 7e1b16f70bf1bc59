"""A small backend as a plugin of the SNN toolbox: copy it and write your own."""

from __future__ import annotations

from snn import hookimpl
from snn.simulating import Backend

__all__ = ["snn_backends"]


@hookimpl
def snn_backends() -> list[type[Backend]]:
    """Return the backends of this plugin; whatever is slow to import is imported when a network is built."""
    from .backend import Example  # noqa: PLC0415  listing plugins stays fast

    return [Example]
