"""The backend ``megasim``: what it runs, its settings, and what it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

from msgspec import Meta
from snn import layers as op
from snn.clock import Clock
from snn.connections import LINEAR
from snn.dataset import Dataset
from snn.network import Layer, Network
from snn.neurons import Accumulate, IntegrateFire, SoftmaxFire
from snn.settings import PositiveFloat
from snn.simulating import Backend, Problem, Setup, Simulator

from . import limits
from .plan import Plan, Scheme, Unfit
from .planning import plan
from .rounding import rounded_network


@dataclass(frozen=True)
class MegaSim(Backend):
    """MegaSim's files, run by an event-driven engine that comes with them, or by MegaSim's own program."""

    name: ClassVar[str] = "megasim"
    requires: ClassVar[tuple[str, ...]] = ("numba",)
    inputs: ClassVar[tuple[str, ...]] = ("spikes",)
    prefers: ClassVar[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
        {"convert": {"spiking_pools": True, "readout": "spikes"}, "simulate": {"input": "regular"}}
    )
    layers: ClassVar[frozenset[type[Layer]]] = LINEAR | {op.Input, op.MaxPool, IntegrateFire, Accumulate, SoftmaxFire}

    program: Annotated[
        str,
        Meta(
            description="MegaSim's own program, a path or a name to be found; relative to where the command is run. "
            "Empty: the engine that comes with this backend."
        ),
    ] = ""
    patience_s: Annotated[
        PositiveFloat, Meta(description="How long the program may take for a batch before it is ended, in seconds.")
    ] = 3600.0
    scaling_factor: Annotated[
        int,
        Meta(
            ge=1,
            le=2**30,
            description="The integer that stands for 1; weights, biases and thresholds are whole numbers of it. With a "
            "power of two other backends can run the very same network.",
        ),
    ] = 2**16
    delay_ticks: Annotated[
        int,
        Meta(
            ge=0,
            le=1000,
            description="The ticks that an event takes through a module (delay_to_process). 0: every layer answers in "
            "the same tick; else a step has as many ticks as the way through the network takes, and biases come first.",
        ),
    ] = 0

    def inspect(self, network: Network) -> tuple[Problem, ...]:
        if found := (*super().inspect(network), *limits.fields(network, network.clock or Clock(), self.program)):
            return found
        try:
            return limits.problems(self.plan(network, network.clock or Clock()))
        except Unfit as unfit:
            return (unfit.problem,)

    def fit(self, network: Network, data: Dataset | None) -> Network:
        """Return ``network`` with whole numbers of ``1 / scaling_factor``, which is told with what it changes."""
        return rounded_network(network, network.clock or Clock(), self.scaling_factor)

    def build(self, network: Network, setup: Setup) -> Simulator:
        self.check(network)
        from .simulator import MegaSimSimulator  # noqa: PLC0415  brings numba

        return MegaSimSimulator(network, setup, self)

    def plan(self, network: Network, clock: Clock, worth: Fraction = Fraction(1)) -> Plan:
        """Return what is written of ``network``; spikes of the input have the height ``worth``."""
        return plan(network, Scheme(clock, self.scaling_factor, self.delay_ticks, worth))
