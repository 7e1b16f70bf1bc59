"""Integrate and fire, event by event: what a moment brings to a module is added up before any neuron fires.

A bias is added when it is needed: the potential of a neuron is known at any event of the bias clock, and so is the event
at which it alone would make the neuron fire; until then nothing is done.
"""

from __future__ import annotations

import math

import numpy as np
from snn.network import Array

from ..compiling import compiled
from ..files.numbers import Integers
from .circuit import (
    ALLOWED, APPLIED, CELL, CELL_STOP, CLOCKED, CONVOLUTION, CURSOR, DELAY, DRAWN, FAULTY, FIRES, FIRST, FIRST_HUNG,
    FOLLOW, HEIGHT, HIGHEST_X, HIGHEST_Y, KIND, LAY_X, LAY_Y, LOWEST_X, LOWEST_Y, MARK, NODE, NX, OUT_X, OUT_Y, PAUSE,
    POLARITY, PORT, PORT_STOP, POTENTIAL, QUEUED, READ, REST, SLOT, STAMP, STEP, STOP, SUBTRACT, THRESHOLD, TICKS, TIME,
    WEIGHT, WHEEL, WIDTH, Small, X, Y,
)  # fmt: skip
from .queue import append, following, hang, push, unhang


@compiled
def bring(neurons: Integers, numbers: Integers, neuron: int) -> None:
    """Add what the bias clock has given a neuron so far."""
    step = neurons[neuron, STEP]
    if step != 0:
        ticks = numbers[TICKS]
        neurons[neuron, POTENTIAL] += step * (ticks - neurons[neuron, APPLIED])
        neurons[neuron, APPLIED] = ticks


@compiled
def touch(neurons: Integers, touched: Integers, numbers: Integers, neuron: int, count: int) -> int:
    """Note that a neuron is to be looked at in this moment, and return how many are."""
    if neurons[neuron, MARK] != numbers[STAMP]:
        neurons[neuron, MARK] = numbers[STAMP]
        touched[count] = neuron
        bring(neurons, numbers, neuron)
        return count + 1
    return count


@compiled
def settle(
    modules: Integers,
    neurons: Integers,
    wheel: Integers,
    queue: Integers,
    clock: Integers,
    numbers: Integers,
    module: int,
    neuron: int,
    time: int,
) -> None:
    """See to it that a neuron is looked at again when it will fire by itself."""
    if modules[module, FIRES] == 0:
        return
    missing = modules[module, THRESHOLD] - neurons[neuron, POTENTIAL]
    if missing <= 0:
        unhang(neurons, wheel, module, neuron)
        due = max(neurons[neuron, ALLOWED], time + 1)
        if neurons[neuron, QUEUED] != due:
            neurons[neuron, QUEUED] = due
            push(queue, numbers, due * (len(modules) + 1) + module, neuron)
        return
    step = neurons[neuron, STEP]
    if step > 0:
        ticks = numbers[TICKS]
        event = min(ticks + (missing + step - 1) // step - 1, ticks + WHEEL - 1)
        if event < len(clock):
            if hang(neurons, wheel, module, neuron, event):
                push(queue, numbers, clock[event] * (len(modules) + 1) + module, -1)
            return
    unhang(neurons, wheel, module, neuron)


@compiled
def rest(
    modules: Integers,
    neurons: Integers,
    wheel: Integers,
    queue: Integers,
    clock: Integers,
    sums: Integers,
    numbers: Integers,
    module: int,
    time: int,
) -> None:
    """Put all of a module back to rest."""
    for place in range(module * WHEEL, (module + 1) * WHEEL):
        wheel[place, FIRST_HUNG] = -1
    for neuron in range(modules[module, FIRST], modules[module, STOP]):
        neurons[neuron, POTENTIAL] = modules[module, REST]
        neurons[neuron, APPLIED] = numbers[TICKS]
        neurons[neuron, ALLOWED] = 0
        neurons[neuron, SLOT] = -1
        settle(modules, neurons, wheel, queue, clock, numbers, module, neuron, time)
    for cell in range(modules[module, CELL], modules[module, CELL_STOP]):
        sums[cell] = 0


@compiled
def lay(
    modules: Integers,
    ports: Integers,
    neurons: Integers,
    weights: Small,
    log: Small,
    touched: Integers,
    numbers: Integers,
    module: int,
    port: int,
    event: int,
    count: int,
) -> int:
    """Add the kernel of a port around an event, and return how many neurons are to be looked at."""
    x0, y0 = log[event, X] + ports[port, LAY_X], log[event, Y] + ports[port, LAY_Y]
    width, sign, nx = ports[port, WIDTH], np.int64(log[event, POLARITY]), modules[module, NX]
    left, right = max(0, modules[module, LOWEST_X] - x0), min(width, modules[module, HIGHEST_X] + 1 - x0)
    top = max(0, modules[module, LOWEST_Y] - y0)
    bottom = min(ports[port, HEIGHT], modules[module, HIGHEST_Y] + 1 - y0)
    for row in range(top, bottom):
        neuron = modules[module, FIRST] + (y0 + row) * nx + x0
        weight = ports[port, WEIGHT] + row * width
        for column in range(left, right):
            count = touch(neurons, touched, numbers, neuron + column, count)
            neurons[neuron + column, POTENTIAL] += sign * weights[weight + column]
    return count


@compiled
def spread(
    modules: Integers,
    ports: Integers,
    neurons: Integers,
    weights: Small,
    log: Small,
    touched: Integers,
    numbers: Integers,
    module: int,
    port: int,
    event: int,
    count: int,
) -> int:
    """Add the row of weights of an event's address, and return how many neurons are to be looked at; -1: no such."""
    x, y, width = np.int64(log[event, X]), np.int64(log[event, Y]), ports[port, WIDTH]
    if x < 0 or x >= width or y < 0 or y >= ports[port, HEIGHT]:
        return -1
    size, sign = modules[module, NX], np.int64(log[event, POLARITY])
    weight, first = ports[port, WEIGHT] + (y * width + x) * size, modules[module, FIRST]
    for place in range(size):
        if weights[weight + place] != 0:
            count = touch(neurons, touched, numbers, first + place, count)
            neurons[first + place, POTENTIAL] += sign * weights[weight + place]
    return count


@compiled
def integrate(
    modules: Integers,
    ports: Integers,
    neurons: Integers,
    weights: Small,
    log: Small,
    touched: Integers,
    numbers: Integers,
    module: int,
    time: int,
    count: int,
) -> tuple[int, bool, int]:
    """Read all ports, and return how many neurons are to be looked at, whether to go to rest, and how often to draw."""
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
                count = spread(modules, ports, neurons, weights, log, touched, numbers, module, port, event, count)
                if count < 0:
                    numbers[FAULTY] = event + 1
                    return -1, False, 0
            else:
                count = lay(modules, ports, neurons, weights, log, touched, numbers, module, port, event, count)
            event = log[event, FOLLOW]
    return count, reset, draws


@compiled
def fire(
    modules: Integers,
    neurons: Integers,
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
    fired, threshold, fires = 0, modules[module, THRESHOLD], modules[module, FIRES] != 0
    leaving = time + modules[module, DELAY]
    for place in range(count):
        neuron = touched[place]
        if fires and neurons[neuron, POTENTIAL] >= threshold and time >= neurons[neuron, ALLOWED]:
            if modules[module, SUBTRACT] != 0:
                neurons[neuron, POTENTIAL] -= threshold
            else:
                neurons[neuron, POTENTIAL] = modules[module, REST]
            neurons[neuron, ALLOWED] = time + modules[module, PAUSE]
            append(modules, log, numbers, module, leaving, neurons[neuron, OUT_X], neurons[neuron, OUT_Y], 1)
            fired += 1
        settle(modules, neurons, wheel, queue, clock, numbers, module, neuron, time)
    return fired


@compiled
def draw(
    modules: Integers, neurons: Integers, log: Small, numbers: Integers, draws: Array, module: int, time: int
) -> int:
    """Let each neuron fire with the probability of the softmax of the potentials, and return how many do."""
    first, stop, unit = modules[module, FIRST], modules[module, STOP], float(modules[module, THRESHOLD])
    highest = -np.inf
    for neuron in range(first, stop):
        bring(neurons, numbers, neuron)
        highest = max(highest, neurons[neuron, POTENTIAL] / unit)
    total = 0.0
    for neuron in range(first, stop):
        total += math.exp(neurons[neuron, POTENTIAL] / unit - highest)
    fired, row, leaving = 0, numbers[DRAWN], time + modules[module, DELAY]
    numbers[DRAWN] += 1
    for neuron in range(first, stop):
        if draws[row, neuron - first] < math.exp(neurons[neuron, POTENTIAL] / unit - highest) / total:
            append(modules, log, numbers, module, leaving, neuron - first, 0, 1)
            fired += 1
    return fired
