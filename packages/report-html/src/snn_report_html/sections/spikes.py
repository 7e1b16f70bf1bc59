"""One sample in detail: its picture, the spikes of every layer, and what the output says."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from snn.result import Result
from snn.shown import ShownLayer

from ..amounts import count, milliseconds, small
from ..charts.bars import paired_bars
from ..charts.picture import picture
from ..charts.raster import COLUMNS, marks, raster
from ..section import Section

ROWS = 64  # neurons drawn of a layer
MARKS = 5_000  # drawn of a layer
ALL_MARKS = 24_000  # of the page
OPEN = 12
_OUTPUTS = 10
Integers = npt.NDArray[np.int64]


def section(result: Result) -> Section:
    """Return the shown sample."""
    shown = result.shown
    if shown is None:
        return Section(
            "spikes",
            "Spikes of one sample",
            "Spikes",
            missing="The run kept no sample in detail: run it again with 'html' among report.reporters; report.sample "
            "chooses the sample.",
        )
    spiking = [layer for layer in shown.layers if layer.spikes is not None]
    most = max(400, min(MARKS, ALL_MARKS // max(len(spiking), 1)))
    cards = [card(layer, result, most) for layer in spiking]
    return Section(
        "spikes",
        "Spikes of one sample",
        "Spikes",
        {
            "number": shown.number,
            "picture": picture(shown.sample),
            "shape": "×".join(map(str, shown.sample.shape)),
            "told": told(result, shown.place),
            "output": output(result),
            "cards": cards[:OPEN],
            "more": cards[OPEN:],
        },
    )


def told(result: Result, place: int) -> list[tuple[str, str]]:
    """Return what is known of the sample at ``place`` in the run: its label, and what both networks make of it."""
    if place >= result.samples:
        return []
    found = []
    if result.labelled[place]:
        found.append(("label", str(result.labels[place])))
    if result.analog is not None:
        found.append(("analog", str(result.analog[place])))
    last = int(result.spiking[-1, place])
    found.append(("spiking", "undecided" if last < 0 else str(last)))
    found.append(("final after", milliseconds(float(result.latency_ms[place]))))
    return found


def card(layer: ShownLayer, result: Result, most: int) -> dict[str, object]:
    """Return the raster of a layer and what it shows."""
    events = layer.spikes
    if events is None:
        message = f"layer {layer.name!r} does not spike"
        raise ValueError(message)
    neurons = int(np.prod(result.networks["spiking"].shapes[layer.name]))
    rows, active = chosen(layer, neurons)
    place = np.full(neurons, -1, np.int64)
    while True:
        place[:] = -1
        place[rows] = np.arange(len(rows))
        kept = place[events.neuron] >= 0
        row, step = place[events.neuron[kept]], events.step[kept].astype(np.int64)
        if len(rows) <= 4 or len(marks(row, step, result.steps)) <= most:
            break
        rows = rows[::2]
    what = f"{len(rows):,} of {active:,} neurons that fire or should" if len(rows) < active else f"{active:,} neurons"
    note = f"{what}, out of {neurons:,}; {count(len(events.step))} spikes in all"
    if result.steps > COLUMNS:
        note += f"; a mark stands for all spikes of {milliseconds(result.steps / COLUMNS * result.clock.dt_ms)}"
    return {
        "name": layer.name,
        "note": note,
        "chart": raster(
            f"{layer.name}: spikes of one sample", note, row, step, len(rows), (result.steps, result.clock.dt_ms)
        ),
    }


def chosen(layer: ShownLayer, neurons: int) -> tuple[Integers, int]:
    """Return which neurons are drawn, the most active first, and out of how many that fire or should.

    They are picked evenly from those that fire or have a positive activation, in the order of their activations; where
    these are not known, of their numbers of spikes.
    """
    if layer.spikes is None:
        message = f"layer {layer.name!r} does not spike"
        raise ValueError(message)
    numbers = np.bincount(layer.spikes.neuron, minlength=neurons).astype(np.float64)
    wanted = numbers if layer.activation is None else layer.activation.reshape(-1).astype(np.float64)
    telling = np.flatnonzero((numbers > 0) | (wanted > 0))
    if not telling.size:
        telling = np.arange(neurons)
    ordered = telling[np.argsort(-wanted[telling], kind="stable")]
    places = np.unique(np.linspace(0, len(ordered) - 1, min(ROWS, len(ordered))).astype(int))
    return ordered[places], len(telling)


def output(result: Result) -> str:
    """Return what the output stands for in both networks, a pair of bars a class; empty where that is not known."""
    if result.shown is None or not result.shown.layers:
        return ""
    layer = result.shown.layers[-1]
    if layer.value is None or layer.name != result.networks["spiking"].output.name:
        return ""
    value = layer.value.reshape(-1)
    activation = None if layer.activation is None else layer.activation.reshape(-1)
    order = np.argsort(-(value if activation is None else activation), kind="stable")[:_OUTPUTS]
    classes = sorted(order.tolist()) if len(value) <= _OUTPUTS else order.tolist()
    low = min(0.0, float(value[classes].min()), 0.0 if activation is None else float(activation[classes].min()))
    bars = []
    for number in classes:
        if activation is not None:
            wanted = float(activation[number])
            bars.append((f"class {number}", "analog", wanted - low, small(wanted)))
        name = "" if activation is not None else f"class {number}"
        bars.append((name, "spiking", float(value[number]) - low, small(float(value[number]))))
    told = "; ".join(f"{kind} {name} {text}".strip() for name, kind, _, text in bars)
    return paired_bars("What the output says of each class", told, bars)
