"""Write a network down, layer by layer, and keep count of which axis of Keras each axis of a value is."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Any

from snn import layers as op
from snn.errors import ParseError
from snn.network import Layer, Shape

_MOST_ELEMENTS = 2**27


@dataclass(frozen=True)
class Value:
    """The result of a layer.

    Attributes
    ----------
    name : str
        The layer in the network.
    shape : tuple of int
        Its shape there.
    order : tuple of int
        For each axis of ``shape``, the axis in Keras (batch not counted) that it is; as `snn.layers.Input.layout`.
    """

    name: str
    shape: Shape
    order: tuple[int, ...]

    @property
    def keras_shape(self) -> Shape:
        """The shape in Keras, batch not counted."""
        return tuple(self.shape[self.order.index(axis)] for axis in range(len(self.order)))

    @property
    def is_linear(self) -> bool:
        """Whether the elements lie in memory as Keras has them."""
        axes = [axis for axis, size in zip(self.order, self.shape, strict=True) if size > 1]
        return axes == sorted(axes)


@dataclass
class Builder:
    """The layers so far."""

    taken: set[str] = field(default_factory=set)
    layers: list[Layer] = field(default_factory=list)
    _arranged: dict[tuple[str, tuple[int, ...], tuple[int, ...]], Value] = field(default_factory=dict)

    def add(
        self, kind: type[Layer], name: str, inputs: tuple[Value, ...], order: tuple[int, ...], **fields: Any
    ) -> Value:
        """Write down a layer and return its result, whose axes are the Keras axes ``order``."""
        layer = kind(name=name, inputs=tuple(value.name for value in inputs), **fields)
        try:
            shape = layer.output_shape(tuple(value.shape for value in inputs))
        except ValueError as error:
            raise ParseError(f"layer {name!r}: {error}") from error
        if not shape or min(shape) < 1:
            raise ParseError(f"layer {name!r}: its result would have shape {shape}; every axis must be at least 1")
        if prod(shape) > _MOST_ELEMENTS:
            raise ParseError(f"layer {name!r}: its result would have shape {shape}, too large to be a network's")
        self.layers.append(layer)
        return Value(name, shape, order)

    def arrange(self, value: Value, order: tuple[int, ...], name: str) -> Value:
        """Return ``value`` with its axes in ``order``, permuted where it is not so yet by a layer like ``name``."""
        axes = tuple(value.order.index(axis) for axis in order)
        if axes == tuple(range(len(axes))):
            return value
        key = (value.name, value.order, order)
        if key not in self._arranged:
            self._arranged[key] = self.add(op.Permute, self.unique(name), (value,), order, axes=axes)
        return self._arranged[key]

    def unique(self, name: str) -> str:
        """Return ``name``, or where it is taken, ``name`` with a number."""
        free, number = name, 0
        while free in self.taken:
            number += 1
            free = f"{name}_{number}"
        self.taken.add(free)
        return free


def identity(rank: int) -> tuple[int, ...]:
    """Return the order of Keras's own axes."""
    return tuple(range(rank))


def channels_first(rank: int, *, source: str = "channels_last") -> tuple[int, ...]:
    """Return the order with the channel first, for a value that Keras has as ``source``."""
    return identity(rank) if source == "channels_first" or rank == 0 else (rank - 1, *range(rank - 1))
