"""What every engine checks before it builds or runs, and how many threads it may use; imports nothing heavy."""

from __future__ import annotations

import os

from snn.clock import Clock
from snn.errors import SettingsError, SimulationError
from snn.network import Network
from snn.neurons import Neuron
from snn.simulating import Record, Stimulus


def check_stimulus(stimulus: Stimulus, network: Network, clock: Clock) -> None:
    """Raise SimulationError where ``stimulus`` is for another network or another clock."""
    shape = network.shapes[network.input.name]
    if stimulus.samples.shape[1:] != shape:
        raise SimulationError(f"samples have shape {stimulus.samples.shape[1:]}, but the network takes {shape}")
    if stimulus.clock != clock:
        raise SimulationError(f"the stimulus is made for {stimulus.clock}, but the simulator for {clock}")


def check_record(network: Network, record: Record) -> None:
    """Raise SettingsError where ``record`` asks for what is not there."""
    for field, wanted in (("counts", record.counts), ("spikes", record.spikes), ("potentials", record.potentials)):
        for name in sorted(wanted):
            if name not in network:
                names = ", ".join(layer.name for layer in network.layers if isinstance(layer, Neuron))
                raise SettingsError(f"record.{field}: there is no layer {name!r}", hint=f"the neurons are: {names}")
            layer = network[name]
            if not isinstance(layer, Neuron):
                raise SettingsError(f"record.{field}: layer {name!r} ({layer.kind}) has no neurons")
            if field != "potentials" and not layer.spiking:
                raise SettingsError(f"record.{field}: layer {name!r} ({layer.kind}) does not spike")


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
