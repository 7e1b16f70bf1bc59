"""Rescale weights so that spikes can carry the activations: at most one spike a step."""

from __future__ import annotations

import dataclasses
import warnings
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from msgspec import Meta

from . import analog, quantile
from . import layers as op
from .component import Component
from .dataset import Dataset
from .errors import ConversionError, ConversionWarning, DataError
from .network import Array, Layer, Network
from .progress import Progress, Tell, say_nothing
from .rescaling import Scale, rescale


@dataclass(frozen=True)
class Normaliser(Component):
    """A change of weights that keeps the class of every sample."""

    @abstractmethod
    def normalise(self, network: Network, data: Dataset | None, tell: Tell = say_nothing) -> Network:
        """Return the rescaled network; ``data`` are typical samples in the shape of the network's input."""


@dataclass(frozen=True)
class Percentile(Normaliser):
    """Divide each activation by a percentile of its values on the calibration samples (Rueckauer et al. 2017).

    The output is divided by that of its positive values. Percentiles are exact, whatever the number of samples.
    """

    name: ClassVar[str] = "percentile"

    percentile: Annotated[
        float, Meta(gt=0, le=100, description="Values above this percentile saturate; 100 is the maximum.")
    ] = 99.9
    per_channel: Annotated[bool, Meta(description="One scale a channel instead of one a layer.")] = False
    ignore_zeros: Annotated[bool, Meta(description="Leave zeros out of the percentile, as the ancestor did.")] = False

    def normalise(self, network: Network, data: Dataset | None, tell: Tell = say_nothing) -> Network:
        if data is None or not len(data):
            raise DataError("normaliser 'percentile' needs calibration samples", hint="give --calibrate DATA")
        targets = scaled_layers(network)
        gauges = {name: quantile.Percentile(self.percentile, ignore_zeros=self.ignore_zeros) for name in targets}
        total, batch = 2 * len(data), analog.BATCH
        for turn in range(2):
            for start, samples in data.batches(batch):
                found = analog.evaluate(network, samples, set(targets.values()))
                for name, gauge in gauges.items():
                    values = np.maximum(found[targets[name]], 0)
                    if not np.isfinite(values).all():
                        raise ConversionError(
                            f"layer {targets[name]!r}: its values on {data.name} are too large for float32",
                            hint="are the samples in the range that the network was trained on?",
                        )
                    rows = values.swapaxes(0, 1) if self._one_a_channel(network, name) else values
                    rows = rows.reshape(len(rows) if rows is not values else 1, -1)
                    (gauge.second if turn else gauge.first)(rows)
                tell(Progress("normalise", turn * len(data) + start + len(samples), total))
            if not turn:
                for gauge in gauges.values():
                    gauge.locate()
        if silent := [repr(name) for name, gauge in gauges.items() if not gauge.result.any()]:
            told = f"the percentile of {', '.join(silent)} is 0 on {data.name}, so the scale stays 1"
            tell(Progress("normalise", note=f"{told}; are the calibration samples typical?"))
        scales = {name: _scale(network[name], gauge.result) for name, gauge in gauges.items()}
        how = "a channel" if self.per_channel else "a layer"
        zeros = ", zeros left out" if self.ignore_zeros else ""
        note = f"normalised at percentile {self.percentile:g}, one scale {how}{zeros}"
        return _normalised(network, scales, f"{note}, on {len(data)} samples of {data.name}")

    def _one_a_channel(self, network: Network, name: str) -> bool:
        # A maximum is one number for the whole layer, and so must its scale be; classes are compared with each other.
        layer = network[name]
        return (
            self.per_channel
            and layer is not network.output
            and isinstance(layer, op.Activation)
            and layer.function == "relu"
            and layer.maximum is None
        )


@dataclass(frozen=True)
class WeightBound(Normaliser):
    """Divide each activation by the largest value that any input from 0 to 1 can give (Diehl et al. 2015, model-based).

    Needs no samples, and no value ever saturates; but real values are far smaller, so that spikes are rare.
    """

    name: ClassVar[str] = "weight_bound"

    def normalise(self, network: Network, data: Dataset | None, tell: Tell = say_nothing) -> Network:
        if data is not None:
            _warn_outside(data)
        with np.errstate(over="ignore", invalid="ignore"):  # told below, with the layer
            _, high = _bounds(network)
        scales = {}
        for name, source in scaled_layers(network).items():
            bound = np.asarray(high[source].max(), np.float64).reshape(1)
            if not np.isfinite(bound).all():
                raise ConversionError(
                    f"layer {name!r}: the bound of its values is too large for float32", hint="give --calibrate DATA"
                )
            scales[name] = _scale(network[name], bound)
        return _normalised(network, scales, "normalised by the bound of the weights, for inputs from 0 to 1")


def _warn_outside(data: Dataset) -> None:
    """Warn where samples lie outside the range that the bound is for."""
    outside = sum(int(((part < 0) | (part > 1)).sum()) for _, part in data.batches(analog.BATCH))
    if outside:
        warnings.warn(
            f"{100 * outside / data.size:.3g} % of the values of {data.name} are outside 0 to 1, for which the "
            "bound of the weights holds; activations may saturate",
            ConversionWarning,
            stacklevel=3,
        )


def scaled_layers(network: Network) -> Mapping[str, str]:
    """Return the layers that get a scale, each with the layer whose positive values it is taken from.

    These are the rectifiers, and the output, which is judged by what enters its softmax.
    """
    found: dict[str, str] = {}
    for layer in network.layers:
        if isinstance(layer, op.Activation) and layer.function == "relu":
            found[layer.name] = layer.name
    last = network.output
    if isinstance(last, op.Activation) and last.function == "softmax":
        found[last.name] = last.inputs[0]
    elif isinstance(last, (op.Dense, op.Conv, op.ConvTranspose, op.Add, op.Affine)):
        found[last.name] = last.name
    return found


def _scale(layer: Layer, values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Scale:
    """Return ``values`` as a scale: 1 for the dead, at most the layer's maximum, one number where there is one."""
    if isinstance(layer, op.Activation) and layer.maximum is not None:
        values = np.minimum(values, layer.maximum)
    values = np.where(values > 0, values, 1.0)
    return values if len(values) > 1 else np.asarray(values[0])


def _normalised(network: Network, scales: Mapping[str, Scale], note: str) -> Network:
    told = ", ".join(f"{name} {_told(scale)}" for name, scale in scales.items())
    layers = rescale(network, scales)
    return dataclasses.replace(network.replace(layers, note, f"scales: {told}"), stage="normalised")


def _told(scale: Scale) -> str:
    return f"{float(scale):.6g}" if scale.ndim == 0 else f"{scale.min():.6g} to {scale.max():.6g}"


def _bounds(network: Network) -> tuple[Mapping[str, Array], Mapping[str, Array]]:
    """Return the least and largest value of every element, for inputs from 0 to 1 (interval arithmetic)."""
    shape = network.shapes[network.input.name]
    low: dict[str, Array] = {network.input.name: np.zeros((1, *shape), np.float32)}
    high: dict[str, Array] = {network.input.name: np.ones((1, *shape), np.float32)}
    for layer in network.layers[1:]:
        into_low, into_high = ([bound[name] for name in layer.inputs] for bound in (low, high))
        rising, falling = _split(layer)
        low[layer.name] = analog.apply(rising, *into_low)
        high[layer.name] = analog.apply(rising, *into_high)
        if falling is not None:
            low[layer.name] = low[layer.name] + analog.apply(falling, *into_high)
            high[layer.name] = high[layer.name] + analog.apply(falling, *into_low)
    return low, high


def _split(layer: Layer) -> tuple[Layer, Layer | None]:
    """Return ``layer`` as the sum of one that rises with its inputs and one that falls."""
    parts: list[Layer] = []
    for keep in (np.maximum, np.minimum):
        falls = keep is np.minimum
        match layer:
            case op.Dense() | op.Conv() | op.ConvTranspose():
                bias = np.zeros_like(layer.bias) if falls else layer.bias
                parts.append(dataclasses.replace(layer, weight=keep(layer.weight, 0), bias=bias))
            case op.Affine() | op.BatchNorm():
                shift = np.zeros_like(layer.shift) if falls else layer.shift
                parts.append(dataclasses.replace(layer, scale=keep(layer.scale, 0), shift=shift))
            case op.Add():
                parts.append(dataclasses.replace(layer, factors=keep(layer.factors, 0)))
            case _:  # every other layer rises with its inputs
                return layer, None
    return parts[0], parts[1]


def warn_bound(network: Network) -> None:
    """Warn that the scales of ``network`` are bounds, not values."""
    warnings.warn(
        f"no calibration samples: the scales of {len(scaled_layers(network))} layers are bounds from the weights, "
        "far above real values, so the spiking network needs many more steps; give --calibrate DATA",
        ConversionWarning,
        stacklevel=2,
    )
