"""Loihi for the SNN toolbox: converted networks in Loihi's integers, on an emulator of its own or in Lava."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snn import hookimpl

if TYPE_CHECKING:
    from snn.simulating import Backend


@hookimpl
def snn_backends() -> list[type[Backend]]:
    """Return the backend that runs networks as Loihi does."""
    from .backend import Loihi  # noqa: PLC0415  importing a plugin is to be cheap

    return [Loihi]
