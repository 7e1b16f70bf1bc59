"""Confusion matrices of both networks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from snn.result import Result

from .canvas import row
from .pictures import CannotDraw, Picture

_WRITTEN = 20  # classes up to which counts stand in the cells


def confusion(result: Result) -> Iterator[Picture]:
    """Draw how often each label got each class."""
    if not result.labelled.any():
        raise CannotDraw("the samples have no labels")
    given = [("spiking", result.spiking[-1])]
    if result.analog is not None:
        given.append(("analog", result.analog))
    titles = tuple(f"{name} network" for name, _ in given)
    figure, axes = row(titles, (5.2 * len(given), 4.8))
    for part, (_, classes) in zip(axes, given, strict=True):
        counts = result.confusion(classes)
        counts = counts if counts[:, -1].any() else counts[:, :-1]
        share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        part.imshow(np.sqrt(share), cmap="Blues", vmin=0, vmax=1)
        part.set(xlabel="class given; behind the last: none", ylabel="label")
        if len(counts) <= _WRITTEN:
            part.set_xticks(range(counts.shape[1]))
            part.set_yticks(range(len(counts)))
            for (label, found), count in np.ndenumerate(counts):
                if count:
                    colour = "w" if share[label, found] > 0.3 else "k"
                    part.text(found, label, str(count), ha="center", va="center", fontsize=7, color=colour)
    yield Picture("confusion", figure)
