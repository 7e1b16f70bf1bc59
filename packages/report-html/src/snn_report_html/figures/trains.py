"""Neurons of one sample along time: their spikes and their potentials."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from snn.neurons import IntegrateFire
from snn.result import Result

from .canvas import ANALOG, SPIKING, WRONG, one
from .pictures import CannotDraw, Picture, in_layer

_ROWS = 400  # neurons of a raster
_TRACES = 8
_FEW = 100  # rows up to which a spike is a stroke
_AGAIN = "run it again with 'plots' among report.reporters"


def spike_trains(result: Result) -> Iterator[Picture]:
    """Draw every spike of the shown sample, a row a neuron."""
    layers = [layer for layer in result.shown.layers if layer.spikes is not None] if result.shown else []
    if result.shown is None or not layers:
        raise CannotDraw(f"the run kept no spikes of a sample; {_AGAIN}")
    network = result.networks["spiking"]
    for layer in layers:
        if layer.spikes is None:
            continue
        neurons = int(np.prod(network.shapes[layer.name]))
        rows = np.unique(np.linspace(0, neurons - 1, min(neurons, _ROWS)).astype(int))
        kept = np.isin(layer.spikes.neuron, rows)
        title = f"{layer.name}: spikes of sample {result.shown.number}"
        if len(rows) < neurons:
            title += f", {len(rows):,} of {neurons:,} neurons"
        figure, axes = one(title, (7.2, 4.8))
        time = (layer.spikes.step[kept] + 1) * result.clock.dt_ms
        mark, size = ("|", 4) if len(rows) < _FEW else (".", 2)
        for sign, colour in ((1, SPIKING), (-1, WRONG)):
            own = layer.spikes.sign[kept] == sign
            at = time[own], layer.spikes.neuron[kept][own]
            axes.plot(*at, mark, color=colour, ms=size, rasterized=True)
        axes.set(xlabel="time shown, ms", ylabel="neuron", xlim=(0, (result.steps + 1) * result.clock.dt_ms))
        axes.set_ylim(neurons - 0.5, -0.5)
        yield Picture(in_layer(network, layer.name, "spike_trains"), figure)


def potentials(result: Result) -> Iterator[Picture]:
    """Draw the potentials of a few neurons of each layer, picked evenly from those that should fire."""
    layers = [layer for layer in result.shown.layers if layer.potentials is not None] if result.shown else []
    if result.shown is None or not layers:
        raise CannotDraw(f"the run kept no potentials of a sample; {_AGAIN}")
    network = result.networks["spiking"]
    for layer in layers:
        if layer.potentials is None:
            continue
        flat = layer.potentials.reshape(len(layer.potentials), -1)
        wanted = flat[-1] if layer.activation is None else layer.activation.reshape(-1)
        order = np.argsort(wanted, kind="stable")
        order = order[wanted[order] > 0] if (wanted > 0).any() and network.output.name != layer.name else order
        picked = order[np.unique(np.linspace(0, len(order) - 1, min(_TRACES, len(order))).astype(int))]
        title = f"{layer.name}: potentials after each step, {len(picked)} of {flat.shape[1]:,} neurons"
        figure, axes = one(f"{title}, sample {result.shown.number}")
        time = np.arange(1, len(flat) + 1) * result.clock.dt_ms
        for neuron in picked:
            axes.plot(time, flat[:, neuron], lw=1, marker="o" if len(flat) == 1 else "", label=f"{neuron}")
        own = network[layer.name]
        if isinstance(own, IntegrateFire):
            axes.axhline(own.threshold, color=ANALOG, ls="--", lw=1)
        axes.set(xlabel="time shown, ms", ylabel="potential")
        axes.legend(title="neuron", frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
        yield Picture(in_layer(network, layer.name, "potentials"), figure)
