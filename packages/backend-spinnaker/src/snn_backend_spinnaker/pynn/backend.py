"""The backend ``pynn``: what it runs, its settings, and what it refuses."""

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

_MODULES = {"nest": "nest: nest-simulator", "neuron": "neuron", "brian2": "brian2"}


@dataclass(frozen=True)
class PyNN(Backend):
    """PyNN: the same network as populations and projections in NEST, NEURON or Brian2."""

    name: ClassVar[str] = "pynn"
    sequences: ClassVar[bool] = True
    layers: ClassVar[frozenset[type[Layer]]] = LINEAR | {op.Input, op.MaxPool, IntegrateFire, Accumulate}

    simulator: Annotated[
        Literal["nest", "neuron", "brian2"],
        Meta(description="The simulator that PyNN drives; all of them give the same spikes."),
    ] = "nest"
    native: Annotated[
        bool,
        Meta(
            description="Whether the simulator makes the synapses itself, which is much faster, instead of PyNN's "
            "connectors; they are the same."
        ),
    ] = True
    connections: Annotated[
        str,
        Meta(
            description="A folder of connection files, relative to where the command is run: what is there is loaded, "
            "and what is not is worked out and saved there. Empty: no files."
        ),
    ] = ""

    @property
    def requires(self) -> tuple[str, ...]:  # type: ignore[override]  # it depends on a setting
        """The modules that the simulator needs."""
        return "pyNN: PyNN", _MODULES[self.simulator]

    def inspect(self, network: Network) -> tuple[Problem, ...]:
        problems = list(super().inspect(network))
        before = analog_part(network)
        for layer in network.layers:
            if isinstance(layer, op.MaxPool) and layer.name not in before:
                message = "backend 'pynn' has no neurons that take the largest of spikes"
                hint = "train with average pools, or use backend inisim or brian2"
                problems.append(Problem(layer.name, message, hint))
            if isinstance(layer, Accumulate) and layer is not network.output:
                problems.append(Problem(layer.name, "backend 'pynn' reads potentials at the output only"))
            if isinstance(layer, IntegrateFire):
                problems += self._of_neurons(layer)
        return tuple(problems)

    def build(self, network: Network, setup: Setup) -> Simulator:
        self.check(network)
        from .simulator import PyNNSimulator  # noqa: PLC0415  not before it is used

        folder = Path(self.connections) if self.connections else None
        return PyNNSimulator(network, setup, self.simulator, native=self.native, folder=folder)

    def _of_neurons(self, layer: IntegrateFire) -> list[Problem]:
        """Return what PyNN's neurons cannot do."""
        found = []
        if layer.leak:
            found.append("leak: the leak of PyNN's neurons is a share of the potential, and this one is constant")
        if layer.reset == "modulo":
            found.append("reset 'modulo': PyNN's neurons know subtract and zero")
        if layer.refractory_ms and layer.reset == "subtract" and self.simulator == "nest":
            found.append("refractory_ms: NEST's neurons that are reset by subtraction take input while refractory")
        hint = "convert it with other settings ([convert]), or use backend inisim or brian2"
        return [Problem(layer.name, f"backend 'pynn' cannot do {what}", hint) for what in found]
