"""What a model file says its layers are: JSON into layers, models within models included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from snn.errors import ParseError

from .options import Json

Path = tuple[str, ...]
MODELS = frozenset({"Sequential", "Functional", "Model"})
KERAS = frozenset({"keras", "tf_keras", "tensorflow"})
SUBCLASSED = (
    "a subclassed model computes in Python code, which no file holds: rebuild it with keras.Model(inputs, outputs)"
)
_DEEPEST = 30  # models within models


@dataclass(frozen=True, eq=False)
class LayerConfig:
    """One layer of a model, or a model used as a layer.

    Attributes
    ----------
    path : tuple of str
        The names of the models it is in, outermost model left out, and its own.
    kind : str
        The name of its class; with its module before it if the class is not one of Keras's layers.
    config : mapping
        Its settings.
    nodes : list
        Its calls, as written in the file; empty in a sequential model.
    inner : Model or None
        What a model used as a layer consists of.
    """

    path: Path
    kind: str
    config: Mapping[str, Json]
    nodes: list[Json]
    inner: Model | None

    @property
    def name(self) -> str:
        """The layer's own name."""
        return self.path[-1]

    @property
    def where(self) -> str:
        """How messages call it."""
        return f"layer {'/'.join(self.path)!r} ({self.kind})"


@dataclass(frozen=True, eq=False)
class Model:
    """Layers, and how they are connected."""

    path: Path
    sequential: bool
    layers: tuple[LayerConfig, ...]
    inputs: Json
    outputs: Json
    built_for: Json
    trainable: bool

    @property
    def where(self) -> str:
        """How messages call it."""
        return f"model {'/'.join(self.path)!r}" if self.path else "the model"

    def leaves(self) -> Iterator[LayerConfig]:
        """Yield the layers that are not models, those of inner models in place."""
        for layer in self.layers:
            if layer.inner is None:
                yield layer
            else:
                yield from layer.inner.leaves()


def read_model(config: Json, path: Path = ()) -> Model:
    """Return the model that ``config``, the ``{"class_name": …, "config": …}`` of a file, describes."""
    entry = mapping(config, "the model's description")
    kind = class_of(entry)
    if kind not in MODELS:
        raise ParseError(
            f"the model is a {kind}, not a Sequential or functional model",
            hint=SUBCLASSED,
        )
    if len(path) > _DEEPEST:
        raise ParseError(f"models are nested more than {_DEEPEST} deep")
    where = f"model {'/'.join(path)!r}" if path else "the model"
    inner = entry.get("config")
    if kind == "Sequential" and isinstance(inner, list):  # Keras before 2.2.3
        inner = {"layers": inner}
    inner = mapping(inner, f"the config of {where}")
    if "layers" not in inner:
        raise ParseError(
            f"{where} does not say what layers it has",
            hint=SUBCLASSED,
        )
    layers = tuple(_read_layer(item, path) for item in sequence(inner["layers"], f"the layers of {where}"))
    names: set[str] = set()
    for layer in layers:
        if layer.name in names:
            raise ParseError(f"{where} has two layers named {layer.name!r}")
        names.add(layer.name)
    return Model(
        path,
        kind == "Sequential",
        layers,
        inner.get("input_layers"),
        inner.get("output_layers"),
        inner.get("build_input_shape"),
        inner.get("trainable") is not False,
    )


def _read_layer(item: Json, path: Path) -> LayerConfig:
    entry = mapping(item, "a layer")
    config = mapping(entry.get("config"), "the config of a layer") if isinstance(entry.get("config"), dict) else {}
    kind = class_of(entry)
    name = entry.get("name") or config.get("name")
    if kind in MODELS and isinstance(entry.get("config"), list):
        name = name or kind.lower()
    if not isinstance(name, str) or not name:
        raise ParseError(f"a layer of class {kind} has no name")
    own = (*path, name)
    nodes = sequence(entry.get("inbound_nodes", []), f"the calls of layer {'/'.join(own)!r}")
    return LayerConfig(own, kind, config, nodes, read_model(entry, own) if kind in MODELS else None)


_OPERATORS = frozenset({"Add", "Subtract"})
"""What Keras 3 writes for ``a + b`` and ``a - b``, which are as the layers of these names."""


def class_of(entry: Mapping[str, Json]) -> str:
    """Return the class of a layer; its module comes before it unless it is one of Keras's layers or models."""
    kind = entry.get("class_name")
    if not isinstance(kind, str):
        raise ParseError("a layer has no class_name")
    if kind in ("Merge", "Highway", "MaxoutDense") or kind.startswith(("Convolution", "AtrousConvolution")):
        raise ParseError(
            f"the model has a layer of class {kind}, which is Keras 1; models of Keras 2 and 3 are read",
            hint="load it in Keras 2, which converts it, and save it again",
        )
    module, registered = entry.get("module"), entry.get("registered_name")
    if module == "keras.src.ops.numpy" and kind in _OPERATORS:
        return kind
    config = entry.get("config")
    if kind == "Average" and isinstance(config, dict) and "axis" in config:  # the layer of that name has none
        return "keras.ops.average"
    if "module" in entry and module is None:  # so Keras marks what is not its own, whatever its name
        return f"custom class {kind}"
    if isinstance(module, str) and (module.split(".")[0] not in KERAS or module.startswith("keras.src.ops")):
        return f"{module}.{kind}"
    if isinstance(registered, str) and ">" in registered:
        return registered
    return kind


def mapping(value: Json, what: str) -> Mapping[str, Json]:
    """Return ``value``, which must be a JSON object."""
    if not isinstance(value, dict):
        raise ParseError(f"{what} is damaged: it should be an object", hint="save the model again")
    return value


def sequence(value: Json, what: str) -> list[Json]:
    """Return ``value``, which must be a JSON list."""
    if not isinstance(value, (list, tuple)):
        raise ParseError(f"{what} are damaged: they should be a list", hint="save the model again")
    return list(value)
