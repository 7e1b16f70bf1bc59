"""Make a network's weights, biases and thresholds Loihi's integers, layer by layer: the backend's `fit`.

A layer of neurons may be given any units: weights, biases and threshold times one factor leave its spikes as they are.
So each layer's factor is chosen such that its largest weight is the largest that eight bits hold, times a power of two
that makes biases and threshold as fine as there is room for; then all are rounded, and told how far they are off.
Divided by a power of two, they are numbers of the size that they had before, and exact in float32.

Layers between two layers of neurons are linear. Weights are rounded where they stand if one layer of weights is all
that counts on the way; average pools become convolutions; and what is more involved becomes one dense layer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from snn.clock import Clock
from snn.dataset import Dataset
from snn.network import Layer, Network
from snn.neurons import IntegrateFire, Neuron

from . import chip
from .paths import Paths, found
from .scales import most_units
from .thresholds import Gains, Wishes, gains, most_potential
from .weights import Weights

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Rounding:
    """What rounding did to a layer of neurons.

    Attributes
    ----------
    layer : str
    largest : int
        The largest mantissa of a weight that is there.
    exponent : int
    weights : float
        How far the weights are off, as a share of their size (root mean square).
    bias : float
        How far a bias is off at most, in thresholds a step.
    threshold : float
        How far the threshold is off, as a share.
    units : int
        The threshold in units; 0 where nothing fires.
    """

    layer: str
    largest: int
    exponent: int
    weights: float
    bias: float
    threshold: float
    units: int

    def __str__(self) -> str:
        """Return a line for people."""
        parts = []
        if self.largest:
            size = f"weights up to {self.largest} * 2^{self.exponent}"
            parts.append(f"{size}, off by {100 * self.weights:.2g} % (root mean square)")
        parts.append(f"biases off by {self.bias:.1g} thresholds a step at most")
        if self.units:
            parts.append(f"threshold {self.units}, off by {100 * self.threshold:.1g} %")
        return f"layer {self.layer!r} on Loihi: {'; '.join(parts)}"


def quantise(network: Network, data: Dataset | None, wishes: Wishes) -> tuple[Network, tuple[Rounding, ...]]:
    """Return ``network`` with numbers that are Loihi's, and what rounding did to each layer of neurons.

    Parameters
    ----------
    network : Network
        Spiking, of `IntegrateFire` neurons and perhaps an `Accumulate` at the end.
    data : Dataset or None
        Typical samples. Without, the output is scaled for rates of 1, which are far from typical.
    wishes : Wishes
    """
    clock = network.clock or Clock()
    grown = gains(network, data, wishes, clock)
    paths = found(network)
    network = paths.network
    changed: dict[str, Layer] = {}
    told = []
    for layer in network.layers:
        if isinstance(layer, Neuron):
            weights = paths.into.get(layer.name, ())
            room = most_potential(network, data, clock) if not isinstance(layer, IntegrateFire) else 0.0
            neuron, others, rounding = _rounded(network, layer, weights, grown, clock, (paths, wishes, room))
            changed |= {other.name: other for other in others}
            changed[layer.name] = neuron
            told.append(rounding)
    notes = ["quantised for Loihi: weights of 8 bits, biases of 13, thresholds of 17", *map(str, told)]
    return network.replace((changed.get(layer.name, layer) for layer in network.layers), *notes), tuple(told)


def _rounded(
    network: Network,
    neuron: Neuron,
    weights: tuple[Weights, ...],
    grown: Gains,
    clock: Clock,
    more: tuple[Paths, Wishes, float],
) -> tuple[Neuron, list[Layer], Rounding]:
    """Return ``neuron`` and the layers before it, rounded."""
    paths, wishes, room = more
    threshold = neuron.threshold * grown[neuron.name] if isinstance(neuron, IntegrateFire) else 0.0
    values = [entry.values(network, grown) for entry in weights]
    bound = _bound(values, wishes.weight_percentile)
    biases = [paths.bias(name) for name in paths.biases.get(neuron.name, ())]
    largest_bias = clock.dt_ms * max((float(np.abs(bias).max(initial=0)) for _, bias in biases), default=0.0)
    sums = sum(entry.largest_sum(network, value) for entry, value in zip(weights, values, strict=True))
    if not threshold and not room:  # nothing is known of what comes: all fire in every step
        room = (sums + largest_bias) * clock.steps
    mantissa = min((chip.largest(value) for value in values if value.any()), default=0)
    wanted = most_units(driven=neuron.name in paths.driven, spikes=neuron.name in paths.mixed)
    factor, exponent = _factor(bound, mantissa, threshold, largest_bias, sums, room=room, wanted=wanted)
    unit = math.floor(math.log2(factor))
    layers: dict[str, Layer] = {}
    errors, sizes, most = 0.0, 0.0, 0
    for entry, value in zip(weights, values, strict=True):
        step = chip.step(value)
        top = chip.largest(value)
        whole = np.clip(np.rint(value * factor / 2.0**exponent / step) * step, -top, top)
        most = max(most, int(np.abs(whole).max(initial=0)))
        errors += float(((whole * 2.0**exponent / factor - value) ** 2).sum())
        sizes += float((value**2).sum())
        entry.put(layers, network, np.ldexp(whole, exponent - unit))
    off = 0.0
    for name, bias in biases:
        # whole units, and even ones where they are so many that the exponent is 7
        size, exponents = chip.bias(np.ldexp(bias * clock.dt_ms * factor, chip.SHIFT), chip.SHIFT)
        whole = np.ldexp(size.astype(np.float64), exponents - chip.SHIFT)
        off = max(off, float(np.abs(whole / factor - bias * clock.dt_ms).max(initial=0)))
        paths.put_bias(layers, name, np.ldexp(whole, -unit) / clock.dt_ms)
    units = round(threshold * factor)
    rounding = Rounding(
        neuron.name,
        most,
        exponent,
        math.sqrt(errors / sizes) if sizes else 0.0,
        off / (threshold or 1.0),
        abs(units / (threshold * factor) - 1) if threshold else 0.0,
        units,
    )
    return _neuron(neuron, factor, unit, units, grown), list(layers.values()), rounding


def _neuron(neuron: Neuron, factor: float, unit: int, units: int, grown: Gains) -> Neuron:
    if not isinstance(neuron, IntegrateFire):
        return neuron
    initial = np.rint(neuron.initial.astype(np.float64) * grown[neuron.name] * factor)
    return replace(neuron, threshold=math.ldexp(units, -unit), initial=np.ldexp(initial, -unit).astype(np.float32))


def _bound(values: list[Numbers], percentile: float) -> float:
    """Return the size of the largest weight that is to be held; larger ones become as large as that."""
    sizes = [np.abs(value[value != 0]) for value in values]
    sizes = [size for size in sizes if size.size]
    if not sizes:
        return 0.0
    return float(np.percentile(np.concatenate(sizes), percentile))


def _factor(
    bound: float, mantissa: int, threshold: float, bias: float, sums: float, *, room: float, wanted: int
) -> tuple[float, int]:
    """Return what all numbers of a layer are multiplied by to be in units, and the exponent of its weights."""
    limits = [chip.UNITS / sums] if sums else []
    limits += [2 * chip.BIAS / bias] if bias else []
    if not threshold:
        # its potentials are read out: they keep their size, so the factor is a power of two
        limits += [chip.UNITS / room] if room else []
        limits += [mantissa * 2.0**chip.MOST_EXPONENT / bound] if bound else []
        factor = 2.0 ** math.floor(math.log2(min([*limits, 2.0**chip.MOST_EXPONENT * 256])))
        exponent = math.ceil(math.log2(bound * factor / mantissa)) if bound else 0
        return factor, max(0, exponent)
    limits.append((chip.UNITS + 1) / threshold)
    if not bound:
        return 2.0 ** math.floor(math.log2(min([*limits, wanted / threshold]))), 0
    for exponent in range(chip.MOST_EXPONENT, -1, -1):
        factor = mantissa * 2.0**exponent / bound
        if factor <= min(*limits, wanted / threshold):
            return factor, exponent
    return min(mantissa / bound, *limits), 0
