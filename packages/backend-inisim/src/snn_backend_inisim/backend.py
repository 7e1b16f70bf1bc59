"""The backend `inisim`: choose the engine for a network by the kind of its neurons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from msgspec import Meta
from snn import layers as op
from snn.network import Layer, Network
from snn.neurons import Accumulate, IntegrateFire, Neuron, SoftmaxFire
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


@dataclass(frozen=True)
class IniSim(Backend):
    """INI's time-stepped simulator: a spike crosses the whole network in the step it is fired in.

    Nothing of the result depends on its settings.
    """

    name: ClassVar[str] = "inisim"
    requires: ClassVar[tuple[str, ...]] = ("numba",)
    layers: ClassVar[frozenset[type[Layer]]] = _OPERATIONS | {IntegrateFire, Accumulate, SoftmaxFire}

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
        return tuple(problems)

    def build(self, network: Network, setup: Setup) -> Simulator:
        self.check(network)
        from .packed_rate import PackedSimulator  # noqa: PLC0415  numba is imported when a network is built, not before

        return PackedSimulator(network, setup, self.threads)
