"""Integrate and fire, event by event: what a moment brings to a module is added up before any neuron fires.

A bias is added when it is needed: the potential of a neuron is known at any event of the bias clock, and so is the event
at which it alone would make the neuron fire; until then nothing is done.
"""

from __future__ import annotations

import math

import numpy as np
from snn.network import Array

from ..compiling import compiled
from .circuit import CONVOLUTION, Circuit
from .queue import DRAWN, FAULTY, READ, STAMP, TICKS, WHEEL, State, append, hang, push, unhang


@compiled
def bring(circuit: Circuit, state: State, neuron: int) -> None:
    """Add what the bias clock has given a neuron so far."""
    step = circuit.step_of[neuron]
    if step != 0:
        ticks = state.numbers[TICKS]
        state.potential[neuron] += step * (ticks - state.applied[neuron])
        state.applied[neuron] = ticks


@compiled
def touch(circuit: Circuit, state: State, neuron: int, count: int) -> int:
    """Note that a neuron is to be looked at in this moment, and return how many are."""
    if state.mark[neuron] != state.numbers[STAMP]:
        state.mark[neuron] = state.numbers[STAMP]
        state.touched[count] = neuron
        bring(circuit, state, neuron)
        return count + 1
    return count


@compiled
def settle(circuit: Circuit, state: State, module: int, neuron: int, time: int) -> None:
    """See to it that a neuron is looked at again when it will fire by itself."""
    if circuit.fires[module] == 0:
        return
    missing = circuit.threshold[module] - state.potential[neuron]
    if missing <= 0:
        unhang(state, module, neuron)
        due = max(state.allowed[neuron], time + 1)
        if state.queued[neuron] != due:
            state.queued[neuron] = due
            push(state, due * (len(circuit.kind) + 1) + module, neuron)
        return
    step = circuit.step_of[neuron]
    if step > 0:
        ticks = state.numbers[TICKS]
        event = min(ticks + (missing + step - 1) // step - 1, ticks + WHEEL - 1)
        if event < len(circuit.clock):
            if hang(state, module, neuron, event):
                push(state, circuit.clock[event] * (len(circuit.kind) + 1) + module, -1)
            return
    unhang(state, module, neuron)


@compiled
def rest(circuit: Circuit, state: State, module: int, time: int) -> None:
    """Put all of a module back to rest."""
    state.wheel[module * WHEEL : (module + 1) * WHEEL] = -1
    for neuron in range(circuit.first[module], circuit.first[module + 1]):
        state.potential[neuron] = circuit.rest[module]
        state.applied[neuron] = state.numbers[TICKS]
        state.allowed[neuron] = 0
        state.slot[neuron] = -1
        settle(circuit, state, module, neuron, time)
    for cell in range(circuit.cells[module], circuit.cells[module + 1]):
        state.sums[cell] = 0


@compiled
def lay(circuit: Circuit, state: State, module: int, port: int, event: int, count: int) -> int:
    """Add the kernel of a port around an event, and return how many neurons are to be looked at."""
    x0, y0 = state.x[event] + circuit.lay_x[port], state.y[event] + circuit.lay_y[port]
    width, sign, nx = circuit.width[port], state.polarity[event], circuit.nx[module]
    left, right = max(0, circuit.lowest_x[module] - x0), min(width, circuit.highest_x[module] + 1 - x0)
    top, bottom = max(0, circuit.lowest_y[module] - y0), min(circuit.height[port], circuit.highest_y[module] + 1 - y0)
    for row in range(top, bottom):
        neuron = circuit.first[module] + (y0 + row) * nx + x0
        weight = circuit.weights[port] + row * width
        for column in range(left, right):
            count = touch(circuit, state, neuron + column, count)
            state.potential[neuron + column] += sign * circuit.weight[weight + column]
    return count


@compiled
def spread(circuit: Circuit, state: State, module: int, port: int, event: int, count: int) -> int:
    """Add the row of weights of an event's address, and return how many neurons are to be looked at; -1: no such."""
    x, y, width = state.x[event], state.y[event], circuit.width[port]
    if x < 0 or x >= width or y < 0 or y >= circuit.height[port]:
        return -1
    size, sign = circuit.nx[module], state.polarity[event]
    weight, first = circuit.weights[port] + (y * width + x) * size, circuit.first[module]
    for place in range(size):
        count = touch(circuit, state, first + place, count)
        state.potential[first + place] += sign * circuit.weight[weight + place]
    return count


@compiled
def integrate(circuit: Circuit, state: State, module: int, time: int, count: int) -> tuple[int, bool, int]:
    """Read all ports, and return how many neurons are to be looked at, whether to go to rest, and how often to draw."""
    reset, draws = False, 0
    for port in range(circuit.first_port[module], circuit.first_port[module + 1]):
        if port == circuit.clocked[module]:
            continue
        last = state.cursor[port]
        event = state.head[circuit.node[port]] if last < 0 else state.follow[last]
        while event >= 0 and state.time[event] <= time:
            state.cursor[port] = event
            state.numbers[READ] += 1
            if state.y[event] == -2:
                reset = True
            elif state.y[event] == -1:
                draws += 1
            elif circuit.kind[module] == CONVOLUTION:
                count = lay(circuit, state, module, port, event, count)
            else:
                count = spread(circuit, state, module, port, event, count)
                if count < 0:
                    state.numbers[FAULTY] = event + 1
                    return -1, False, 0
            event = state.follow[event]
    return count, reset, draws


@compiled
def fire(circuit: Circuit, state: State, module: int, time: int, count: int) -> int:
    """Let the neurons that are looked at fire, and return how many do."""
    fired, threshold = 0, circuit.threshold[module]
    for place in range(count):
        neuron = state.touched[place]
        if circuit.fires[module] != 0 and state.potential[neuron] >= threshold and time >= state.allowed[neuron]:
            if circuit.subtract[module] != 0:
                state.potential[neuron] -= threshold
            else:
                state.potential[neuron] = circuit.rest[module]
            state.allowed[neuron] = time + circuit.pause[module]
            leaving = time + circuit.delay[module]
            append(state, module, leaving, circuit.out_x[neuron], circuit.out_y[neuron], 1)
            fired += 1
        settle(circuit, state, module, neuron, time)
    return fired


@compiled
def draw(circuit: Circuit, state: State, module: int, time: int, draws: Array) -> int:
    """Let each neuron fire with the probability of the softmax of the potentials, and return how many do."""
    first, stop, unit = circuit.first[module], circuit.first[module + 1], float(circuit.threshold[module])
    highest = -np.inf
    for neuron in range(first, stop):
        bring(circuit, state, neuron)
        highest = max(highest, state.potential[neuron] / unit)
    total = 0.0
    for neuron in range(first, stop):
        total += math.exp(state.potential[neuron] / unit - highest)
    fired, row = 0, state.numbers[DRAWN]
    state.numbers[DRAWN] += 1
    for neuron in range(first, stop):
        if draws[row, neuron - first] < math.exp(state.potential[neuron] / unit - highest) / total:
            append(state, module, time + circuit.delay[module], neuron - first, 0, 1)
            fired += 1
    return fired
