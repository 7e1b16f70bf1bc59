"""Keras for the SNN toolbox: models of Keras 2 and 3, from files or live, read without Keras itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snn import hookimpl

if TYPE_CHECKING:
    from snn.parsing import Frontend


@hookimpl
def snn_frontends() -> list[type[Frontend]]:
    """Return the reader of Keras models."""
    from .frontend import Keras  # noqa: PLC0415  importing a plugin is to be cheap

    return [Keras]
