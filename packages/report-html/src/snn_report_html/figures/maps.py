"""Maps of one sample: what each layer gives, in both networks, and the sample itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
import numpy.typing as npt
from snn.result import Result
from snn.shown import ShownLayer, ShownSample

from .canvas import SPIKING, one
from .pictures import CannotDraw, Picture, in_layer

Values = npt.NDArray[np.float32]
_CHANNELS = 64
_BARS = 64


def activations(result: Result) -> Iterator[Picture]:
    """Draw the activations of the analog network."""
    yield from _maps(result, "activations", "analog activations", lambda layer: layer.activation)


def rates(result: Result) -> Iterator[Picture]:
    """Draw what the spikes stand for."""
    yield from _maps(result, "rates", "values of the spiking network", lambda layer: layer.value)


def rates_minus_activations(result: Result) -> Iterator[Picture]:
    """Draw the difference."""

    def difference(layer: ShownLayer) -> Values | None:
        return None if layer.value is None or layer.activation is None else layer.value - layer.activation

    yield from _maps(result, "rates_minus_activations", "values minus activations", difference)


def input_image(result: Result) -> Iterator[Picture]:
    """Draw the shown sample."""
    shown = _shown(result)
    figure, axes = one(f"{result.name}: sample {shown.number}", (4.6, 4.4))
    sample = shown.sample
    if sample.ndim == 3 and len(sample) == 3:
        low, high = float(sample.min()), float(sample.max())
        axes.imshow((np.moveaxis(sample, 0, -1) - low) / (high - low or 1.0))
    else:
        drawn = axes.imshow(tiled(sample), cmap="gray", aspect="equal" if sample.ndim == 3 else "auto")
        figure.colorbar(drawn, ax=axes, shrink=0.8)
    axes.set_axis_off()
    yield Picture("input_image", figure)


def tiled(values: Values) -> Values:
    """Return ``values`` as a picture: channels side by side with gaps, a vector folded into lines.

    Examples
    --------
    >>> tiled(np.ones((3, 2, 2), np.float32)).shape
    (5, 5)
    >>> tiled(np.ones(10, np.float32)).shape
    (3, 4)
    """
    if values.ndim == 2:
        return values
    if values.ndim != 3:
        flat = values.reshape(-1)
        width = max(1, math.ceil(math.sqrt(flat.size)))
        picture = np.full((-(-flat.size // width), width), np.nan, np.float32)
        picture.reshape(-1)[: flat.size] = flat
        return picture
    count, height, width = min(len(values), _CHANNELS), *values.shape[1:]
    columns = math.ceil(math.sqrt(count))
    rows = -(-count // columns)
    picture = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1), np.nan, np.float32)
    for index in range(count):
        top, left = index // columns * (height + 1), index % columns * (width + 1)
        picture[top : top + height, left : left + width] = values[index]
    return picture


def _maps(result: Result, plot: str, what: str, values: Callable[[ShownLayer], Values | None]) -> Iterator[Picture]:
    shown = _shown(result)
    known = [(layer.name, found) for layer in shown.layers if (found := values(layer)) is not None]
    if not known:
        raise CannotDraw("the run kept no activations of a sample: it has no analog network, or none that compares")
    for name, found in known:
        few = f", the first {_CHANNELS} of {len(found)} channels" if found.ndim == 3 and len(found) > _CHANNELS else ""
        title = f"{name}: {what}, sample {shown.number}{few}"
        signed = plot == "rates_minus_activations" or float(found.min(initial=0)) < 0
        if found.ndim == 1 and found.size <= _BARS:
            figure, axes = one(title)
            axes.bar(np.arange(found.size), found, color=SPIKING)
            axes.set(xlabel="neuron", ylabel="value")
        else:
            figure, axes = one(title, (6.4, 5.6))
            reach = float(np.abs(found).max(initial=0)) or 1.0
            low, high, colours = (-reach, reach, "RdBu") if signed else (0.0, reach, "viridis")
            aspect: Literal["equal", "auto"] = "equal" if found.ndim != 2 else "auto"
            drawn = axes.imshow(tiled(found), colours, aspect=aspect, vmin=low, vmax=high)
            figure.colorbar(drawn, ax=axes, shrink=0.8)
            axes.set_axis_off()
        yield Picture(in_layer(result.networks["spiking"], name, plot), figure)


def _shown(result: Result) -> ShownSample:
    if result.shown is None:
        raise CannotDraw("the run kept no sample in detail; run it again with 'plots' among report.reporters")
    return result.shown
