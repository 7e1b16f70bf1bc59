"""Write a network down, layer by layer, and keep count of which axis of Keras each axis of a value is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from snn import building
from snn import layers as op
from snn.network import Layer, Shape


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


class Builder(building.Builder):
    """The layers so far, and the maps that were permuted."""

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        super().__init__(reserved)
        self._arranged: dict[tuple[str, tuple[int, ...], tuple[int, ...]], Value] = {}

    def write(
        self, kind: type[Layer], name: str, inputs: tuple[Value, ...], order: tuple[int, ...], **fields: Any
    ) -> Value:
        """Write down a layer and return its result, whose axes are the Keras axes ``order``."""
        shape = self.add(kind(name=name, inputs=tuple(value.name for value in inputs), **fields))
        return Value(name, shape, order)

    def arrange(self, value: Value, order: tuple[int, ...], name: str) -> Value:
        """Return ``value`` with its axes in ``order``, permuted where it is not so yet by a layer like ``name``."""
        axes = tuple(value.order.index(axis) for axis in order)
        if axes == tuple(range(len(axes))):
            return value
        key = (value.name, value.order, order)
        if key not in self._arranged:
            self._arranged[key] = self.write(op.Permute, self.unique(name), (value,), order, axes=axes)
        return self._arranged[key]


def identity(rank: int) -> tuple[int, ...]:
    """Return the order of Keras's own axes."""
    return tuple(range(rank))


def channels_first(rank: int, *, source: str = "channels_last") -> tuple[int, ...]:
    """Return the order with the channel first, for a value that Keras has as ``source``."""
    return identity(rank) if source == "channels_first" or rank == 0 else (rank - 1, *range(rank - 1))
