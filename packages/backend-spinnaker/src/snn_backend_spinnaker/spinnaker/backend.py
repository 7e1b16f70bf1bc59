"""The backend ``spinnaker``: what it runs, its settings, and what it refuses."""

from __future__ import annotations

import dataclasses
import ipaddress
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta
from snn import layers as op
from snn.clock import Clock
from snn.connections import LINEAR
from snn.dataset import Dataset
from snn.errors import ConversionWarning, Unavailable, UnsupportedLayer
from snn.network import Layer, Network
from snn.neurons import Accumulate, IntegrateFire, Neuron
from snn.plugins import check_requirements
from snn.settings import PositiveFloat, PositiveInt
from snn.simulating import Backend, Problem, Setup, Simulator

from . import limits
from .plan import Plan, plan


@dataclass(frozen=True)
class SpiNNaker(Backend):
    """SpiNNaker boards, through sPyNNaker; without a board, a virtual machine tells what a network would take."""

    name: ClassVar[str] = "spinnaker"
    requires: ClassVar[tuple[str, ...]] = ("spynnaker: sPyNNaker",)
    prefers: ClassVar[Mapping[str, Mapping[str, Any]]] = MappingProxyType({"convert": {"reset": "zero"}})
    deviations: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "reset_subtract": "its neuron, IF_trunc_delta, is reset to zero; fit puts that in the place of subtraction",
            "rate_approaches_analog": "reset to zero, a neuron given z a step fires once in ceil(threshold / z) steps: "
            "rates are 0.23 off after 50 steps, and stay so",
        }
    )
    layers: ClassVar[frozenset[type[Layer]]] = LINEAR | {op.Input, IntegrateFire, Accumulate}

    machine: Annotated[str, Meta(description="The host name or address of the board.")] = ""
    virtual: Annotated[
        bool, Meta(description="Map the network onto a virtual machine and tell what it takes; nothing is simulated.")
    ] = False
    version: Annotated[Literal[3, 5], Meta(description="Of the board: 3 has 4 chips, 5 has 48.")] = 5
    boards: Annotated[PositiveInt, Meta(description="How many boards the machine has.")] = 1
    neurons_per_core: Annotated[int, Meta(ge=1, le=256, description="Fewer take more cores, and less time a step.")] = (
        64
    )
    time_scale_factor: Annotated[
        PositiveInt,
        Meta(
            description="How much slower than real time the board runs, so that a step in which many neurons fire is "
            "done in time."
        ),
    ] = 10
    floor: Annotated[
        float,
        Meta(ge=0, le=1024, description="How far below zero potentials may go, in thresholds; 0 cuts them off there."),
    ] = 8.0
    headroom: Annotated[
        float,
        Meta(
            gt=0,
            le=1,
            description="The share of the largest sum of weights that a neuron can be given in a step which is kept "
            "room for: less makes weights finer, and sums above it are cut off.",
        ),
    ] = 1.0
    patience_s: Annotated[
        PositiveFloat, Meta(description="How long sPyNNaker may say nothing before it is given up, in seconds.")
    ] = 1800.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.machine and self.virtual:
            raise ValueError("machine and virtual: name a board, or choose a virtual one")
        if _is_this_computer(self.machine):
            raise ValueError(
                f"machine: {self.machine!r} is this computer, for which sPyNNaker puts a board that is made up; to map "
                "without a board, set virtual = true"
            )

    def inspect(self, network: Network) -> tuple[Problem, ...]:
        found = [*super().inspect(network), *_fields(network)]
        if found:
            return tuple(found)
        if too_many := limits.expanded(network, self.hardware):
            return too_many
        return limits.problems(self.plan(network, network.clock or Clock()), self.hardware)

    def fit(self, network: Network, data: Dataset | None) -> Network:
        """Return ``network`` with its neurons reset to zero, as those on SpiNNaker are."""
        others = _subtracting(network)
        if not others:
            return network
        told = f"reset to zero on SpiNNaker, not by subtraction: {', '.join(map(repr, others))}"
        warnings.warn(
            f"neurons are {told}; one that gets z a step fires once in ceil(threshold / z) steps, so that rates are "
            "rounded down, by half at most",
            ConversionWarning,
            stacklevel=2,
        )
        return network.rebuild(
            lambda layer: dataclasses.replace(layer, reset="zero") if isinstance(layer, IntegrateFire) else layer, told
        )

    def build(self, network: Network, setup: Setup) -> Simulator:
        self.check(network)
        if others := _subtracting(network):
            message = f"layer {others[0]!r}: its neurons are reset by subtraction; on SpiNNaker they are reset to zero"
            raise UnsupportedLayer(message, hint=_RESET)
        if not (self.machine or self.virtual):
            raise Unavailable(
                "backend 'spinnaker' has no board",
                hint="name it: --set backend.spinnaker.machine=HOST; or see what the network takes: "
                "--set backend.spinnaker.virtual=true",
            )
        check_requirements("backend", self)
        from .simulator import SpiNNakerSimulator  # noqa: PLC0415  starts processes

        return SpiNNakerSimulator(network, setup, self)

    @property
    def hardware(self) -> limits.Machine:
        """The boards that there are."""
        return limits.Machine(self.version, self.boards, self.neurons_per_core)

    def plan(self, network: Network, clock: Clock, *, entry: bool = False, height: float = 1.0) -> Plan:
        """Return what is going to be on the chips; with ``entry`` the input is spikes, all of one ``height``."""
        return plan(network, clock, entry=entry, height=height, floor=self.floor, headroom=self.headroom)


_RESET = "convert the model again, with --backend spinnaker or --set convert.reset=zero"


def _subtracting(network: Network) -> list[str]:
    return [layer.name for layer in network.layers if isinstance(layer, IntegrateFire) and layer.reset == "subtract"]


def _fields(network: Network) -> list[Problem]:
    """Return the fields of layers that the neuron on the chips does not have."""
    found = []
    for layer in network.layers:
        if isinstance(layer, IntegrateFire) and layer.reset == "modulo":
            message = "its neurons are reset by modulo; on SpiNNaker they are reset to zero"
            found.append(Problem(layer.name, message, _RESET))
        if isinstance(layer, IntegrateFire) and layer.leak:
            message = "its neurons leak by a constant, which those on SpiNNaker do not"
            found.append(Problem(layer.name, message, "convert the model again with --set convert.leak=0"))
        if isinstance(layer, Accumulate) and layer is not network.output:
            found.append(Problem(layer.name, "backend 'spinnaker' reads potentials at the output only"))
    if not any(isinstance(layer, Neuron) for layer in network.layers):
        found.append(Problem(network.output.name, "the network has no neurons"))
    return found


def _is_this_computer(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") in ("localhost", "localhost.localdomain")
