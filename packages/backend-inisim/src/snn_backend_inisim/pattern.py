"""The engine of the pattern code: the bits of the rounded potential, the highest first."""

from __future__ import annotations

from functools import singledispatch

import numpy as np
from snn.network import Layer
from snn.neurons import BitPattern

from .emissions import Bits, Emission
from .windows import WindowEngine
from .wiring import Floats, Indices


class PatternBits(Bits):
    """`snn.neurons.BitPattern`, in closed form.

    The level ``j`` is ``round(V / scale * top)``. The bits that comparing ``j / top`` with halves, quarters, ... takes
    out of it are those of ``j``: ``j / top`` lies strictly between ``j / 2^bits`` and ``(j + 1) / 2^bits``, but for 0,
    which has no bits, and for 1, from which, as the comparison is strict, all are taken.
    """

    def levels(self, potential: Floats) -> Indices:
        scale = self.unit * (self.top + 1)
        level = np.rint(potential / scale * self.top)
        return np.clip(level, 0, self.top, out=level).astype(np.int64)


@singledispatch
def place(layer: Layer) -> Emission:
    """Return neurons as the engine runs them."""
    message = f"the pattern engine does not run {layer.kind}"
    raise TypeError(message)


@place.register
def _(layer: BitPattern) -> Emission:
    return PatternBits(layer.bits, 2**layer.bits - 1, layer.scale / 2**layer.bits)


ENGINE = WindowEngine("pattern", place)
