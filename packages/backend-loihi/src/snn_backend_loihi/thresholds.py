"""What calibration samples tell: thresholds, and how far the output's potentials go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from snn import analog, quantile
from snn.clock import Clock
from snn.dataset import Dataset
from snn.network import Array, Layer, Network
from snn.neurons import IntegrateFire, Neuron

Gains: TypeAlias = Mapping[str, float]
"""For the input and each layer of neurons, how much larger its threshold becomes, and so the worth of its spikes."""

_MARGIN = 1.5  # of the largest output on the samples, for others


@dataclass(frozen=True)
class Wishes:
    """What the settings say of scales; see `backend.Loihi`."""

    threshold_to_input_ratio: float = 0.0
    percentile: float = 99.9
    weight_percentile: float = 100.0
    saturation: bool = True


def gains(network: Network, data: Dataset | None, wishes: Wishes, clock: Clock) -> Gains:
    """Return what thresholds are multiplied by, so that each is the wished share of what its neurons are given.

    Layer by layer: what enters a layer depends on the thresholds before it. A layer that is given nothing above 0
    keeps its threshold.
    """
    found = {layer.name: 1.0 for layer in network.layers if isinstance(layer, Neuron) or layer.arity == 0}
    if data is None or not wishes.threshold_to_input_ratio:
        return found
    for layer in network.layers:
        if not isinstance(layer, IntegrateFire):
            continue
        gauge = quantile.Percentile(wishes.percentile, ignore_zeros=True)
        for turn in (gauge.first, gauge.second):
            for _, samples in data.batches(analog.BATCH):
                values = _inputs(network, samples, found, layer.name, clock, saturation=wishes.saturation)
                turn(np.maximum(values, 0).reshape(1, -1))
            if turn == gauge.first:
                gauge.locate()
        given = float(np.asarray(gauge.result).ravel()[0])
        if given > 0:
            found[layer.name] = wishes.threshold_to_input_ratio * given * clock.dt_ms / layer.threshold
    return found


def most_potential(network: Network, data: Dataset | None, clock: Clock) -> float:
    """Return how high the potentials of an output that does not spike go in a run, with room for other samples."""
    name = network.output.name
    ones = {layer.name: 1.0 for layer in network.layers}
    if data is None:
        return 0.0
    highest = 0.0
    for _, samples in data.batches(analog.BATCH):
        highest = max(highest, float(_inputs(network, samples, ones, name, clock, saturation=True).max()))
    return _MARGIN * max(highest, 0.0) * clock.steps * clock.dt_ms


def _inputs(network: Network, samples: Array, grown: Gains, wanted: str, clock: Clock, *, saturation: bool) -> Array:
    """Return what the neurons ``wanted`` are given per millisecond, where those before fire at the rates they should.

    With ``saturation``, they fire once a step at most.
    """
    given: list[Array] = []

    def passed(layer: Layer, *inputs: Array) -> Array:
        if not isinstance(layer, Neuron):
            return analog.apply(layer, *inputs)
        if layer.name == wanted:
            given.append(inputs[0])
        if not isinstance(layer, IntegrateFire):
            return inputs[0]
        # counted in spikes of the thresholds that the network has, however worth more they will be
        most = np.float32(grown[layer.name] / clock.dt_ms) if saturation else None
        return np.clip(inputs[0] / np.float32(layer.threshold), 0, most)

    with np.errstate(over="ignore", invalid="ignore"):
        analog.passed(network, np.asarray(samples, np.float32), passed)
    return given[0]
