"""The backend `inisim`: choose the engine for a network by the kind of its neurons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, ClassVar

from msgspec import Meta
from snn import layers as op
from snn.network import Layer, Network
from snn.neurons import (
    Accumulate,
    CorrectiveFirstSpike,
    DynamicFirstSpike,
    FirstSpike,
    IntegrateFire,
    Neuron,
    SoftmaxFire,
)
from snn.simulating import Backend, Problem, Setup, Simulator

_OPERATIONS: frozenset[type[Layer]] = frozenset(
    {
        op.Add,
        op.Affine,
        op.AvgPool,
        op.BatchNorm,
        op.Concat,
        op.Conv,
        op.ConvTranspose,
        op.Dense,
        op.Flatten,
        op.Input,
        op.MaxPool,
        op.Pad,
        op.Permute,
        op.Reshape,
        op.Upsample,
    }
)

_ENGINES: Mapping[type[Layer], str] = {
    IntegrateFire: "rate",
    SoftmaxFire: "rate",
    FirstSpike: "ttfs",
    DynamicFirstSpike: "ttfs_dynamic",
    CorrectiveFirstSpike: "ttfs_corrective",
}
"""The module whose ``ENGINE`` runs a kind of neuron; `Accumulate` goes with any."""


@dataclass(frozen=True)
class IniSim(Backend):
    """INI's time-stepped simulator: a spike crosses the whole network in the step it is fired in.

    Nothing of the result depends on its settings.
    """

    name: ClassVar[str] = "inisim"
    requires: ClassVar[tuple[str, ...]] = ("numba",)
    layers: ClassVar[frozenset[type[Layer]]] = _OPERATIONS | {Accumulate, *_ENGINES}

    threads: Annotated[int, Meta(ge=0, description="Samples simulated at once; 0: one a processor.")] = 0

    def inspect(self, network: Network) -> tuple[Problem, ...]:
        problems = list(super().inspect(network))
        if not isinstance(network.output, Neuron):
            message = f"the output of a spiking network is a neuron, not {network.output.kind}"
            problems.append(Problem(network.output.name, message, "convert the network to a spike code first"))
        problems += [
            Problem(layer.name, "a neuron that only accumulates has no spikes for others to read")
            for layer in network.layers[:-1]
            if isinstance(layer, Accumulate)
        ]
        first: Layer | None = None
        for layer in network.layers:
            if type(layer) in _ENGINES:
                first = first or layer
                if _ENGINES[type(layer)] != _ENGINES[type(first)]:
                    message = f"{layer.kind} does not run in one network with {first.kind} (layer {first.name!r})"
                    problems.append(Problem(layer.name, message, "convert the whole network to one spike code"))
        return tuple(problems)

    def build(self, network: Network, setup: Setup) -> Simulator:
        self.check(network)
        from .stepping import StepSimulator  # noqa: PLC0415  numba is imported when a network is built, not before

        module = next((_ENGINES[type(layer)] for layer in network.layers if type(layer) in _ENGINES), "rate")
        engine = import_module(f".{module}", __package__).ENGINE
        return StepSimulator(network, setup, self.threads, engine)
