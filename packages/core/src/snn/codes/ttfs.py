"""The time-to-first-spike code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..neurons import FirstSpike, Neuron
from .first_spike import FirstSpikeCode


@dataclass(frozen=True)
class Ttfs(FirstSpikeCode):
    """The time of a neuron's only spike stands for the activation: the larger, the earlier (Rueckauer and Liu 2018)."""

    name: ClassVar[str] = "ttfs"
    neurons: ClassVar[frozenset[type[Neuron]]] = frozenset({FirstSpike})

    def neurons_of(self, **fields: Any) -> FirstSpike:
        return FirstSpike(**fields)
