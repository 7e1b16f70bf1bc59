"""What every layer of neurons stands for after one batch."""

from __future__ import annotations

import numpy as np

from .. import windows
from ..clock import Clock
from ..network import Network
from ..neurons import Accumulate, Neuron
from ..simulating import Record, Recording
from .worth import Activity, Values, needs_spikes, worth


def record(network: Network) -> Record:
    """Return what a simulator must record for `values`: counts, and spikes where their steps matter."""
    spiking = [layer for layer in network.layers if isinstance(layer, Neuron) and layer.spiking]
    by_spikes = frozenset(layer.name for layer in spiking if needs_spikes(layer))
    return Record(counts=frozenset(layer.name for layer in spiking) - by_spikes, spikes=by_spikes)


def activity(network: Network, clock: Clock, recording: Recording, layer: Neuron) -> Activity:
    """Return what ``layer`` has done in ``recording``."""
    shape = (recording.output.shape[1], *network.shapes[layer.name])
    start = windows.starts(network).get(layer.name, 0)
    return Activity(shape, clock, start, recording.counts.get(layer.name), recording.spikes.get(layer.name))


def values(network: Network, clock: Clock, recording: Recording) -> dict[str, Values]:
    """Return what each layer of neurons stands for, (batch, *shape) by name; kinds that are not known are left out.

    The potential of an output that never fires is what has entered in a millisecond, on average; with windows, where
    everything enters once, all of it.
    """
    found: dict[str, Values] = {}
    for layer in network.layers:
        if not isinstance(layer, Neuron):
            continue
        if layer.spiking:
            value = worth(layer, activity(network, clock, recording, layer))
            if value is not None:
                found[layer.name] = value
        elif isinstance(layer, Accumulate) and layer is network.output:
            final = recording.output[-1].astype(np.float64).reshape(-1, *network.shapes[layer.name])
            found[layer.name] = final if windows.starts(network) else final / (clock.steps * clock.dt_ms)
    return found
