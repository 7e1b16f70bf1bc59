"""The plain meaning of neurons on which a spike acts for a while, from the equations in `snn.response_neurons`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..clock import Clock
from ..network import Array, Layer, Shape
from ..response_neurons import CurrentBased, SpikeResponse

Floats: TypeAlias = npt.NDArray[np.float64]


class Responses:
    """All input so far, all spikes so far, each times its kernel."""

    def __init__(self, layer: SpikeResponse, shape: Shape, clock: Clock) -> None:
        def kernel(scale: float, tau_ms: float, cut: float) -> list[float]:
            found: list[float] = []
            for step in range(clock.steps):
                time = step * clock.dt_ms / tau_ms
                value = scale * time * np.exp(1 - time)
                if time > 1 and abs(value) < cut:
                    break
                found.append(value)
            return found

        peak = -layer.scale_refractory * layer.threshold
        self.response = kernel(1.0, layer.tau_ms, layer.cut)
        self.refractory = kernel(peak, layer.tau_refractory_ms, layer.refractory_cut)
        self.threshold = np.float32(layer.threshold)
        self.delay = np.broadcast_to(layer.delay_steps(clock.dt_ms), shape[1:])
        self.given: list[Floats] = []
        self.fired: list[Floats] = []
        self.potential = np.zeros(shape, np.float32)

    def __call__(self, step: int, z: Array) -> Array:
        self.given.append(z.astype(np.float64))
        none = np.zeros_like(self.given[0])
        response = _sum(self.response, self.given).astype(np.float32)
        self.potential = (response + _sum(self.refractory, [*self.fired, none])).astype(np.float32)
        self.fired.append((self.potential >= self.threshold).astype(np.float64))
        leaving = np.zeros(z.shape, np.float32)
        for lag in np.unique(self.delay[self.delay <= step]):
            leaving = np.where(self.delay == lag, self.fired[step - lag], leaving).astype(np.float32)
        return leaving


def _sum(kernel: list[float], past: list[Floats]) -> Floats:
    """Return the last of ``past`` times the first of ``kernel``, and so on."""
    total = np.zeros_like(past[0])
    for height, then in zip(kernel, reversed(past), strict=False):
        total += height * then
    return total


class Currents:
    """A current and a potential, which both leak."""

    def __init__(self, layer: CurrentBased, shape: Shape, clock: Clock) -> None:
        self.layer = layer
        self.current: Floats = np.zeros(shape)
        self.exact: Floats = np.zeros(shape)
        self.fired = np.full(shape, -np.inf)  # the step of the last spike

    @property
    def potential(self) -> Array:
        return self.exact.astype(np.float32)

    def __call__(self, step: int, z: Array) -> Array:
        layer = self.layer
        whole: Callable[[Any], Any] = np.trunc if layer.integer else np.asarray
        self.current = whole(self.current * (1 - layer.current_decay)) + whole(z.astype(np.float64))
        self.exact = whole(self.exact * (1 - layer.voltage_decay)) + self.current
        pauses = step - self.fired < layer.refractory_steps
        spikes = (self.exact > layer.threshold) & ~pauses
        self.fired[spikes] = step
        self.exact[spikes | pauses] = 0
        return spikes.astype(np.float32)


KINDS: Mapping[type[Layer], Callable[..., Any]] = MappingProxyType({SpikeResponse: Responses, CurrentBased: Currents})
