"""MegaSim for the SNN toolbox: a converted network in its files, run by its program or by an engine of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snn import hookimpl

if TYPE_CHECKING:
    from snn.simulating import Backend


@hookimpl
def snn_backends() -> list[type[Backend]]:
    """Return MegaSim's backend."""
    from .backend import MegaSim  # noqa: PLC0415  importing a plugin is to be cheap

    return [MegaSim]
