"""The pattern code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from msgspec import Meta

from .. import layers as op
from ..network import Layer, Network
from ..neurons import MOST_BITS, BitPattern, Neuron
from .windowed import WindowedCode


@dataclass(frozen=True)
class Pattern(WindowedCode):
    """The spikes of a neuron are the bits of its activation, the highest first (the ancestor's temporal_pattern).

    Neurons stand behind each activation, and the analog input enters as it is; the ancestor, which quantised the
    *inputs* of layers with weights instead, rounded the input too.
    """

    name: ClassVar[str] = "pattern"
    neurons: ClassVar[frozenset[type[Neuron]]] = frozenset({BitPattern})

    bits: Annotated[int, Meta(ge=1, le=MOST_BITS, description="Bits of an activation, which are steps of a layer.")] = 8

    def place(self, activation: op.Activation, network: Network) -> Layer:
        return BitPattern(name=activation.name, inputs=activation.inputs, bits=self.bits)
