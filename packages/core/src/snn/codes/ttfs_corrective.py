"""The time-to-first-spike code with corrective spikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..neurons import CorrectiveFirstSpike, FirstSpike, Neuron
from .first_spike import FirstSpikeCode


@dataclass(frozen=True)
class TtfsCorrective(FirstSpikeCode):
    """As ttfs, but a neuron takes its spike back when its potential falls (Rueckauer and Liu 2018)."""

    name: ClassVar[str] = "ttfs_corrective"
    neurons: ClassVar[frozenset[type[Neuron]]] = frozenset({CorrectiveFirstSpike})

    def neurons_of(self, **fields: Any) -> FirstSpike:
        return CorrectiveFirstSpike(**fields)
