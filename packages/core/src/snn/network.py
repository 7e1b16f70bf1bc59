"""The value that flows through the pipeline: an immutable graph of layers in topological order.

Shapes are channels-first and carry no batch axis; every array is float32 and read-only.  What the layers
compute is in `snn.layers` (operations) and `snn.neurons`; a network whose activations have been replaced by
neurons is a *spiking* network.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from .clock import Clock
from .errors import NetworkError

Shape: TypeAlias = tuple[int, ...]
Array: TypeAlias = npt.NDArray[np.float32]
MOST_ELEMENTS = 2**31
"""What one layer may give for a sample; a file of a few bytes could ask for more than any memory holds."""

Stage: TypeAlias = Literal["parsed", "simplified", "normalised", "spiking"]
STAGES: tuple[Stage, ...] = get_args(Stage)
"""The stages, in order."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Layer:
    """A named operation on the outputs of the layers named in ``inputs``."""

    name: str
    inputs: tuple[str, ...]
    arity: ClassVar[int | None] = 1  # the number of inputs; None: one or more

    def __post_init__(self) -> None:
        for entry in dataclasses.fields(self):
            value = getattr(self, entry.name)
            where, kind = f"layer {self.name!r}: {entry.name}", str(entry.type)
            if isinstance(value, (float, np.number)) and ("Array" in kind or "ndarray" in kind):
                value = np.asarray(value)  # NumPy makes a number of an array without axes wherever it can
            kept = _freeze(value, where) if isinstance(value, np.ndarray) else _plain(value, where)
            if isinstance(kept, int) and not isinstance(kept, bool) and "float" in kind:
                kept = float(kept)  # a file keeps it as one, and the digest must not depend on the file
            object.__setattr__(self, entry.name, kept)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the fields from a pickle, whose arrays anybody could write to."""
        for name, value in state.items():
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
            object.__setattr__(self, name, value)

    @property
    def kind(self) -> str:
        """The word for this layer's kind in files and messages."""
        return type(self).__name__

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        """Return the shape of the output, or raise ValueError when ``inputs`` do not fit."""
        return inputs[0]


@dataclass(frozen=True, eq=False)
class Network:
    """Layers in topological order, from one input to one output; an instance that exists is well formed.

    Attributes
    ----------
    layers : tuple of Layer
        The first is the only `Input`; the last is the output, and the only one that no other reads.
    provenance : tuple of str
        One plain sentence a change, oldest first.
    stage : str
        What was done: ``parsed``, ``simplified``, ``normalised`` or ``spiking``.
    analog : mapping of stage to Network
        Earlier stages that later verbs compare with: ``parsed`` for agreement, ``normalised`` for rates.
    clock : Clock or None
        The duration and step that suit a spiking network's code; `simulate` uses them unless told otherwise.
    """

    layers: tuple[Layer, ...]
    provenance: tuple[str, ...] = ()
    stage: Stage = "parsed"
    analog: Mapping[str, Network] = field(default_factory=dict)
    clock: Clock | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "analog", MappingProxyType(dict(self.analog)))
        if not self.layers:
            raise NetworkError("a network has at least one layer; this one has none")
        self.shapes  # noqa: B018  infers, and so checks, every shape
        sources = [layer.name for layer in self.layers if layer.arity == 0]
        if sources != [layer.name for layer in self.layers[:1]]:
            raise NetworkError(f"a network has one Input, and it comes first; found {sources or 'none'}")
        unread = [layer.name for layer in self.layers if not self.readers(layer.name)]
        if unread != [self.output.name]:
            others = ", ".join(repr(name) for name in unread if name != self.output.name)
            raise NetworkError(
                f"nothing reads layer {others}; only the last layer, {self.output.name!r}, is the output"
            )

    def __reduce__(self) -> tuple[type[Network], tuple[Any, ...]]:
        """Let a process hand the network to another: what is derived is derived there again."""
        return Network, (self.layers, self.provenance, self.stage, dict(self.analog), self.clock)

    @cached_property
    def shapes(self) -> Mapping[str, Shape]:
        """The shape of each layer's output, by name."""
        shapes: dict[str, Shape] = {}
        for layer in self.layers:
            where = f"layer {layer.name!r} ({layer.kind})"
            if not layer.name:
                raise NetworkError(f"a {layer.kind} has no name")
            if layer.name in shapes:
                raise NetworkError(f"two layers are named {layer.name!r}")
            if missing := [name for name in layer.inputs if name not in shapes]:
                raise NetworkError(f"{where} reads {missing[0]!r}, which is not an earlier layer")
            if (layer.arity is None and not layer.inputs) or layer.arity not in (None, len(layer.inputs)):
                raise NetworkError(f"{where} has {len(layer.inputs)} inputs; it takes {layer.arity or 'at least one'}")
            try:
                shape = layer.output_shape(tuple(shapes[name] for name in layer.inputs))
            except ValueError as error:
                raise NetworkError(f"{where}: {error}") from None
            if not shape or min(shape) < 1:
                raise NetworkError(f"{where}: its output would have shape {shape}; every axis must be at least 1")
            if not all(isinstance(size, int) for size in shape):
                raise NetworkError(f"{where}: its output would have shape {shape}; sizes are whole numbers")
            if math.prod(shape) > MOST_ELEMENTS:
                raise NetworkError(f"{where}: its output would have shape {shape}, over {MOST_ELEMENTS} elements")
            shapes[layer.name] = shape
        return MappingProxyType(shapes)

    @property
    def input(self) -> Layer:
        """The layer where samples enter."""
        return self.layers[0]

    @property
    def output(self) -> Layer:
        """The layer that gives the classes."""
        return self.layers[-1]

    @cached_property
    def _by_name(self) -> Mapping[str, Layer]:
        return {layer.name: layer for layer in self.layers}

    @cached_property
    def _readers(self) -> Mapping[str, tuple[Layer, ...]]:
        readers: dict[str, list[Layer]] = {name: [] for name in self._by_name}
        for layer in self.layers:
            for name in dict.fromkeys(layer.inputs):
                readers[name].append(layer)
        return {name: tuple(found) for name, found in readers.items()}

    def __getitem__(self, name: str) -> Layer:
        """Return the layer named ``name``."""
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def readers(self, name: str) -> tuple[Layer, ...]:
        """Return the layers that take the output of ``name``, in order."""
        return self._readers[name]

    def input_shapes(self, layer: Layer) -> tuple[Shape, ...]:
        """Return the shapes of what ``layer`` reads."""
        return tuple(self.shapes[name] for name in layer.inputs)

    def rebuild(self, change: Callable[[Layer], Layer], note: str) -> Network:
        """Return the network with every layer passed through ``change``, and ``note`` added to the provenance."""
        return self.replace((change(layer) for layer in self.layers), note)

    def replace(self, layers: Iterable[Layer], *notes: str) -> Network:
        """Return a network of other ``layers`` with the same history, plus ``notes``."""
        return dataclasses.replace(self, layers=tuple(layers), provenance=(*self.provenance, *notes))


def _freeze(array: npt.NDArray[np.generic], where: str) -> Array:
    """Return ``array`` as read-only float32, copied only where somebody else could still write to it."""
    if array.dtype != np.float32 or not array.flags.c_contiguous or _writeable(array):
        with np.errstate(over="ignore"):  # what is too large for float32 is told below, as infinite
            array = np.array(array, np.float32, order="C")
        array.setflags(write=False)
    if not np.isfinite(array).all():
        bad = int(array.size - np.isfinite(array).sum())
        raise NetworkError(
            f"{where} has {bad} of {array.size} values that are not finite numbers",
            hint="the training has diverged, or the file is damaged: save the model again",
        )
    return array  # type: ignore[return-value]  # float32 by the line above


def _plain(value: object, where: str) -> object:
    """Return ``value`` with tuples for lists and Python's numbers for NumPy's, so that every layer can be kept."""
    if isinstance(value, (tuple, list)):
        return tuple(_plain(entry, where) for entry in value)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        raise NetworkError(f"{where} is {value}, which is not a finite number")
    return value


def _writeable(array: object) -> bool:
    while isinstance(array, np.ndarray):
        if array.flags.writeable:
            return True
        array = array.base
    return array is not None and not isinstance(array, bytes)
