"""Modules without neurons: sources, flattening, and max-pools by growth, of which MegaSim has none."""

from __future__ import annotations

from ..compiling import compiled
from .circuit import Circuit
from .neurons import rest
from .queue import FAULTY, LOG, READ, STAMP, State, append, push


@compiled
def announce(circuit: Circuit, state: State, node: int, time: int) -> None:
    """Put the readers of a node into the queue, to read events of ``time``."""
    for place in range(circuit.first_reader[node], circuit.first_reader[node + 1]):
        reader = circuit.reader[place]
        if state.planned[reader] != time:
            state.planned[reader] = time
            push(state, time * (len(circuit.kind) + 1) + reader, -1)


@compiled
def give(circuit: Circuit, state: State, source: int, time: int) -> None:
    """Let the events of a source at ``time`` be read, and put it into the queue for the next."""
    announce(circuit, state, source, time)
    event = state.source[source]
    while event >= 0 and state.time[event] <= time:
        event = state.follow[event]
    state.source[source] = event
    if event >= 0:
        push(state, state.time[event] * (len(circuit.kind) + 1) + source, -1)


@compiled
def pending(circuit: Circuit, state: State, module: int, time: int) -> int:
    """Return how many events wait at the ports of a module."""
    count = 0
    for port in range(circuit.first_port[module], circuit.first_port[module + 1]):
        last = state.cursor[port]
        event = state.head[circuit.node[port]] if last < 0 else state.follow[last]
        while event >= 0 and state.time[event] <= time:
            count += 1
            event = state.follow[event]
    return count


@compiled
def flatten(circuit: Circuit, state: State, module: int, time: int) -> int:
    """Pass events on, at addresses in one row, and return how many; -1: one was at an address that there is not."""
    given = state.numbers[LOG]
    for port in range(circuit.first_port[module], circuit.first_port[module + 1]):
        last, width = state.cursor[port], circuit.width[port]
        event = state.head[circuit.node[port]] if last < 0 else state.follow[last]
        while event >= 0 and state.time[event] <= time:
            state.cursor[port] = event
            state.numbers[READ] += 1
            x, y = state.x[event], state.y[event]
            if x < 0 or x >= width or y < 0 or y >= circuit.height[port]:
                state.numbers[FAULTY] = event + 1
                return -1
            place = circuit.weights[port] + y * width + x
            append(state, module, time + circuit.delay[module], place, 0, state.polarity[event])
            event = state.follow[event]
    return state.numbers[LOG] - given


@compiled
def largest(circuit: Circuit, state: State, module: int, time: int) -> int:
    """Give an event for each one that the largest sum of a window has grown by, and return how many; -1: as above."""
    given, count, reset = state.numbers[LOG], 0, False
    for port in range(circuit.first_port[module], circuit.first_port[module + 1]):
        last, width = state.cursor[port], circuit.width[port]
        event = state.head[circuit.node[port]] if last < 0 else state.follow[last]
        while event >= 0 and state.time[event] <= time:
            state.cursor[port] = event
            state.numbers[READ] += 1
            x, y = state.x[event], state.y[event]
            if y == -2:
                reset = True
            elif x < 0 or x >= width or y < 0 or y >= circuit.height[port]:
                state.numbers[FAULTY] = event + 1
                return -1
            else:
                state.sums[circuit.cells[module] + y * width + x] += state.polarity[event]
                count = _reach(circuit, state, module, x, y, count)
            event = state.follow[event]
    if reset:
        rest(circuit, state, module, time)
        return 0
    port = circuit.first_port[module]
    for place in range(count):
        window = state.touched[place]
        peak = _peak(circuit, state, module, port, window - circuit.first[module])
        growth = peak - state.potential[window]
        state.potential[window] = peak
        for _ in range(abs(growth)):
            leaving = time + circuit.delay[module]
            append(state, module, leaving, circuit.out_x[window], circuit.out_y[window], 1 if growth > 0 else -1)
    return state.numbers[LOG] - given


@compiled
def _reach(circuit: Circuit, state: State, module: int, x: int, y: int, count: int) -> int:
    """Note the windows that a cell is in, and return how many are noted."""
    pool, nx, ny = circuit.pool[module], circuit.nx[module], circuit.ny[module]
    across, down = x + pool[4], y + pool[5]
    for row in range(max(0, (down - pool[1]) // pool[3] + 1), min(ny, down // pool[3] + 1)):
        for column in range(max(0, (across - pool[0]) // pool[2] + 1), min(nx, across // pool[2] + 1)):
            window = circuit.first[module] + row * nx + column
            if state.mark[window] != state.numbers[STAMP]:
                state.mark[window] = state.numbers[STAMP]
                state.touched[count] = window
                count += 1
    return count


@compiled
def _peak(circuit: Circuit, state: State, module: int, port: int, window: int) -> int:
    """Return the largest sum in a window; what is outside the map is not in it."""
    pool, width, height = circuit.pool[module], circuit.width[port], circuit.height[port]
    x0 = window % circuit.nx[module] * pool[2] - pool[4]
    y0 = window // circuit.nx[module] * pool[3] - pool[5]
    found = -(2**62)
    for y in range(max(0, y0), min(height, y0 + pool[1])):
        for x in range(max(0, x0), min(width, x0 + pool[0])):
            found = max(found, state.sums[circuit.cells[module] + y * width + x])
    return found
