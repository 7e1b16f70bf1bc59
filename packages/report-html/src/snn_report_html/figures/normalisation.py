"""Weights and activations before and after normalisation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from snn import analog
from snn.layers import Activation
from snn.network import Layer, Network
from snn.result import Result

from .canvas import ANALOG, SPIKING, row
from .pictures import CannotDraw, Picture, in_layer

Floats = npt.NDArray[np.floating]


def weights(result: Result) -> Iterator[Picture]:
    """Draw how often weights come, as the network was read and as it was normalised."""
    parsed, normalised = _both(result)
    known = [layer.name for layer in normalised.layers if _weight(layer) is not None and layer.name in parsed]
    known = [name for name in known if _weight(parsed[name]) is not None]
    if not known:
        raise CannotDraw("the network has no weights before and after normalisation")
    for name in known:
        before, after = _weight(parsed[name]), _weight(normalised[name])
        if before is not None and after is not None:
            yield _pair(result, name, "weights", ("weights as read", "weights as normalised"), before, after)


def normalisation(result: Result) -> Iterator[Picture]:
    """Draw how often activations of the shown sample come, before and after normalisation; zeros are left out."""
    parsed, normalised = _both(result)
    if result.shown is None:
        raise CannotDraw("the run kept no sample in detail; run it again with 'plots' among report.reporters")
    names = [layer.name for layer in normalised.layers if isinstance(layer, Activation) and layer.name in parsed]
    names = [name for name in names if parsed.shapes[name] == normalised.shapes[name]]
    if not names:
        raise CannotDraw("the networks have no activations in common")
    samples = result.shown.sample[None]
    before, after = (analog.evaluate(network, samples, names) for network in (parsed, normalised))
    number = result.shown.number
    for name in names:
        titles = f"activations of sample {number} as read", "as normalised"
        yield _pair(result, name, "normalisation", titles, before[name], after[name])


def _pair(result: Result, name: str, plot: str, titles: tuple[str, str], before: Floats, after: Floats) -> Picture:
    figure, axes = row((f"{name}: {titles[0]}", titles[1]), (8.4, 3.4))
    for part, values, colour in zip(axes, (before, after), (ANALOG, SPIKING), strict=True):
        telling = values[values != 0]
        part.hist(telling if telling.size else values.reshape(-1), 50, color=colour)
        largest = float(np.abs(values).max(initial=0))
        part.set(xlabel=f"value; the largest is {largest:.4g}", ylabel="how often")
    return Picture(in_layer(result.networks["spiking"], name, plot), figure)


def _both(result: Result) -> tuple[Network, Network]:
    parsed, normalised = result.networks.get("parsed"), result.networks.get("normalised")
    if parsed is None or normalised is None:
        raise CannotDraw("the network was never analog, or was not normalised")
    return parsed, normalised


def _weight(layer: Layer) -> Floats | None:
    found = getattr(layer, "weight", None)
    return found if isinstance(found, np.ndarray) else None
