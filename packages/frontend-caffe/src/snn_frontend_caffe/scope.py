"""What the translation of one layer works with: its fields, its inputs, its weights, and a place to write to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from snn.building import Builder
from snn.errors import ParseError
from snn.network import Array, Layer, Shape

from .definition import LayerDefinition
from .options import Options
from .weight import Weights

_OTHER = "are these the weights of this network? They are found by the names of the layers"


@dataclass(frozen=True)
class Value:
    """The result of a layer: its name in the network, and its shape there, without the batch."""

    name: str
    shape: Shape


@dataclass(frozen=True)
class Scope:
    """One layer of the prototxt.

    Attributes
    ----------
    name : str
        Its name in the network.
    batch : int or None
        The batch that the network is written for, where that is known.
    stored : Weights
        Those of all layers.
    """

    name: str
    layer: LayerDefinition
    inputs: tuple[Value, ...]
    batch: int | None
    stored: Weights
    builder: Builder

    @property
    def options(self) -> Options:
        """Its fields."""
        return self.layer.options

    @property
    def where(self) -> str:
        """How messages call it."""
        return self.layer.where

    @property
    def input(self) -> Value:
        """The only input."""
        if len(self.inputs) != 1:
            raise ParseError(f"{self.where} has {len(self.inputs)} bottoms; it takes one")
        return self.inputs[0]

    def refuse_training(self) -> None:
        """Refuse a layer that is to work as in training although the network does not."""
        if self.options.word("phase", "TEST", {"TRAIN": 0, "TEST": 1}) == "TRAIN":
            raise self.options.refuse("works as in training (phase: TRAIN)", hint="take its own phase out")

    def add(self, kind: type[Layer], *inputs: Value, part: str = "", **fields: Any) -> Value:
        """Write down a layer; ``part`` says which part of the layer of Caffe it is, if not the main one."""
        name = self.builder.unique(f"{self.name}/{part}") if part else self.name
        layer = kind(name=name, inputs=tuple(value.name for value in inputs), **fields)
        return Value(name, self.builder.add(layer))

    def axis(self, options: Options, key: str, default: int = 1) -> int:
        """Return the axis ``key``, where 0 is the batch and negative numbers count from the end."""
        rank = len(self.input.shape if len(self.inputs) == 1 else self.inputs[0].shape) + 1
        axis = options.whole(key, default, low=-rank)
        if axis >= rank:
            raise ParseError(f"{options.where}: its field {key!r} is {axis}; its input has {rank} axes, from 0")
        return axis % rank

    def weights(self, **shapes: Shape) -> Mapping[str, Array]:
        """Return the weights, which are of these ``shapes`` and in this order, by name.

        Axes of one in front do not count: files had four axes once, whatever they held.
        """
        arrays, file = self.stored.layers.get(self.layer.name, {}), self.stored.file
        stored = [arrays[place] for place in sorted(arrays)]
        if sorted(arrays) != list(range(len(shapes))):
            gaps = sorted(arrays) != list(range(len(arrays)))
            number = f"only numbers {', '.join(map(str, sorted(arrays)[:5]))}" if gaps else str(len(stored) or "none")
            held = f"{file} holds {number}"
            raise ParseError(f"{self.where} has the weights {', '.join(shapes)}; {held} for it", hint=_OTHER)
        found = {}
        for (name, shape), weight in zip(shapes.items(), stored, strict=True):
            if _significant(weight.shape) != _significant(shape):
                raise ParseError(
                    f"{self.where}: its {name} has shape {weight.shape} in {file}, not {shape}", hint=_OTHER
                )
            try:
                found[name] = weight.read().reshape(shape)
            except ParseError as error:
                raise ParseError(f"{self.where}: {file}: {error}", hint=error.hint) from error.__cause__
        return found


def _significant(shape: Shape) -> Shape:
    first = next((index for index, size in enumerate(shape) if size != 1), len(shape))
    return tuple(shape[first:])
