"""A weight in a file or in a live model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from snn.network import Array

from .model import Path


class Weight(Protocol):
    """An array that is not read before its shape has been looked at."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape that it says it has."""
        ...

    def read(self) -> Array:
        """Return the numbers, (*shape)."""
        ...


Weights: TypeAlias = Mapping[Path, Sequence[Weight]]


@dataclass(frozen=True, eq=False)
class LiveWeight:
    """A weight in memory."""

    array: Array

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        return tuple(self.array.shape)

    def read(self) -> Array:
        """Return the numbers, (*shape)."""
        return np.asarray(self.array, np.float32)
