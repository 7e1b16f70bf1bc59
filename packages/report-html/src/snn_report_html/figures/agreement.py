"""How well layers keep the analog activations: pairs, their spread, and Pearson's coefficients."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from snn.measures.layer import LayerMeasures, Points
from snn.result import Result

from .canvas import ANALOG, SPIKING, WRONG, one
from .pictures import CannotDraw, Picture, in_layer

_LIMIT = 0.95


def correlations(result: Result) -> Iterator[Picture]:
    """Draw the values of each layer against its activations."""
    for layer, points in _compared(result):
        told = "" if layer.correlation is None else f", correlation {layer.correlation:.4f}"
        figure, axes = one(f"{layer.name}: {len(points):,} neurons of {layer.compared:,} samples{told}", (5.0, 4.6))
        axes.axline((0, 0), slope=1, color=ANALOG, ls="--", lw=1)
        axes.plot(points[:, 0], points[:, 1], ".", color=SPIKING, ms=3, alpha=0.4, rasterized=True)
        axes.set(xlabel="activation of the analog network", ylabel="value of the spiking network")
        yield Picture(in_layer(result.networks["spiking"], layer.name, "correlations"), figure)


def rate_distribution(result: Result) -> Iterator[Picture]:
    """Draw how often values come in both networks, where not both are zero."""
    for layer, points in _compared(result):
        telling = points[(points != 0).any(axis=1)]
        telling = telling if len(telling) else points
        bins = np.histogram_bin_edges(telling, 40).tolist()
        figure, axes = one(f"{layer.name}: values of {layer.compared:,} samples, those that are zero in both left out")
        axes.hist(telling[:, 1], bins, color=SPIKING, alpha=0.55, label="spiking")
        axes.hist(telling[:, 0], bins, color=ANALOG, histtype="step", lw=1.5, label="analog")
        axes.set(xlabel="value", ylabel="how often")
        axes.legend(frameon=False, fontsize=9)
        yield Picture(in_layer(result.networks["spiking"], layer.name, "rate_distribution"), figure)


def pearson(result: Result) -> Iterator[Picture]:
    """Draw the coefficients of all layers."""
    known = [(layer.name, layer.correlation) for layer in result.layers if layer.correlation is not None]
    if not known:
        raise CannotDraw("no layer was compared with an analog network; measure.layers = true compares them")
    height = max(2.0, 0.28 * len(known) + 1.2)
    figure, axes = one(f"{result.name}: correlation of each layer with the analog network", (6.4, min(height, 40.0)))
    places = np.arange(len(known))
    values = [value for _, value in known]
    axes.barh(places, values, color=[SPIKING if value >= _LIMIT else WRONG for value in values])
    axes.axvline(_LIMIT, color="k", lw=0.8, ls=":")
    axes.set_yticks(places, [name for name, _ in known], parse_math=False)
    axes.invert_yaxis()
    axes.set(xlabel="Pearson's coefficient", xlim=(min(0.0, *values), 1.0))
    yield Picture("pearson", figure)


def _compared(result: Result) -> list[tuple[LayerMeasures, Points]]:
    found = [(layer, layer.points) for layer in result.layers if layer.points is not None and len(layer.points)]
    if not found:
        raise CannotDraw("no layer was compared with an analog network; measure.layers = true compares them")
    return found
