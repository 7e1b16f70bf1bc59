"""The time-to-first-spike code with dynamic thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta

from ..clock import Clock
from ..coding import Trial
from ..network import Network
from ..neurons import DynamicFirstSpike, FirstSpike, Neuron
from ..settings import PositiveFloat
from .first_spike import FirstSpikeCode, Rise, depth, first_good, longer, scaled

TRIED = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0)  # calibration tries so many times the duration of the rule


@dataclass(frozen=True)
class TtfsDynamic(FirstSpikeCode):
    """As ttfs, but thresholds are raised by the spikes that are still expected (Rueckauer and Liu 2018)."""

    name: ClassVar[str] = "ttfs_dynamic"
    neurons: ClassVar[frozenset[type[Neuron]]] = frozenset({DynamicFirstSpike})
    prefers: ClassVar[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
        {"convert": MappingProxyType({"readout": "spikes"})}
    )

    output_threshold: Annotated[PositiveFloat, Meta(description="Of output neurons, for the readout by spikes.")] = 0.5
    bias_rise: Rise = 0.0  # neurons wait by themselves, and the accuracy depends less on the duration
    strength: Annotated[
        float, Meta(ge=0, le=1e6, description="How much an expected spike raises a threshold, for a weight of 1.")
    ] = 0.5
    horizon: Annotated[
        bool, Meta(description="Expect only what would fire in time; false with strength 1: as published, and slower.")
    ] = True

    def neurons_of(self, **fields: Any) -> FirstSpike:
        return DynamicFirstSpike(**fields, strength=self.strength, horizon=self.horizon)

    def clock(self, network: Network) -> Clock:
        # Measured on MNIST: best at 8 to 10 with 2 hidden layers, 16 with 4 and with 6.
        return scaled(4 + 2 * depth(network), self.threshold)

    def calibrate(self, clock: Clock, trial: Trial) -> Clock:
        if not self.horizon:
            return super().calibrate(clock, trial)
        # What is expected depends on when the sample ends, so every duration takes a run of its own.
        tried = [longer(clock, factor) for factor in TRIED]
        return tried[first_good(np.array([trial(each)[-1] for each in tried]))]
