"""Integrate and fire, event by event: what a moment brings to a module is added up before any neuron fires.

A bias is added when it is needed: the potential of a neuron is known at any event of the bias clock, and so is the one
at which it alone would make the neuron fire; until then nothing is done.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ..compiling import compiled
from ..files.kinds import Integers
from .circuit import (
    ALLOWED, CLOCKED, CONVOLUTION, CURSOR, DELAY, DRAWN, FAULTY, FIRES, FIRST, FIRST_HUNG, FOLLOW, HEIGHT, HIGH,
    HIGHEST_X, HIGHEST_Y, KIND, LAY_X, LAY_Y, LOW, LOWEST_X, LOWEST_Y, NODE, NX, OUT_X, OUT_Y, PAUSE, POLARITY, PORT,
    PORT_STOP, QUEUED, READ, REST, ROW, SEEN, STAMP, STEP, STOP, SUBTRACT, THRESHOLD, TICKS, TIME, WEIGHT, WHEEL, WIDTH,
    Small, X, Y,
)  # fmt: skip
from .queue import append, following, hang, push


@compiled
def touch(
    modules: Integers, rows: Integers, touched: Integers, numbers: Integers, module: int, neuron: int, count: int
) -> int:
    """Note that a neuron is to be looked at in this moment, and return how many rows are."""
    row, column = divmod(neuron - modules[module, FIRST], modules[module, NX])
    return note(rows, touched, numbers, modules[module, ROW] + row, column, column + 1, count)


@compiled
def note(rows: Integers, touched: Integers, numbers: Integers, row: int, low: int, high: int, count: int) -> int:
    """Note that the neurons from ``low`` up to ``high`` of a row are to be looked at, and return how many rows are."""
    if rows[row, SEEN] != numbers[STAMP]:
        rows[row, SEEN], rows[row, LOW], rows[row, HIGH] = numbers[STAMP], low, high
        touched[count] = row
        return count + 1
    rows[row, LOW], rows[row, HIGH] = min(rows[row, LOW], low), max(rows[row, HIGH], high)
    return count


@compiled
def await_clock(
    modules: Integers,
    neurons: Integers,
    hung: Integers,
    wheel: Integers,
    queue: Integers,
    clock: Integers,
    numbers: Integers,
    module: int,
    neuron: int,
    missing: int,
) -> None:
    """Put a neuron on the wheel for the event of the bias clock that may make up for what is ``missing``.

    Earlier is no fault, since it is looked at again then; so nothing is done where it waits for an earlier event.
    """
    event = numbers[TICKS] + max(1, min(missing // neurons[neuron, STEP], WHEEL - 1)) - 1
    waits = hung[neuron] >= 0 and hung[neuron] <= event
    if not waits and event < len(clock) and hang(neurons, hung, wheel, module, neuron, event):
        push(queue, numbers, clock[event] * (len(modules) + 1) + module, -1)


@compiled
def await_pause(
    modules: Integers, neurons: Integers, queue: Integers, numbers: Integers, module: int, neuron: int, time: int
) -> None:
    """Put a neuron that is at its threshold into the queue for when it may fire."""
    due = max(neurons[neuron, ALLOWED], time + 1)
    if neurons[neuron, QUEUED] != due:
        neurons[neuron, QUEUED] = due
        push(queue, numbers, due * (len(modules) + 1) + module, neuron)


@compiled
def rest(
    modules: Integers,
    neurons: Integers,
    potential: Integers,
    applied: Integers,
    hung: Integers,
    wheel: Integers,
    queue: Integers,
    clock: Integers,
    numbers: Integers,
    module: int,
    time: int,
) -> None:
    """Put all of a module back to rest."""
    for place in range(module * WHEEL, (module + 1) * WHEEL):
        wheel[place, FIRST_HUNG] = -1
    fires, missing = modules[module, FIRES] != 0, modules[module, THRESHOLD] - modules[module, REST]
    for neuron in range(modules[module, FIRST], modules[module, STOP]):
        potential[neuron], applied[neuron], hung[neuron] = modules[module, REST], numbers[TICKS], -1
        neurons[neuron, ALLOWED] = 0
        if fires and missing <= 0:
            await_pause(modules, neurons, queue, numbers, module, neuron, time)
        elif fires and neurons[neuron, STEP] > 0:
            await_clock(modules, neurons, hung, wheel, queue, clock, numbers, module, neuron, missing)


@compiled
def lay(
    modules: Integers,
    ports: Integers,
    potential: Integers,
    rows: Integers,
    weights: Small,
    log: Small,
    touched: Integers,
    numbers: Integers,
    module: int,
    port: int,
    event: int,
    count: int,
) -> int:
    """Add the kernel of a port around an event, and return how many rows are to be looked at."""
    x0, y0 = log[event, X] + ports[port, LAY_X], log[event, Y] + ports[port, LAY_Y]
    width, sign, nx = ports[port, WIDTH], int(log[event, POLARITY]), modules[module, NX]
    left, right = max(0, modules[module, LOWEST_X] - x0), min(width, modules[module, HIGHEST_X] + 1 - x0)
    top = max(0, modules[module, LOWEST_Y] - y0)
    bottom = min(ports[port, HEIGHT], modules[module, HIGHEST_Y] + 1 - y0)
    if left >= right:
        return count
    for row in range(top, bottom):
        neuron = modules[module, FIRST] + (y0 + row) * nx + x0
        weight = ports[port, WEIGHT] + row * width
        for column in range(left, right):
            potential[neuron + column] += sign * weights[weight + column]
        count = note(rows, touched, numbers, modules[module, ROW] + y0 + row, x0 + left, x0 + right, count)
    return count


@compiled
def spread(
    modules: Integers,
    ports: Integers,
    potential: Integers,
    rows: Integers,
    weights: Small,
    log: Small,
    touched: Integers,
    numbers: Integers,
    module: int,
    port: int,
    event: int,
    count: int,
) -> int:
    """Add the row of weights of an event's address, and return how many rows are to be looked at; -1: no such."""
    x, y, width = int(log[event, X]), int(log[event, Y]), ports[port, WIDTH]
    if x < 0 or x >= width or y < 0 or y >= ports[port, HEIGHT]:
        return -1
    size, sign = modules[module, NX], int(log[event, POLARITY])
    weight, first = ports[port, WEIGHT] + (y * width + x) * size, modules[module, FIRST]
    for place in range(size):
        potential[first + place] += sign * weights[weight + place]
    return note(rows, touched, numbers, modules[module, ROW], 0, size, count)


@compiled
def integrate(
    modules: Integers,
    ports: Integers,
    potential: Integers,
    rows: Integers,
    weights: Small,
    log: Small,
    touched: Integers,
    numbers: Integers,
    module: int,
    time: int,
    count: int,
) -> tuple[int, bool, int]:
    """Read all ports, and return how many rows are to be looked at, whether to go to rest, and how often to draw."""
    reset, draws, flat = False, 0, modules[module, KIND] != CONVOLUTION
    for port in range(modules[module, PORT], modules[module, PORT_STOP]):
        if port == modules[module, CLOCKED]:
            continue
        event = following(modules, ports, log, port, CURSOR, NODE)
        while event >= 0 and log[event, TIME] <= time:
            ports[port, CURSOR] = event
            numbers[READ] += 1
            if log[event, Y] == -2:
                reset = True
            elif log[event, Y] == -1:
                draws += 1
            elif flat:
                count = spread(
                    modules, ports, potential, rows, weights, log, touched, numbers, module, port, event, count
                )
                if count < 0:
                    numbers[FAULTY] = event + 1
                    return -1, False, 0
            else:
                count = lay(modules, ports, potential, rows, weights, log, touched, numbers, module, port, event, count)
            event = int(log[event, FOLLOW])
    return count, reset, draws


@compiled
def fire(
    modules: Integers,
    neurons: Integers,
    potential: Integers,
    applied: Integers,
    hung: Integers,
    rows: Integers,
    wheel: Integers,
    queue: Integers,
    clock: Integers,
    log: Small,
    touched: Integers,
    numbers: Integers,
    module: int,
    time: int,
    count: int,
) -> int:
    """Let the neurons that are looked at fire, and return how many do."""
    if modules[module, FIRES] == 0:
        return 0
    fired, threshold, ticks = 0, modules[module, THRESHOLD], numbers[TICKS]
    leaving, subtract = time + modules[module, DELAY], modules[module, SUBTRACT] != 0
    for place in range(count):
        row = touched[place]
        begin = modules[module, FIRST] + (row - modules[module, ROW]) * modules[module, NX]
        for neuron in range(begin + rows[row, LOW], begin + rows[row, HIGH]):
            step = neurons[neuron, STEP]
            value = potential[neuron]
            if step != 0:
                value += step * (ticks - applied[neuron])
                potential[neuron], applied[neuron] = value, ticks
            if value >= threshold and time >= neurons[neuron, ALLOWED]:
                value = value - threshold if subtract else modules[module, REST]
                potential[neuron] = value
                neurons[neuron, ALLOWED] = time + modules[module, PAUSE]
                append(modules, log, numbers, module, leaving, neurons[neuron, OUT_X], neurons[neuron, OUT_Y], 1)
                fired += 1
            if value >= threshold:
                await_pause(modules, neurons, queue, numbers, module, neuron, time)
            elif step > 0:
                await_clock(modules, neurons, hung, wheel, queue, clock, numbers, module, neuron, threshold - value)
    return fired


@compiled
def draw(
    modules: Integers,
    neurons: Integers,
    potential: Integers,
    applied: Integers,
    log: Small,
    numbers: Integers,
    draws: npt.NDArray[np.float64],
    module: int,
    time: int,
) -> int:
    """Let each neuron fire with the probability of the softmax of the potentials, and return how many do."""
    first, stop, unit = modules[module, FIRST], modules[module, STOP], float(modules[module, THRESHOLD])
    highest = -np.inf
    for neuron in range(first, stop):
        potential[neuron] += neurons[neuron, STEP] * (numbers[TICKS] - applied[neuron])
        applied[neuron] = numbers[TICKS]
        highest = max(highest, potential[neuron] / unit)
    total = 0.0
    for neuron in range(first, stop):
        total += math.exp(potential[neuron] / unit - highest)
    fired, row, leaving = 0, numbers[DRAWN], time + modules[module, DELAY]
    numbers[DRAWN] += 1
    for neuron in range(first, stop):
        if draws[row, neuron - first] < math.exp(potential[neuron] / unit - highest) / total:
            append(modules, log, numbers, module, leaving, neuron - first, 0, 1)
            fired += 1
    return fired
