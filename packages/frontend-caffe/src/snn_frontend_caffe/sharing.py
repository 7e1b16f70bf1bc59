"""Weights that several layers share by the names of their parameters, as in ``param { name: "w" }``."""

from __future__ import annotations

import numpy as np
from snn.errors import ParseError

from .definition import Definition
from .weight import Weight, Weights


def shared(definition: Definition, weights: Weights) -> Weights:
    """Return ``weights`` with those that a layer shares with an earlier one, and are kept with that one only.

    Raises
    ------
    ParseError
        Both layers have weights in the file, and they differ.
    """
    owners: dict[str, tuple[str, int]] = {}
    found = {name: dict(arrays) for name, arrays in weights.layers.items()}
    for layer in definition.layers:
        for place, name in enumerate(layer.shares):
            owner, at = owners.setdefault(name, (layer.name, place)) if name else (layer.name, place)
            own, theirs = found.get(layer.name, {}).get(place), found.get(owner, {}).get(at)
            if owner == layer.name or theirs is None:
                continue
            if own is None:
                found.setdefault(layer.name, {})[place] = theirs
            elif not _same(own, theirs):
                raise ParseError(
                    f"{layer.where} shares the parameter {name!r} with layer {owner!r}; {weights.file} has two for it",
                    hint="let Caffe load and save the model once, so that both are the same",
                )
    return Weights(weights.file, found)


def _same(one: Weight, other: Weight) -> bool:
    if int(np.prod(one.shape)) != int(np.prod(other.shape)):
        return False
    return np.array_equal(one.read().ravel(), other.read().ravel())
