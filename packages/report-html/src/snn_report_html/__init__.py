"""Reports to look at: the reporter ``html``, a page of its own, and ``plots``, figures as files."""

from __future__ import annotations

from snn import hookimpl
from snn.reporting import Reporter

__all__ = ["snn_reporters"]


@hookimpl
def snn_reporters() -> list[type[Reporter]]:
    """Return the reporters of this plugin; what draws is imported when they report."""
    from .html import Html  # noqa: PLC0415  listing plugins stays fast
    from .plots import Plots  # noqa: PLC0415  as above

    return [Html, Plots]
