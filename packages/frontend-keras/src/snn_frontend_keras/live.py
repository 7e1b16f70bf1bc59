"""Read a model of Keras that is in memory, through its own methods."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from snn.errors import ParseError, UnsupportedLayer

from .archive import load_json
from .layers import weight_names
from .model import KERAS, SUBCLASSED, Model, Path, read_model
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
    model = read_model(load_json(text))
    if foreign := list(_foreign(source, model)):
        raise UnsupportedLayer("\n".join(foreign), hint="its function is Python code of your own: use Keras's layers")
    return LiveModel(source, model, version)


def _foreign(source: Any, model: Model) -> Iterable[str]:
    """Yield a line for each class and each activation that is not Keras's, although it may be named like one."""
    if not _is_keras(type(source)):
        yield f"{model.where} is of class {type(source).__module__}.{type(source).__qualname__}"
    live = {layer.name: layer for layer in source.layers}
    for layer in model.layers:
        if layer.inner is not None and layer.name in live:
            yield from _foreign(live[layer.name], layer.inner)
        elif layer.name in live:
            kind, function = type(live[layer.name]), getattr(live[layer.name], "activation", None)
            if not _is_keras(kind):
                yield f"{layer.where} is of class {kind.__module__}.{kind.__qualname__}"
            elif callable(function) and not _is_keras(function if hasattr(function, "__name__") else type(function)):
                yield f"{layer.where} has an activation of its own, {getattr(function, '__name__', function)!s:.60}"


def _is_keras(thing: Any) -> bool:
    return str(getattr(thing, "__module__", "")).split(".")[0] in KERAS


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
