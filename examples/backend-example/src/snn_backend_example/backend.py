"""The backend: what it runs, its settings, and what it refuses."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Annotated, ClassVar

from msgspec import Meta
from snn import layers as op
from snn.network import Layer, Network
from snn.neurons import Accumulate, IntegrateFire, Neuron
from snn.simulating import Backend, Problem, Setup, Simulator

_SUMS: frozenset[type[Layer]] = frozenset({op.Dense, op.Conv, op.AvgPool, op.Affine, op.Add})
_WIRING: frozenset[type[Layer]] = frozenset({op.Pad, op.Flatten, op.Reshape, op.Permute, op.Concat})


@dataclass(frozen=True)
class Example(Backend):
    """A plain step loop in NumPy: slow, short, and easy to follow.

    Every field is a setting: ``[backend.example]`` in a run file, ``--set backend.example.most_neurons=500``, or
    ``Example(most_neurons=500)`` in Python.
    """

    name: ClassVar[str] = "example"
    requires: ClassVar[tuple[str, ...]] = ()  # as in ("nest: nest-simulator",): modules that only the simulator imports
    layers: ClassVar[frozenset[type[Layer]]] = _SUMS | _WIRING | {op.Input, op.MaxPool, IntegrateFire, Accumulate}

    most_neurons: Annotated[int, Meta(ge=1, description="The most neurons that a network may have.")] = 1_000_000

    def inspect(self, network: Network) -> tuple[Problem, ...]:
        problems = list(super().inspect(network))  # the kinds that are not in ``layers``
        for layer in network.layers:
            if isinstance(layer, IntegrateFire) and (layer.reset == "modulo" or layer.leak or layer.refractory_ms):
                message = f"backend {self.name!r} has neither modulo reset, nor leak, nor refractory time"
                problems.append(Problem(layer.name, message, "leave these settings of [convert] out"))
        neurons = 0
        for layer in network.layers:
            if isinstance(layer, Neuron):
                neurons += prod(network.shapes[layer.name])
                if neurons > self.most_neurons:
                    message = f"with it the network has more than {self.most_neurons} neurons"
                    return (*problems, Problem(layer.name, message, "raise [backend.example] most_neurons"))
        return tuple(problems)

    def build(self, network: Network, setup: Setup) -> Simulator:
        self.check(network)
        from .simulator import StepLoop  # noqa: PLC0415  here a real backend imports its simulator, and not before

        return StepLoop(network, setup)
