"""What the codes share in which each layer of neurons fires in a window of its own."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from .. import windows
from ..clock import Clock
from ..coding import Code
from ..network import Network


class WindowedCode(Code):
    """A code whose neurons fire in windows (`snn.windows`), and stand for values up to 1, above which they saturate.

    It would have scales from the largest activations: its steps are fine enough for the few large ones, unlike the
    spikes of a rate.
    """

    prefers: ClassVar[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
        {"normaliser.percentile": {"percentile": 100.0}}
    )

    def clock(self, network: Network) -> Clock:
        return Clock(duration_ms=max(1, windows.steps(network)), dt_ms=1.0)
