"""The plain meaning of neurons with a window, a step at a time, from the equations in `snn.neurons`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..network import Layer, Shape
from ..neurons import BitPattern, FewSpike, Neuron, WindowFirstSpike

Floats: TypeAlias = npt.NDArray[np.float64]


class WindowNeurons:
    """``V += z``, and what `emit` does in each step of the window."""

    def __init__(self, layer: Neuron, shape: Shape, start: int) -> None:
        self.start, self.window = start, layer.window
        self.potential = np.zeros(shape, np.float64)
        self.spikes = np.zeros(shape, np.bool_)

    def __call__(self, step: int, z: Floats) -> Floats:
        self.potential += z
        self.spikes = np.zeros_like(self.spikes)
        if not 0 <= step - self.start < self.window:
            return np.zeros_like(z)
        return self.emit(step - self.start)

    def emit(self, step: int) -> Floats:
        """Fire in ``step`` of the window, from 0, and return what others get."""
        raise NotImplementedError


class BitByBit(WindowNeurons):
    """``q = round(V / scale * n) / n``; then ``s = [q > 2^-i]; q -= 2^-i s``."""

    def __init__(self, layer: BitPattern, shape: Shape, start: int) -> None:
        super().__init__(layer, shape, start)
        self.layer = layer
        self.left = np.zeros(shape, np.float64)

    def emit(self, step: int) -> Floats:
        if not step:
            n = 2**self.layer.bits - 1
            self.left = np.clip(np.round(self.potential / self.layer.scale * n), 0, n) / n
        height = 0.5 ** (step + 1)
        self.spikes = self.left > height
        self.left -= height * self.spikes
        return np.where(self.spikes, self.layer.scale * height, 0.0)


class HalfByHalf(WindowNeurons):
    """``s = [V >= h_k]; V -= h_k s``."""

    def __init__(self, layer: FewSpike, shape: Shape, start: int) -> None:
        super().__init__(layer, shape, start)
        self.alpha = layer.scale / (1 - 0.5**layer.planes)
        self.potential += self.alpha * 0.5 ** (layer.planes + 1) * layer.rounding

    def emit(self, step: int) -> Floats:
        height = self.alpha * 0.5 ** (step + 1)
        self.spikes = self.potential >= height
        self.potential -= height * self.spikes
        return np.where(self.spikes, height, 0.0)


class RampDown(WindowNeurons):
    """``s = [V >= (bins - k - 1/2) unit]``, once; others get the unit from then on."""

    def __init__(self, layer: WindowFirstSpike, shape: Shape, start: int) -> None:
        super().__init__(layer, shape, start)
        self.layer = layer
        self.fired = np.zeros(shape, np.bool_)

    def emit(self, step: int) -> Floats:
        unit = self.layer.scale / self.layer.bins
        before = self.fired
        self.fired = before | (self.potential >= (self.layer.bins - step - 0.5 * self.layer.rounding) * unit)
        self.spikes = self.fired & ~before
        return np.where(self.fired, unit, 0.0)


KINDS: Mapping[type[Layer], Callable[..., Any]] = MappingProxyType(
    {BitPattern: BitByBit, FewSpike: HalfByHalf, WindowFirstSpike: RampDown}
)
"""What stands for each kind: takes the layer, the shape (batch, *shape) and the step in which its window begins."""
