"""Which classes are taken for which, by both networks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from snn.result import Result

from ..charts.matrix import matrix
from ..section import Section

MOST_CLASSES = 30  # of a matrix that can be read
_ROWS = 10


def section(result: Result) -> Section:
    """Return both confusion matrices, or the most frequent confusions of many classes."""
    title = "Confusion"
    if not result.labelled.any():
        return Section("confusion", title, title, missing="The samples have no labels, so no class is right or wrong.")
    given = [("spiking", result.spiking[-1])]
    if result.analog is not None:
        given.append(("analog", result.analog))
    common = {"pairs": pairs(result), "classes": result.classes, "names": [name for name, _ in given]}
    if result.classes > MOST_CLASSES:
        return Section("confusion", title, title, {**common, "charts": []})
    undecided = any(bool((classes[result.labelled] < 0).any()) for _, classes in given)
    charts = []
    for name, classes in given:
        counts = result.confusion(classes)
        wrong = int(counts.sum() - np.trace(counts))
        told = f"{wrong:,} of {int(counts.sum()):,} wrong"
        axis = f"class given by the {name} network"
        drawn = matrix(f"Confusion of the {name} network", told, counts, axis, undecided=undecided)
        charts.append({"name": name, "told": told, "chart": drawn})
    return Section("confusion", title, title, {**common, "charts": charts})


def pairs(result: Result) -> list[tuple[int, str, list[int]]]:
    """Return the most frequent confusions: the label, the class given, and how often by each network."""
    known = result.labelled
    counts = [_counted(result.labels[known], result.spiking[-1][known], result.classes)]
    if result.analog is not None:
        counts.append(_counted(result.labels[known], result.analog[known], result.classes))
    every = sorted(counts[0], key=lambda pair: (-counts[0][pair], pair))[:_ROWS]
    return [
        (label, "none" if found < 0 else str(found), [count.get((label, found), 0) for count in counts])
        for label, found in every
    ]


def _counted(labels: npt.NDArray[np.int64], given: npt.NDArray[np.int64], classes: int) -> dict[tuple[int, int], int]:
    wrong = labels != given
    found, times = np.unique(labels[wrong] * (classes + 1) + given[wrong] + 1, return_counts=True)
    return {
        (int(place) // (classes + 1), int(place) % (classes + 1) - 1): int(number)
        for place, number in zip(found, times, strict=True)
    }
