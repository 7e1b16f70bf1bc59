"""The controls of the rate engine: ways of running a network, off by default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from snn.network import Network
from snn.neurons import Accumulate, IntegrateFire, Neuron, SoftmaxFire
from snn.simulating import Problem

Payloads: TypeAlias = Literal["none", "residual", "difference"]

RATE_NEURONS = (Accumulate, IntegrateFire, SoftmaxFire)


@dataclass(frozen=True)
class Controls:
    """What may be controlled; `IniSim` describes each.

    Attributes
    ----------
    clamp_steps : mapping of layer name to int
    bias_relaxation, online_normalisation : bool
    payloads : str
    stop_margin : float
        In spikes, or in units of the potential; 0: no sample stops.
    """

    clamp_steps: Mapping[str, int] = field(default_factory=dict)
    bias_relaxation: bool = False
    online_normalisation: bool = False
    payloads: Payloads = "none"
    stop_margin: float = 0.0

    @property
    def on(self) -> bool:
        """Whether the network is to be run otherwise than its neurons say: whether any control is on."""
        return self != Controls()

    @property
    def heights(self) -> bool:
        """Whether spikes differ in height."""
        return self.online_normalisation or self.payloads != "none"

    def inspect(self, network: Network) -> tuple[Problem, ...]:
        """Return the layers that are to be controlled and cannot be."""
        if not self.on:
            return ()
        neurons = [layer for layer in network.layers if isinstance(layer, Neuron)]
        told = f"the layers of neurons are {', '.join(layer.name for layer in neurons)}"
        problems = [
            Problem(name, "[backend.inisim] clamp_steps names it, but it is no layer of neurons", told)
            for name in self.clamp_steps
            if name not in network or not isinstance(network[name], Neuron)
        ]
        problems += [
            Problem(
                layer.name,
                f"the controls in [backend.inisim] are for the rate code, not for {layer.kind}",
                "leave out clamp_steps, bias_relaxation, online_normalisation, payloads and stop_margin",
            )
            for layer in neurons
            if not isinstance(layer, RATE_NEURONS)
        ]
        return tuple(problems)
