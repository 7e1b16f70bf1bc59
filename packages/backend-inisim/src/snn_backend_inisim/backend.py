"""The backend `inisim`: choose the engine for a network by the kind of its neurons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

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
from snn.response_neurons import CurrentBased, SpikeResponse
from snn.simulating import Backend, Problem, Setup, Simulator

from .controls import Controls, Payloads

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
        SpikeResponse: "response",
        CurrentBased: "response",
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

    Its ``threads`` change nothing of the result. The other settings are controls of the rate code, off by default.
    """

    name: ClassVar[str] = "inisim"
    requires: ClassVar[tuple[str, ...]] = ("numba",)
    layers: ClassVar[frozenset[type[Layer]]] = _OPERATIONS | {Accumulate, *_ENGINES}

    sequences: ClassVar[bool] = True

    threads: Annotated[int, Meta(ge=0, description="Samples simulated at once; 0: one a processor.")] = 0
    clamp_steps: Annotated[
        Mapping[str, Annotated[int, Meta(ge=0)]],
        Meta(description="Layers of neurons that get no input in their first steps, as in {relu2 = 10}."),
    ] = field(default_factory=dict)
    bias_relaxation: Annotated[
        bool, Meta(description="Let the biases of deep layers grow to their full size in half the time.")
    ] = False
    online_normalisation: Annotated[
        bool, Meta(description="Let each layer's threshold, and the height of its spikes, follow its highest rate.")
    ] = False
    payloads: Annotated[
        Payloads,
        Meta(
            description="What a spike carries beside itself, with reset to zero: nothing; the residual above the "
            "threshold; or its difference to the last one, as the ancestor had it."
        ),
    ] = "none"
    stop_margin: Annotated[
        float,
        Meta(
            ge=0,
            le=1e9,
            description="Stop a sample once its leading output is so many spikes, or thresholds, ahead; 0: never.",
        ),
    ] = 0.0

    @property
    def controls(self) -> Controls:
        """The controls; ``controls.on`` says whether there are any."""
        return Controls(
            self.clamp_steps, self.bias_relaxation, self.online_normalisation, self.payloads, self.stop_margin
        )

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
        return (*problems, *self.controls.inspect(network))

    def counting_fault(self) -> str:
        if self.payloads != "none":
            return "spikes carry payloads"
        if self.online_normalisation:
            return "the height of spikes changes with online normalisation"
        return "samples stop early" if self.stop_margin else ""

    def build(self, network: Network, setup: Setup) -> Simulator:
        self.check(network)
        kind = next((type(layer) for layer in network.layers if type(layer) in _ENGINES), IntegrateFire)
        threads = self.threads or setup.processors or 0
        if _ENGINES[kind] == "rate" and not self.controls.on:
            from .packed.simulator import PackedSimulator  # noqa: PLC0415  numba is imported when a network is built only

            return PackedSimulator(network, setup, threads)
        if kind in _IN_WINDOWS:
            from .windows import WindowSimulator  # noqa: PLC0415

            return WindowSimulator(network, setup, threads, _engine(kind))
        from .stepping import StepSimulator  # noqa: PLC0415

        if self.controls.on:
            from .controlled import engine  # noqa: PLC0415

            return StepSimulator(network, setup, threads, engine(self.controls))
        return StepSimulator(network, setup, threads, _engine(kind))


def _engine(kind: type[Layer]) -> Any:
    """Return the engine that runs neurons of a kind."""
    return import_module(f".{_ENGINES[kind]}", __package__).ENGINE
