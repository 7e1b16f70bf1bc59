"""The few-spike code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from msgspec import Meta

from .. import layers as op
from ..network import Layer, Network
from ..neurons import MOST_BITS, FewSpike, Neuron
from .windowed import WindowedCode


@dataclass(frozen=True)
class FewSpikes(WindowedCode):
    """Each spike of a neuron is worth half of what the step before was worth (Stoeckl and Maass 2021)."""

    name: ClassVar[str] = "few_spike"
    neurons: ClassVar[frozenset[type[Neuron]]] = frozenset({FewSpike})

    planes: Annotated[
        int, Meta(ge=1, le=MOST_BITS, description="Bits of an activation, which are steps of a layer.")
    ] = 6
    rounding: Annotated[
        bool, Meta(description="Round activations to the nearest; false rounds down, as the published neuron does.")
    ] = True

    def place(self, activation: op.Activation, network: Network) -> Layer:
        return FewSpike(name=activation.name, inputs=activation.inputs, planes=self.planes, rounding=self.rounding)
