"""From models within models to one list of calls, each after the calls whose results it takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from snn.errors import ParseError, UnsupportedLayer

from .model import LayerConfig, Model, Path
from .nodes import Node, Ref, read_nodes, read_refs
from .options import Json

_MOST_CALLS = 20_000


@dataclass(frozen=True)
class Call:
    """One use of a layer.

    Attributes
    ----------
    name : str
        Unique in the network.
    layer : LayerConfig
        What is called; a layer that is called twice is in two calls.
    inputs : tuple of int
        The calls whose results it takes, by their place in the list; 0 is the network's input.
    """

    name: str
    layer: LayerConfig
    inputs: tuple[int, ...]


@dataclass(frozen=True)
class Graph:
    """The calls of a model in order; the first is its input; ``output`` is the call that gives the result."""

    calls: tuple[Call, ...]
    output: int
    shape: tuple[int, ...]


def read_graph(model: Model) -> Graph:
    """Return the calls that ``model`` consists of, those of inner models in place of them."""
    name, shape = _input(model)
    tracer = _Tracer(model, name)
    output = tracer.run(model, 0, (), 1)
    return _without_unread(tracer.calls, output, shape)


class _Tracer:
    """Follows values through the models, and writes down the calls."""

    def __init__(self, model: Model, name: str) -> None:
        self.calls = [Call(name, LayerConfig((name,), "InputLayer", {}, [], None), ())]
        self._names = {name}
        self._reserved = {"/".join(layer.path) for layer in model.leaves()}

    def run(self, model: Model, entry: int, prefix: Path, depth: int) -> int:
        """Write down the calls of ``model`` on the result of call ``entry``; return the call that gives its result."""
        if model.sequential:
            for layer in model.layers:
                if layer.kind != "InputLayer":
                    entry = self._call(layer, (entry,), prefix, depth)
            return entry
        (source,) = _single(model, model.inputs, "input")
        (target,) = _single(model, model.outputs, "output")
        results: dict[Ref, int] = {(source[0], 0, 0): entry, source: entry}
        for layer, node in _ordered(model, set(results)):
            inputs = tuple(results[ref] for ref in node.inputs)
            results[layer.name, node.index, 0] = self._call(layer, inputs, prefix, depth)
        if target not in results:
            raise ParseError(f"{model.where}: its output {target[0]!r} is not the result of one of its layers")
        return results[target]

    def _call(self, layer: LayerConfig, inputs: tuple[int, ...], prefix: Path, depth: int) -> int:
        if layer.inner is None:
            self.calls.append(Call(self._name((*prefix, layer.name)), layer, inputs))
            if len(self.calls) > _MOST_CALLS:
                raise ParseError(f"the model has more than {_MOST_CALLS} layers")
            return len(self.calls) - 1
        if len(inputs) != 1:
            raise UnsupportedLayer(
                f"{layer.where} takes {len(inputs)} inputs; a model used as a layer may have one",
                hint="use its layers directly in the outer model",
            )
        inner = (*prefix, layer.name)
        taken, number = "/".join(inner), 0
        while f"{taken}/" in self._names:
            number += 1
            inner = (*prefix, f"{layer.name}_{number}")
            taken = "/".join(inner)
        self._names.add(f"{taken}/")
        return self.run(layer.inner, inputs[0], inner, depth + 1)

    def _name(self, path: Path) -> str:
        plain = "/".join(path)
        name, number = plain, 0
        while name in self._names or (number and name in self._reserved):
            number += 1
            name = f"{plain}_{number}"
        self._names.add(name)
        return name


def _ordered(model: Model, known: set[Ref]) -> Iterator[tuple[LayerConfig, Node]]:
    """Yield the calls of a functional model, each after the calls whose results it takes."""
    waiting: dict[Ref, list[tuple[LayerConfig, Node]]] = {}
    missing: dict[tuple[str, int], set[Ref]] = {}
    ready: list[tuple[LayerConfig, Node]] = []
    read = read_nodes(model)
    for layer, node in read:
        lacks = {ref for ref in node.inputs if ref not in known}
        missing[layer.name, node.index] = lacks
        for ref in lacks:
            waiting.setdefault(ref, []).append((layer, node))
        if not lacks:
            ready.append((layer, node))
    done = 0
    while done < len(ready):
        layer, node = ready[done]
        done += 1
        yield layer, node
        ref = (layer.name, node.index, 0)
        for item in waiting.pop(ref, []):
            lacks = missing[item[0].name, item[1].index]
            lacks.discard(ref)
            if not lacks:
                ready.append(item)
    if done < len(read):
        ref = next(iter(waiting))
        layer, _ = waiting[ref][0]
        raise ParseError(
            f"{layer.where} takes the result of {ref[0]!r}, which is not an earlier layer, or its second result"
        )


def _single(model: Model, value: Json, what: str) -> tuple[Ref, ...]:
    refs = read_refs(value, f"the {what}s of {model.where}")
    if len(refs) != 1:
        names = ", ".join(repr(ref[0]) for ref in refs)
        raise UnsupportedLayer(
            f"{model.where} has {len(refs)} {what}s ({names}); a network has one",
            hint=f"save a keras.Model with the one {what} that the spiking network is to have",
        )
    return refs


def _input(model: Model) -> tuple[str, tuple[int, ...]]:
    """Return the name and the shape of the model's input, in Keras's order, without the batch axis."""
    name, shape = _declared(model)
    if not isinstance(shape, (list, tuple)):
        raise ParseError(
            "the model does not say what shape its input has", hint="give it a keras.Input(shape=…) and save it again"
        )
    sizes = shape[1:]
    if any(size is None for size in sizes):
        raise ParseError(
            f"input {name!r} has shape {tuple(sizes)}, which is not fixed",
            hint="rebuild the model with a fixed keras.Input(shape=…), set its weights, and save it again",
        )
    if not sizes or not all(isinstance(size, int) and 1 <= size <= 2**31 for size in sizes):
        raise ParseError(f"input {name!r} has no usable shape: {list(sizes)!r:.60}")
    return name, tuple(size for size in sizes if isinstance(size, int))


def _declared(model: Model) -> tuple[str, Json]:
    if not model.sequential:
        ((wanted, _, _),) = _single(model, model.inputs, "input")
        for layer in model.layers:
            if layer.name == wanted:
                return _declared(layer.inner) if layer.inner else (wanted, _batch_shape(layer))
        raise ParseError(f"{model.where}: its input {wanted!r} is not one of its layers")
    if not model.layers:
        raise ParseError(f"{model.where} has no layers")
    first = model.layers[0]
    shape = _batch_shape(first) or model.built_for
    if first.kind == "InputLayer":
        return first.name, shape
    if shape is None and first.inner is not None:
        return _declared(first.inner)
    taken = {layer.name for layer in model.layers}
    return next(name for name in ("input", *(f"input_{k}" for k in range(len(taken) + 1))) if name not in taken), shape


def _batch_shape(layer: LayerConfig) -> Json:
    shape = layer.config.get("batch_shape")
    return layer.config.get("batch_input_shape") if shape is None else shape


def _without_unread(calls: list[Call], output: int, shape: tuple[int, ...]) -> Graph:
    """Return the graph without the calls that its output does not depend on, as Keras leaves them out too."""
    needed = {0, output}
    for index in range(len(calls) - 1, 0, -1):
        if index in needed:
            needed.update(calls[index].inputs)
    places = {old: new for new, old in enumerate(sorted(needed))}
    kept = tuple(
        Call(calls[old].name, calls[old].layer, tuple(places[index] for index in calls[old].inputs)) for old in places
    )
    return Graph(kept, places[output], shape)
