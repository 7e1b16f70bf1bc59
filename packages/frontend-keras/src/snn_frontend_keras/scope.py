"""What the translation of one layer works with: its settings, its inputs, its weights, and a place to write to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from snn.errors import ParseError
from snn.network import Array, Layer, Shape

from .builder import Builder, Value
from .options import Options
from .weight import Weight


@dataclass(frozen=True)
class Scope:
    """One call of one Keras layer.

    Attributes
    ----------
    name : str
        Its name in the network.
    where : str
        How messages call it.
    version : str
        The Keras that wrote the file, as in ``3.4.1``; empty where that is not known.
    stored : sequence of Weight, or None
        Its weights in the file, in Keras's order, named by ``weight_names``.
    """

    name: str
    kind: str
    where: str
    version: str
    options: Options
    inputs: tuple[Value, ...]
    stored: Sequence[Weight] | None
    weight_names: tuple[str, ...]
    builder: Builder

    @property
    def input(self) -> Value:
        """The only input."""
        if len(self.inputs) != 1:
            raise ParseError(f"{self.where} has {len(self.inputs)} inputs; it takes one")
        return self.inputs[0]

    def add(
        self, kind: type[Layer], *inputs: Value, part: str = "", order: tuple[int, ...] | None = None, **fields: Any
    ) -> Value:
        """Write down a layer; ``part`` says which part of the Keras layer it is, if not the main one."""
        name = self.builder.unique(f"{self.name}/{part}") if part else self.name
        return self.builder.write(kind, name, inputs, inputs[0].order if order is None else order, **fields)

    def arrange(self, value: Value, order: tuple[int, ...]) -> Value:
        """Return ``value`` with its axes in ``order``."""
        return self.builder.arrange(value, order, f"{self.name}/permute")

    def axis(self, value: object, key: str, rank: int) -> int:
        """Return the Keras axis, batch not counted, that ``value`` means, where 0 or ``-rank - 1`` is the batch."""
        if isinstance(value, bool) or not isinstance(value, int) or not -rank <= value <= rank or value == 0:
            raise self.options.fault(key, value, f"one of the {rank} axes of its input")
        return value - 1 if value > 0 else value + rank

    def weights(self, **shapes: Shape) -> dict[str, Array]:
        """Return the weights of ``shapes`` by name, those that the layer has; ``count`` is not read."""
        if self.stored is None:
            raise ParseError(f"{self.where}: its weights are not in the file", hint="save the whole model again")
        if len(self.stored) != len(self.weight_names):
            raise ParseError(
                f"{self.where} has the weights {', '.join(self.weight_names)}; there are {len(self.stored)} for it",
                hint="a quantised model, or one with adapters (LoRA), is not read: save the one it was made from",
            )
        found = {}
        for name, weight in zip(self.weight_names, self.stored, strict=True):
            if name not in shapes:
                continue
            if weight.shape != shapes[name]:
                raise ParseError(
                    f"{self.where}: its {name} has shape {weight.shape} in the file, not {shapes[name]}",
                    hint="save the whole model again",
                )
            found[name] = weight.read()
        return found
