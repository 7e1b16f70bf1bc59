"""Turn the calls of a Keras model into a network, or say everything that stands in the way."""

from __future__ import annotations

from collections.abc import Callable

from snn import layers as op
from snn.building import Faults
from snn.errors import UnsupportedLayer
from snn.network import Network

from .builder import Builder, Value, channels_first
from .graph import Call, Graph, read_graph
from .layers import TRANSLATIONS, weight_names
from .model import LayerConfig, Model
from .options import Options
from .scope import Scope
from .weight import Weights

_LARGEST_RANK = 3
_ADVICE = {
    "Lambda": "its function is Python code, which is never run: use Keras layers instead",
    "TFOpLambda": "a TensorFlow function used on a tensor: use a Keras layer instead, as Add for +",
    "TensorFlowOpLayer": "a TensorFlow function used on a tensor: use a Keras layer instead, as Add for +",
    "SlicingOpLambda": "slicing is not in the network format",
    "PReLU": "train it with ReLU or LeakyReLU",
    "ThresholdedReLU": "train it with ReLU",
    "Conv3D": "networks have at most two spatial axes",
    "TimeDistributed": "use the layer itself: Dense acts on the last axis anyway",
}


def translate(model: Model, version: str, find_weights: Callable[[], Weights], origin: str) -> Network:
    """Return the network that ``model`` is.

    Raises
    ------
    ParseError
        The model or its weights are damaged or do not fit.
    UnsupportedLayer
        Layers cannot be translated; the message lists all of them, one a line.
    """
    leaves = model.leaves()
    faults = Faults(_unknown(leaf) for leaf in leaves if leaf.kind not in TRANSLATIONS and leaf.kind != "InputLayer")
    networks = []
    with faults.gathered():
        networks.append(_Translator(read_graph(model), version, faults).run(find_weights, origin))
    faults.tell()
    return networks[0]


class _Translator:
    """Translates call by call; after a fault it goes on, to find all the others."""

    def __init__(self, graph: Graph, version: str, faults: Faults) -> None:
        self._graph = graph
        self._version = version
        self._faults = faults
        self._builder = Builder({call.name for call in graph.calls})

    def run(self, find_weights: Callable[[], Weights], origin: str) -> Network:
        shape = self._graph.shape
        first = self._graph.calls[0].name
        if len(shape) > _LARGEST_RANK:
            raise UnsupportedLayer(
                f"input {first!r} has shape {shape}; a network has at most a channel and two spatial axes",
                hint="convert the part of the model that works on images or vectors",
            )
        order = channels_first(len(shape), source=_source(self._graph))
        layout = order if order != tuple(range(len(shape))) else ()
        start = self._builder.write(
            op.Input, first, (), order, shape=tuple(shape[axis] for axis in order), layout=layout
        )
        values = {0: start}
        weights: Weights = {} if self._faults else find_weights()
        for index, call in enumerate(self._graph.calls):
            if index:
                values[index] = self._call(call, tuple(values[source] for source in call.inputs), weights)
        result = values[self._graph.output]
        last = self._graph.calls[self._graph.output].name
        order = channels_first(len(result.shape), source=_source(self._graph))
        self._builder.arrange(result, order, f"{last}/permute")
        return Network(tuple(self._builder.layers), provenance=(origin,), stage="parsed")

    def _call(self, call: Call, inputs: tuple[Value, ...], weights: Weights) -> Value:
        layer = call.layer
        with self._faults.gathered():
            scope = Scope(
                name=call.name,
                kind=layer.kind,
                where=layer.where,
                version=self._version,
                options=Options(layer.where, layer.config),
                inputs=inputs,
                stored=weights.get(layer.path),
                weight_names=weight_names(layer),
                builder=self._builder,
            )
            if layer.kind not in TRANSLATIONS:
                return inputs[0]
            value = TRANSLATIONS[layer.kind](scope)
            scope.options.close()
            if len(value.shape) > _LARGEST_RANK:
                raise scope.options.refuse(
                    f"gives {len(value.shape)} axes", hint="networks have at most three: channel, height, width"
                )
            return value
        return inputs[0]


def _source(graph: Graph) -> str:
    """Return where the model has its channels."""
    first = any(
        call.layer.config.get("data_format") == "channels_first" and call.layer.kind != "Flatten"
        for call in graph.calls
    )
    return "channels_first" if first else "channels_last"


def _unknown(layer: LayerConfig) -> UnsupportedLayer:
    advice = _ADVICE.get(
        layer.kind,
        "rebuild the model without it; the layers that are read are in the documentation of snn-frontend-keras",
    )
    return UnsupportedLayer(f"{layer.where} has no counterpart in a network", hint=advice)
