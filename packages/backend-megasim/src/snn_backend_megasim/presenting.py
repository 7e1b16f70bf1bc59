"""A batch as the events of MegaSim's sources, one sample after the other, and the events of modules as spikes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction

import numpy as np
from snn.errors import SimulationError
from snn.simulating import Integers, Stimulus

from . import names
from .files import events
from .integers import fraction
from .plan import Place, Plan

_PART = 2**24  # values of the input that are looked at together

Spikes = tuple[Integers, Integers, Integers, Integers]
"""Step, sample, element and sign of each spike of the input."""


def entering(stimulus: Stimulus) -> tuple[Spikes, Fraction]:
    """Return the spikes of the input, in order of sample and step, and the height that they all have.

    Raises
    ------
    SimulationError
        Their heights differ, or are no fraction of small numbers.
    """
    steps, size = stimulus.clock.steps, math.prod(stimulus.samples.shape[1:])
    part = max(1, _PART // (steps * size))
    columns, heights = [np.zeros((4, 0), np.int64)], set[float]()
    for first in range(0, len(stimulus.samples), part):
        last = min(first + part, len(stimulus.samples))
        entered = np.asarray(stimulus.of(first, last).steps(0, steps)).reshape(steps, last - first, size).swapaxes(0, 1)
        sample, step, element = np.nonzero(entered)
        given = entered[sample, step, element]
        heights |= set(np.unique(np.abs(given)).tolist())
        columns.append(np.stack([step, sample + first, element, np.where(given > 0, 1, -1)]))
    if len(heights) > 1 or not all(map(math.isfinite, heights)):
        raise SimulationError(
            f"MegaSim's events have one height; spikes of the input have {len(heights)}, from {min(heights):g} to "
            f"{max(heights):g}",
            hint="give spikes at one rate: --set simulate.input=regular or poisson",
        )
    worth = fraction(heights.pop()) if heights else Fraction(1)
    if worth is None:
        raise SimulationError(
            "the height of the input's spikes, 1000 / rate_hz, is no fraction of whole numbers below 4,097",
            hint="choose simulate.rate_hz so that it is: 1000, 500, 250, 300 …",
        )
    found = np.concatenate(columns, axis=1)
    return (found[0], found[1], found[2], found[3]), worth


def stimuli(plan: Plan, entry: Place, spikes: Spikes, first: int, count: int) -> Iterator[tuple[str, bytes]]:
    """Yield the files of all sources, by name, for ``count`` samples from number ``first`` of the batch on."""
    step, sample, element, sign = spikes
    begin, end = np.searchsorted(sample, (first, first + count))
    own = slice(int(begin), int(end))
    time = (sample[own] - first) * plan.period + step[own] * plan.ticks
    node, place = np.divmod(element[own], entry.height * entry.width)
    y, x = np.divmod(place, entry.width)
    for number, name in enumerate(entry.nodes):
        there = node == number
        if name in plan.sources:
            yield f"{name}.stim", events.written(events.events(time[there], x[there], y[there], sign[own][there]))
    starts = np.arange(count) * plan.period
    steps = (starts[:, None] + np.arange(plan.steps) * plan.ticks).reshape(-1)
    last = starts + plan.steps * plan.ticks
    control = (
        (names.BIAS, steps, events.BIAS),
        (names.START, starts, events.BIAS),
        (names.DRAW, steps, events.DRAW),
        (names.RESET, last, events.RESET),
    )
    for name, times, what in control:
        if name in plan.sources:
            yield f"{name}.stim", events.written(events.control(times, what))


def spikes_of(plan: Plan, place: Place, files: Mapping[str, bytes], count: int) -> tuple[Integers, Integers, Integers]:
    """Return the steps, samples and elements of the spikes in ``files``, by node, of ``count`` samples.

    What is left over of a sample at the moment of its reset is no answer to any step.

    Raises
    ------
    SimulationError
        An event has an address or a time that there is not.
    """
    columns = [np.zeros((3, 0), np.int64)]
    for number, node in enumerate(place.nodes):
        name = f"node_{node}.evs"
        rows = events.parsed(files[node], name)
        time, x, y = rows[:, 0], rows[:, 3], rows[:, 4]
        bad = (x < 0) | (x >= place.width) | (y < 0) | (y >= place.height) | (time >= count * plan.period)
        if bad.any():
            line = int(np.flatnonzero(bad)[0])
            raise SimulationError(
                f"{name}, line {line + 1}: no neuron is at x = {x[line]}, y = {y[line]}, or no sample at {time[line]}",
                hint="was it written by another netlist?",
            )
        sample, tick = np.divmod(time, plan.period)
        step = tick // plan.ticks
        kept = step < plan.steps
        element = (number * place.height + y) * place.width + x
        columns.append(np.stack([step, sample, element])[:, kept])
    found = np.concatenate(columns, axis=1)
    return found[0], found[1], found[2]
