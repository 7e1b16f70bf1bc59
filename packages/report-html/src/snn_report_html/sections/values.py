"""What every layer stands for against what it should: scatter and histograms."""

from __future__ import annotations

import numpy as np
from snn.measures.layer import LayerMeasures
from snn.result import Result

from ..amounts import correlation, per_cent
from ..charts.histogram import compared_histogram
from ..charts.scatter import scatter
from ..section import Section

OPEN = 12  # layers that are shown at once; the others when asked for
MOST_DOTS = 500  # of a layer
ALL_DOTS = 12_000  # of the page


def section(result: Result) -> Section:
    """Return a pair of charts for each layer."""
    known = [layer for layer in result.layers if layer.points is not None and len(layer.points)]
    title = "Values against activations"
    if not known:
        why = "no layer was compared with an analog network"
        if not result.layers:
            why = "the run measured no layers: run it again with measure.layers = true"
        return Section("values", title, "Values", missing=f"There is nothing to compare: {why}.")
    most = max(60, min(MOST_DOTS, ALL_DOTS // len(known)))
    cards = [card(layer, most) for layer in known]
    return Section("values", title, "Values", {"cards": cards[:OPEN], "more": cards[OPEN:]})


def card(layer: LayerMeasures, most: int) -> dict[str, object]:
    """Return the charts of a layer with a heading and what is left out."""
    points = np.zeros((0, 2), np.float32) if layer.points is None else layer.points
    telling = points[(points != 0).any(axis=1)]
    drawn = telling[np.unique(np.linspace(0, len(telling) - 1, min(most, len(telling))).astype(int))]
    zeros = 1 - len(telling) / len(points)
    note = f"{len(drawn):,} of {len(telling):,} pairs drawn"
    if zeros:
        note += f"; {per_cent(zeros, 0)} of all are zero in both networks and left out"
    return {
        "name": layer.name,
        "kind": layer.kind,
        "correlation": correlation(layer.correlation),
        "note": note,
        "scatter": scatter(
            f"{layer.name}: values of the spiking network against activations of the analog one",
            f"correlation {correlation(layer.correlation)}; {note}",
            drawn,
            ("analog activation", "spiking value"),
        ),
        "histogram": compared_histogram(
            f"{layer.name}: how often values come in both networks",
            f"{len(telling):,} pairs of which not both are zero",
            telling[:, 0],
            telling[:, 1],
            "value",
        ),
    }
