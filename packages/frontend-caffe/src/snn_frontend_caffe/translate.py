"""Turn the calls of a prototxt into a network, or say everything that stands in the way."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import numpy as np
from snn import layers as op
from snn.building import Builder, Faults
from snn.errors import ParseError, UnsupportedLayer
from snn.network import Network

from . import preprocessing
from .definition import Definition
from .graph import IDENTITIES, SEVERAL_TOPS, Call, Graph, names, read_graph
from .inputs import data_fields, input_shape
from .layers import TRANSLATIONS, WEIGHTED
from .scope import Scope, Value
from .sharing import shared
from .weight import Weight, Weights
from .wishes import Wishes

_LARGEST_RANK = 3
_END_BEFORE = "rebuild the model without it, or end before it: --set frontend.caffe.output=LAYER"
_ADVICE = {
    "LRN": "no spiking neuron normalises over channels: train it with BatchNorm and Scale instead",
    "PReLU": "train it with ReLU",
    "Python": "its function is Python code, which is never run",
}


def translate(
    definition: Definition,
    wishes: Wishes,
    open_weights: Callable[[], AbstractContextManager[Weights]],
    find_mean: Callable[[str], tuple[str, Weight | None]],
) -> Network:
    """Return the network of a prototxt, with a line on each thing that is not in its layers in the provenance.

    Parameters
    ----------
    definition : Definition
    wishes : Wishes
    open_weights : callable
        Gives the weights; it is called only for a network that has some, and that can be translated.
    find_mean : callable
        Takes the name of the mean image in the prototxt, or none, and gives that of the file and the image.

    Raises
    ------
    ParseError
        The network or its weights are damaged or do not fit.
    UnsupportedLayer
        Layers cannot be translated; the message lists all of them, one a line.
    """
    graph = read_graph(definition, wishes.output)
    faults = Faults(_unknown(call) for call in graph.calls if call.layer and not _is_known(call))
    translator = _Translator(definition, graph, wishes, faults)
    networks = []
    with faults.gathered():
        translator.enter(find_mean)
        if faults or not any(needs_weights(call) for call in graph.calls):
            translator.translate(Weights("no file", {}))
        else:
            with open_weights() as weights:
                translator.translate(shared(definition, weights))
        networks.append(translator.network())
    faults.tell()
    return networks[0]


def needs_weights(call: Call) -> bool:
    """Return whether a layer has weights, and so needs the file that holds them."""
    return call.layer is not None and call.layer.kind in WEIGHTED


class _Translator:
    """Translates call by call; after a fault it goes on, to find all the others."""

    def __init__(self, definition: Definition, graph: Graph, wishes: Wishes, faults: Faults) -> None:
        self._definition, self._graph, self._wishes, self._faults = definition, graph, wishes, faults
        self._builder = Builder(call.name for call in graph.calls)
        self._used: set[str] = set()
        self._values: list[Value] = []
        self._batch: int | None = None
        self._notes: list[str] = []

    def enter(self, find_mean: Callable[[str], tuple[str, Weight | None]]) -> None:
        """Write down the input, and what is done to samples before the first layer."""
        call = self._graph.calls[0]
        where = call.layer.where if call.layer else f"input {call.blob!r}"
        found = preprocessing.read_preprocessing(call)
        mean_name, mean = find_mean(found.mean_file) if self._wishes.preprocessing else ("", None)
        shape = self._wishes.input_shape
        if shape:
            self._notes.append(f"input {call.name!r} has shape {shape}, as it was set")
        else:
            outside, means = self._definition.inputs.get(call.blob, ()), len(found.mean_values)
            shape, self._batch = input_shape(call, outside, mean, means)
        name = self._own_name(call)
        value = Value(name, self._builder.add(op.Input(name=name, shape=shape)))
        self._values = [self._preprocessed(value, found, mean_name, mean, where)]
        if call.layer is not None:
            data_fields(call.layer.options, call.layer.kind)
            call.layer.close()

    def _preprocessed(
        self, value: Value, found: preprocessing.Preprocessing, mean_name: str, mean: Weight | None, where: str
    ) -> Value:
        if found.mirror:
            self._notes.append(f"left out: {where} mirrors samples at random")
        shift = preprocessing.shift(found, mean, value.shape, where)
        if shift is None and found.scale == 1:
            return value
        done = preprocessing.told(found, mean_name or found.mean_file)
        if not self._wishes.preprocessing:
            self._notes.append(f"left out, as it was set: {done}; samples are to be given so")
            return value
        name = self._builder.unique(f"{value.name}/preprocessing")
        shift = np.zeros(value.shape[:1], np.float32) if shift is None else -shift * np.float32(found.scale)
        layer = op.Affine(name=name, inputs=(value.name,), scale=np.full_like(shift, found.scale), shift=shift)
        self._notes.append(f"layer {name!r} does to samples what {where} did: {done}; give them as they were before")
        return Value(name, self._builder.add(layer))

    def translate(self, weights: Weights) -> None:
        """Write down all calls after the input."""
        weighted: set[str] = set()
        for call in self._graph.calls[1:]:
            if call.layer and call.layer.name in weights.layers and call.layer.name in weighted:
                raise ParseError(f"two layers are named {call.layer.name!r}; their weights cannot be told apart")
            weighted.add(call.name)
            self._values.append(self._call(call, weights))

    def network(self) -> Network:
        """Return what has been written down."""
        if left_out := [layer for layer in self._graph.left_out if layer.kind not in IDENTITIES]:
            self._notes.append(f"left out, for they only judge the result: {names(left_out)}")
        return Network(tuple(self._builder.layers), provenance=tuple(self._notes), stage="parsed")

    def _call(self, call: Call, weights: Weights) -> Value:
        inputs = tuple(self._values[source] for source in call.inputs)
        layer = call.layer
        if layer is None or not _is_known(call):
            return inputs[0]
        with self._faults.gathered():
            if call.top and layer.kind not in SEVERAL_TOPS:
                raise layer.options.refuse(
                    f"gives {call.blob!r} as its result number {call.top + 1}", hint="only the first result is known"
                )
            name = call.name if layer.kind in IDENTITIES else self._own_name(call)
            scope = Scope(
                name=name,
                layer=layer,
                inputs=inputs,
                batch=self._batch,
                stored=weights,
                builder=self._builder,
            )
            value = TRANSLATIONS[layer.kind](scope)
            layer.close()
            if len(value.shape) > _LARGEST_RANK:
                raise layer.options.refuse(
                    f"gives {len(value.shape)} axes", hint="networks have at most three: channel, height, width"
                )
            return value
        return inputs[0]

    def _own_name(self, call: Call) -> str:
        """Return the name of a layer in the network: its own, unless an earlier layer has it already."""
        if call.name not in self._used:
            self._used.add(call.name)
            return call.name
        return self._builder.unique(call.name)


def _is_known(call: Call) -> bool:
    return call.is_source or (call.layer is not None and call.layer.kind in TRANSLATIONS)


def _unknown(call: Call) -> UnsupportedLayer:
    layer = call.layer
    kind = layer.kind if layer else ""
    advice = _ADVICE.get(kind, _END_BEFORE)
    return UnsupportedLayer(f"{layer.where if layer else call.name} has no counterpart in a network", hint=advice)
