"""Read a model of Keras that is in memory, through its own methods."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from snn.errors import ParseError

from .archive import load_json
from .layers import weight_names
from .model import SUBCLASSED, Model, Path, read_model
from .weight import LiveWeight, Weights


@dataclass(frozen=True)
class LiveModel:
    """A model in memory, and its layers as a file would describe them."""

    source: Any
    model: Model
    version: str

    def weights(self) -> Weights:
        """Return the arrays of each layer, in Keras's order."""
        return dict(_weights(self.source, self.model))


def live_model(source: Any) -> LiveModel:
    """Return what ``source``, a model of Keras 2 or 3, consists of."""
    try:
        text = source.to_json()
    except (NotImplementedError, TypeError, ValueError, AttributeError) as error:
        raise ParseError(
            f"the model cannot describe itself: {error!s:.200}",
            hint=SUBCLASSED,
        ) from error
    modules = {kind.__module__.split(".")[0] for kind in type(source).__mro__ if kind.__name__ == "Model"}
    version = "2" if modules & {"tf_keras", "tensorflow"} else str(getattr(sys.modules.get("keras"), "__version__", ""))
    return LiveModel(source, read_model(load_json(text)), version)


def _weights(source: Any, model: Model) -> Iterable[tuple[Path, list[LiveWeight]]]:
    live = {layer.name: layer for layer in source.layers}
    for layer in model.layers:
        if layer.inner is None and not weight_names(layer):
            continue  # sums written as a + b are described, but are no layers
        if layer.name not in live:
            raise ParseError(f"{layer.where} is described, but not in the model")
        if layer.inner is not None:
            yield from _weights(live[layer.name], layer.inner)
        else:
            yield layer.path, [LiveWeight(np.asarray(array)) for array in live[layer.name].get_weights()]
