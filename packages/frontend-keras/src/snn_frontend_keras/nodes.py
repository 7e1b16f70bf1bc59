"""The calls of a functional model's layers, in the notation of Keras 2 and in that of Keras 3."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from snn.errors import ParseError, UnsupportedLayer

from .model import LayerConfig, Model, mapping, sequence
from .options import Json

Ref: TypeAlias = tuple[str, int, int]  # the layer, which of its calls, which of the call's results


@dataclass(frozen=True)
class Node:
    """Call number ``index`` of a layer on the results ``inputs``."""

    index: int
    inputs: tuple[Ref, ...]


def read_nodes(model: Model) -> list[tuple[LayerConfig, Node]]:
    """Return every call of every layer of a functional model, in the order of the file."""
    calls: list[tuple[LayerConfig, tuple[Ref, ...]]] = []
    for layer in model.layers:
        calls.extend((layer, _read_node(node, layer)) for node in layer.nodes)
    first: dict[str, int] = {}
    for name, index, _ in [*(ref for _, refs in calls for ref in refs), *read_refs(model.outputs, "the outputs")]:
        first[name] = min(index, first.get(name, index))
    result: list[tuple[LayerConfig, Node]] = []
    counts: dict[str, int] = {}
    for layer, refs in calls:
        number = counts.get(layer.name, 0)
        counts[layer.name] = number + 1
        # Keras 2 counts the making of an inner model as its first call, and writes that number down.
        offset = first.get(layer.name, 0) if layer.inner is not None else 0
        result.append((layer, Node(number + offset, refs)))
    return result


def read_refs(value: Json, what: str) -> tuple[Ref, ...]:
    """Return the results named in ``value``: one ``[name, call, result]``, or a list or an object of them."""
    if isinstance(value, dict):
        value = list(value.values())
    items = sequence(value, what)
    if items and isinstance(items[0], str):
        items = [items]
    return tuple(_ref(item, what) for item in items)


def _ref(item: Json, what: str) -> Ref:
    if isinstance(item, (list, tuple)) and len(item) >= 3:
        name, node, result = item[:3]
        if isinstance(name, str) and isinstance(node, int) and isinstance(result, int) and node >= 0 and result >= 0:
            return name, int(node), int(result)
    raise ParseError(
        f"{what} are damaged: {item!r:.60} does not name the result of a layer", hint="save the model again"
    )


def _read_node(node: Json, layer: LayerConfig) -> tuple[Ref, ...]:
    what = f"the calls of {layer.where}"
    if isinstance(node, dict):  # Keras 3
        arguments = sequence(node.get("args", []), what)
        settings = dict(mapping(node.get("kwargs", {}), what))
        refs = list(_tensors(arguments, layer))
        for key in ("inputs", "input"):
            refs.extend(_tensors(settings.pop(key, []), layer))
    else:  # Keras 2: [[name, call, result, settings], …]
        settings, refs = {}, []
        items = sequence(node, what)
        for item in [items] if items and isinstance(items[0], str) else items:
            refs.append(_ref(item, what))
            if isinstance(item, (list, tuple)) and len(item) > 3:
                settings |= mapping(item[3], what)
    for key, value in settings.items():
        if not (value is None or value is False):
            raise UnsupportedLayer(
                f"{layer.where} is called with {key} = {value!r:.60}, which changes what it computes",
                hint="call the layer on its input alone",
            )
    if not refs:
        raise ParseError(f"{what} are damaged: one has no input", hint="save the model again")
    return tuple(refs)


def _tensors(value: Json, layer: LayerConfig) -> Iterator[Ref]:
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _tensors(item, layer)
    elif isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
        config = mapping(value.get("config"), f"an input of {layer.where}")
        yield _ref(config.get("keras_history"), f"the inputs of {layer.where}")
    else:
        raise UnsupportedLayer(
            f"{layer.where} is called with {value!r:.60}, which is not the result of a layer",
            hint="put the number into a layer, as in keras.layers.Rescaling",
        )
