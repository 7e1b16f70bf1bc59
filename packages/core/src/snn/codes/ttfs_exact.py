"""The exact code of first spikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from msgspec import Meta

from .. import layers as op
from ..network import Layer, Network
from ..neurons import MOST_BINS, Neuron, WindowFirstSpike
from .windowed import WindowedCode


@dataclass(frozen=True)
class ExactFirstSpike(WindowedCode):
    """A neuron fires at most once, in a window of its layer: the earlier, the larger its activation."""

    name: ClassVar[str] = "ttfs_exact"
    neurons: ClassVar[frozenset[type[Neuron]]] = frozenset({WindowFirstSpike})

    bins: Annotated[
        int, Meta(ge=1, le=MOST_BINS, description="Values of an activation above 0, which are steps of a layer.")
    ] = 32
    rounding: Annotated[bool, Meta(description="Round activations to the nearest; false rounds down.")] = True

    def place(self, activation: op.Activation, network: Network) -> Layer:
        return WindowFirstSpike(name=activation.name, inputs=activation.inputs, bins=self.bins, rounding=self.rounding)
