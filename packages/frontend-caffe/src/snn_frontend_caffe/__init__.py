"""Caffe for the SNN toolbox: networks from their text and their weights, read without Caffe itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snn import hookimpl

if TYPE_CHECKING:
    from snn.parsing import Frontend


@hookimpl
def snn_frontends() -> list[type[Frontend]]:
    """Return the reader of Caffe models."""
    from .frontend import Caffe  # noqa: PLC0415  importing a plugin is to be cheap

    return [Caffe]
