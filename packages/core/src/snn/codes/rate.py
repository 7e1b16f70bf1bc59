"""The rate code."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from msgspec import Meta

from .. import layers as op
from ..coding import Code
from ..connections import drive
from ..network import Array, Layer, Network
from ..neurons import IntegrateFire, Neuron, SoftmaxFire
from ..randomness import uniform
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
        Share | Literal["uniform", "bias", "negative_bias"],
        Meta(
            description="The potential at the start: a share of the threshold, from 0 to 1; 'uniform': at random below "
            "it, neuron by neuron; 'bias' or 'negative_bias': what enters in a millisecond without spikes."
        ),
    ] = 0.5
    refractory_ms: Annotated[
        float, Meta(ge=0, le=1e6, description="The least time between two spikes of a neuron; input in it is lost.")
    ] = 0.0
    leak: Annotated[float, Meta(ge=0, le=1e6, description="What a positive potential loses per millisecond.")] = 0.0

    def place(self, activation: op.Activation, network: Network) -> Layer:
        return IntegrateFire(
            name=activation.name,
            inputs=activation.inputs,
            initial=np.asarray(0 if isinstance(self.initial, str) else self.initial, np.float32),
            reset=self.reset,
            refractory_ms=self.refractory_ms,
            leak=self.leak,
        )

    def complete(self, network: Network, seed: int) -> Network:
        """Return the network with the initial potentials that stand for no one number."""
        match self.initial:
            case "uniform":
                return _start(network, {name: _draw(network, name, seed) for name in _names(network)}, "at random")
            case "bias" | "negative_bias":
                sign = np.float32(1 if self.initial == "bias" else -1)
                given = constant_drive(network)
                note = "at the bias" if sign > 0 else "at the negative bias"
                return _start(network, {name: sign * given[name] for name in _names(network)}, note)
            case _:
                return network


def constant_drive(network: Network) -> dict[str, Array]:
    """Return what each neuron gets per millisecond while the input is zero and no neuron fires, (*shape) by layer.

    Behind one layer with weights that is its bias; behind several, or where branches meet, all that arrives.
    """
    nothing = np.zeros((1, *network.shapes[network.input.name]), np.float32)
    return {name: given[0] for name, given in drive(network, nothing).items()}


def _names(network: Network) -> list[str]:
    return [layer.name for layer in network.layers if isinstance(layer, IntegrateFire)]


def _draw(network: Network, name: str, seed: int) -> Array:
    """Return draws from [0, 1), which are a function of the seed and the name of the layer."""
    shape = network.shapes[name]
    return uniform(seed, 0, f"{name}/initial", 0, 1, int(np.prod(shape))).reshape(shape)


def _start(network: Network, initial: dict[str, Array], note: str) -> Network:
    return network.rebuild(
        lambda layer: dataclasses.replace(layer, initial=initial[layer.name]) if layer.name in initial else layer,  # type: ignore[call-arg]  # of integrate-and-fire neurons only
        f"potentials start {note}",
    )
