"""The rate code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from msgspec import Meta

from .. import layers as op
from ..coding import Code
from ..network import Layer, Network
from ..neurons import IntegrateFire, Neuron, SoftmaxFire
from ..settings import Share


@dataclass(frozen=True)
class Rate(Code):
    """The number of spikes in a time stands for the activation (Rueckauer et al. 2017)."""

    name: ClassVar[str] = "rate"
    neurons: ClassVar[frozenset[type[Neuron]]] = frozenset({IntegrateFire, SoftmaxFire})
    readouts: ClassVar[tuple[str, ...]] = ("potential", "spikes", "softmax")

    reset: Annotated[Literal["subtract", "zero", "modulo"], Meta(description="What a spike does to the potential.")] = (
        "subtract"
    )
    initial: Annotated[
        Share, Meta(description="The potential at the start, as a share of the threshold; 0 is the ancestor's.")
    ] = 0.5
    refractory_ms: Annotated[
        float, Meta(ge=0, le=1e6, description="The least time between two spikes of a neuron; input in it is lost.")
    ] = 0.0
    leak: Annotated[float, Meta(ge=0, le=1e6, description="What a positive potential loses per millisecond.")] = 0.0

    def place(self, activation: op.Activation, network: Network) -> Layer:
        return IntegrateFire(
            name=activation.name,
            inputs=activation.inputs,
            initial=np.asarray(self.initial, np.float32),
            reset=self.reset,
            refractory_ms=self.refractory_ms,
            leak=self.leak,
        )
