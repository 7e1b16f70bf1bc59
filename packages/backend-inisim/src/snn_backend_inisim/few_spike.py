"""The engine of the few-spike code: the bits of the potential, whose spikes and resets halve with each step."""

from __future__ import annotations

from functools import singledispatch

from snn.network import Layer
from snn.neurons import FewSpike

from .emissions import Bits, Emission, nearest_below
from .windows import WindowEngine
from .wiring import Floats, Indices


class FewSpikeBits(Bits):
    """`snn.neurons.FewSpike`, in closed form: half a unit of rounding is in the potential from rest on."""

    def levels(self, potential: Floats) -> Indices:
        return nearest_below(potential, self.unit, self.top)

    def potential(self, before: Floats, levels: Indices, steps: int) -> Floats:
        return before - self.worth(levels, steps)


@singledispatch
def place(layer: Layer) -> Emission:
    """Return neurons as the engine runs them."""
    message = f"the few-spike engine does not run {layer.kind}"
    raise TypeError(message)


@place.register
def _(layer: FewSpike) -> Emission:
    top = 2**layer.planes - 1
    unit = layer.scale / top
    return FewSpikeBits(layer.planes, top, unit, unit / 2 if layer.rounding else 0.0)


ENGINE = WindowEngine("few_spike", place)
