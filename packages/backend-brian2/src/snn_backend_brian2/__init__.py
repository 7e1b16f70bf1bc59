"""Brian2 for the SNN toolbox: converted networks in a simulator whose equations users write themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snn import hookimpl

if TYPE_CHECKING:
    from snn.simulating import Backend


@hookimpl
def snn_backends() -> list[type[Backend]]:
    """Return the backend that runs networks in Brian2."""
    from .backend import Brian2  # noqa: PLC0415  importing a plugin is to be cheap

    return [Brian2]
