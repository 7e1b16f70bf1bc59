"""The engine of the rate code, as a simulator."""

from __future__ import annotations

import os
from collections.abc import Mapping
from time import perf_counter

from snn.errors import SettingsError, SimulationError
from snn.network import Network
from snn.neurons import Neuron
from snn.operations import constant_multiply_adds, fan_out
from snn.simulating import Record, Recording, Setup, Simulator, Stimulus

from . import kernels, layout
from .compiling import prepare
from .placing import place
from .presenting import Engine, Presentation
from .recording import Recorder


class RateSimulator(Simulator):
    """A network of integrate-and-fire neurons, ready to run; it keeps nothing between runs."""

    def __init__(self, network: Network, setup: Setup, threads: int) -> None:
        started = perf_counter()
        _check(network, setup.record)
        prepare(kernels.ALL, setup.tell)
        self._setup = setup
        self._threads = threads or _processors()
        self._once = constant_multiply_adds(network)
        counted = {name: paths for name, paths in fan_out(network).items() if paths.any()}
        self._engine = Engine(
            network,
            {layer.name: place(layer, network, setup) for layer in network.layers if layer.arity != 0},
            {name: layout.inwards(paths, network.shapes[name])[0] for name, paths in counted.items()},
        )
        self._seconds = perf_counter() - started

    def run(self, stimulus: Stimulus) -> Recording:
        network, clock = self._engine.network, self._setup.clock
        shape = network.shapes[network.input.name]
        if stimulus.samples.shape[1:] != shape:
            raise SimulationError(f"samples have shape {stimulus.samples.shape[1:]}, but the network takes {shape}")
        if stimulus.clock != clock:
            raise SimulationError(f"the stimulus is made for {stimulus.clock}, but the simulator for {clock}")
        recorder = Recorder(network, self._setup.record, clock.steps, len(stimulus.samples))
        if stimulus.constant:
            recorder.operations[0] += self._once
        Presentation(self._engine, stimulus, recorder).run(self._threads)
        return recorder.finish()

    def facts(self) -> Mapping[str, object]:
        return {"engine": "rate", "threads": self._threads, "build_seconds": self._seconds}


def _check(network: Network, record: Record) -> None:
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


def _processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
