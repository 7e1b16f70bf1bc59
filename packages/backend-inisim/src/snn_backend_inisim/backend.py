"""The backend `inisim`: choose the engine for a network by the kind of its neurons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Annotated, ClassVar

from msgspec import Meta
from snn import layers as op
from snn.network import Layer, Network
from snn.neurons import (
    Accumulate,
    BitPattern,
    CorrectiveFirstSpike,
    DynamicFirstSpike,
    FewSpike,
    FirstSpike,
    IntegrateFire,
    Neuron,
    SoftmaxFire,
    WindowFirstSpike,
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

_IN_STEPS: Mapping[type[Layer], str] = MappingProxyType(
    {
        IntegrateFire: "rate",
        SoftmaxFire: "rate",
        FirstSpike: "ttfs",
        DynamicFirstSpike: "ttfs_dynamic",
        CorrectiveFirstSpike: "ttfs_corrective",
    }
)
"""The modules whose ``ENGINE`` runs step by step, by the kind of the neurons; `Accumulate` goes with any."""

_IN_WINDOWS: Mapping[type[Layer], str] = MappingProxyType(
    {BitPattern: "pattern", FewSpike: "few_spike", WindowFirstSpike: "ttfs_exact"}
)
"""Those whose ``ENGINE`` runs window by window."""

_ENGINES: Mapping[type[Layer], str] = MappingProxyType({**_IN_STEPS, **_IN_WINDOWS})


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
        first, *others = [layer for layer in network.layers if type(layer) in _ENGINES] or [network.output]
        problems += [
            Problem(
                layer.name,
                f"{layer.kind} neurons and {first.kind} neurons (layer {first.name!r}) are of different codes",
                "inisim runs the neurons of one code at a time: convert the whole network to one",
            )
            for layer in others
            if _ENGINES[type(layer)] != _ENGINES[type(first)]
        ]
        return tuple(problems)

    def build(self, network: Network, setup: Setup) -> Simulator:
        self.check(network)
        kind = next((type(layer) for layer in network.layers if type(layer) in _ENGINES), IntegrateFire)
        if _ENGINES[kind] == "rate":
            from .packed_rate import PackedSimulator  # noqa: PLC0415  numba is imported when a network is built only

            return PackedSimulator(network, setup, self.threads)
        engine = import_module(f".{_ENGINES[kind]}", __package__).ENGINE
        if kind in _IN_WINDOWS:
            from .windows import WindowSimulator  # noqa: PLC0415

            return WindowSimulator(network, setup, self.threads, engine)
        from .stepping import StepSimulator  # noqa: PLC0415

        return StepSimulator(network, setup, self.threads, engine)
