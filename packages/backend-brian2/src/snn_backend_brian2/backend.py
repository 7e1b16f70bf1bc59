"""The backend ``brian2``: what it runs, its settings, and what it refuses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from msgspec import Meta
from snn import layers as op
from snn.connections import LINEAR
from snn.network import Layer, Network
from snn.neurons import Accumulate, IntegrateFire
from snn.operations import analog_part
from snn.simulating import Backend, Problem, Setup, Simulator

_WIRING = (op.Concat, op.Flatten, op.Pad, op.Permute, op.Reshape, op.Upsample)


@dataclass(frozen=True)
class Brian2(Backend):
    """Brian2: neurons as equations, layers as synapses made from arrays; every layer answers in the same step."""

    name: ClassVar[str] = "brian2"
    requires: ClassVar[tuple[str, ...]] = ("brian2",)
    sequences: ClassVar[bool] = True
    layers: ClassVar[frozenset[type[Layer]]] = LINEAR | {op.Input, op.MaxPool, IntegrateFire, Accumulate}

    codegen: Annotated[
        Literal["numpy", "cython", "cpp_standalone"],
        Meta(
            description="What Brian2 makes of its equations: numpy runs at once; cython compiles for minutes when a "
            "network is first seen, and then runs faster; cpp_standalone compiles a program for a minute in every run, "
            "which is then the fastest."
        ),
    ] = "numpy"
    connections: Annotated[
        str,
        Meta(
            description="A folder of connection files, relative to where the command is run: what is there is loaded, "
            "and what is not is worked out and saved there. Empty: no files."
        ),
    ] = ""

    def inspect(self, network: Network) -> tuple[Problem, ...]:
        problems = list(super().inspect(network))
        before = analog_part(network)
        for layer in network.layers:
            if isinstance(layer, Accumulate) and layer is not network.output:
                problems.append(Problem(layer.name, "backend 'brian2' reads potentials at the output only"))
            if isinstance(layer, op.MaxPool) and layer.name not in before and not _of_spikes(network, layer):
                message = "backend 'brian2' takes the largest of spikes, not of sums of them"
                hint = "put the max-pool right behind an activation, train with average pools, or use backend inisim"
                problems.append(Problem(layer.name, message, hint))
        return tuple(problems)

    def build(self, network: Network, setup: Setup) -> Simulator:
        self.check(network)
        from .simulator import Brian2Simulator  # noqa: PLC0415  brings Brian2, which takes seconds

        return Brian2Simulator(network, setup, self.codegen, Path(self.connections) if self.connections else None)


def _of_spikes(network: Network, pool: op.MaxPool) -> bool:
    """Return whether spikes of height 1, and nothing else, reach the windows of ``pool``, each by itself."""
    waiting, before = list(pool.inputs), analog_part(network)
    while waiting:
        layer = network[waiting.pop()]
        if layer.name in before:
            return False
        if isinstance(layer, _WIRING):
            waiting.extend(layer.inputs)
        elif not isinstance(layer, (IntegrateFire, op.MaxPool)):
            return False
    return True
