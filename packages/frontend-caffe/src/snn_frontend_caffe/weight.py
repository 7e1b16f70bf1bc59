"""Arrays of weights in a file, however that keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from snn.network import Array


class Weight(Protocol):
    """An array that is not read before its shape has been looked at."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape that it says it has."""
        ...

    def read(self) -> Array:
        """Return the numbers, (*shape)."""
        ...


@dataclass(frozen=True, eq=False)
class Weights:
    """The weights in the file named ``file``: for each layer its arrays, by their place in Caffe's order."""

    file: str
    layers: Mapping[str, Mapping[int, Weight]]
