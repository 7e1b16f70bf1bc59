"""The engine of the exact code of first spikes: one spike, the earlier the larger the potential."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch

import numpy as np
import numpy.typing as npt
from snn.network import Layer
from snn.neurons import WindowFirstSpike

from .emissions import Emission, nearest_below
from .windows import WindowEngine
from .wiring import Floats, Indices


@dataclass(frozen=True)
class OneSpike(Emission):
    """`snn.neurons.WindowFirstSpike`, in closed form: a neuron of level ``j`` fires ``j`` steps before the end."""

    share: float = 0.0

    def levels(self, potential: Floats) -> Indices:
        return nearest_below(potential, self.unit, self.top, self.share)

    def spikes(self, levels: Indices, step: int) -> npt.NDArray[np.bool_]:
        return levels == self.steps - step

    def worth(self, levels: Indices, steps: int) -> Floats:
        return np.maximum(levels - (self.steps - steps), 0) * self.unit

    def counts(self, levels: Indices) -> Indices:
        return (levels > 0).astype(np.int64)

    def work(self, levels: Indices, fan_out: Floats) -> Floats:
        sums = [np.bincount(row, fan_out, self.top + 1)[:0:-1] for row in levels]  # from the highest level to 1
        return np.stack(sums, axis=1)


@singledispatch
def place(layer: Layer) -> Emission:
    """Return neurons as the engine runs them."""
    message = f"the engine of exact first spikes does not run {layer.kind}"
    raise TypeError(message)


@place.register
def _(layer: WindowFirstSpike) -> Emission:
    return OneSpike(layer.bins, layer.bins, layer.scale / layer.bins, share=0.5 if layer.rounding else 0.0)


ENGINE = WindowEngine("ttfs_exact", place)
