"""Modules without neurons: sources, flattening, and max-pools by growth, of which MegaSim has none."""

from __future__ import annotations

from ..compiling import compiled
from ..files.kinds import Integers
from .circuit import (
    CELL, CELL_STOP, CURSOR, DELAY, FAULTY, FIRST, FOLLOW, HEIGHT, LOG, MARK, NEXT, NODE, NX, NY, OUT_X, OUT_Y, PAD_X,
    PAD_Y, PLANNED, POLARITY, POOL_X, POOL_Y, PORT, PORT_STOP, READ, READER, READER_STOP, STAMP, STOP,
    STRIDE_X, STRIDE_Y, TIME, WEIGHT, WIDTH, Small, X, Y,
)  # fmt: skip
from .queue import append, following, push


@compiled
def announce(modules: Integers, readers: Integers, queue: Integers, numbers: Integers, node: int, time: int) -> None:
    """Put the readers of a node into the queue, to read events of ``time``."""
    for place in range(modules[node, READER], modules[node, READER_STOP]):
        reader = readers[place]
        if modules[reader, PLANNED] != time:
            modules[reader, PLANNED] = time
            push(queue, numbers, time * (len(modules) + 1) + reader, -1)


@compiled
def give(
    modules: Integers, readers: Integers, queue: Integers, log: Small, numbers: Integers, source: int, time: int
) -> None:
    """Let the events of a source at ``time`` be read, and put it into the queue for the next."""
    announce(modules, readers, queue, numbers, source, time)
    event = modules[source, NEXT]
    while event >= 0 and log[event, TIME] <= time:
        event = int(log[event, FOLLOW])
    modules[source, NEXT] = event
    if event >= 0:
        push(queue, numbers, int(log[event, TIME]) * (len(modules) + 1) + source, -1)


@compiled
def pending(modules: Integers, ports: Integers, log: Small, module: int, time: int) -> int:
    """Return how many events wait at the ports of a module."""
    count = 0
    for port in range(modules[module, PORT], modules[module, PORT_STOP]):
        event = following(modules, ports, log, port, CURSOR, NODE)
        while event >= 0 and log[event, TIME] <= time:
            count += 1
            event = int(log[event, FOLLOW])
    return count


@compiled
def flatten(modules: Integers, ports: Integers, log: Small, numbers: Integers, module: int, time: int) -> int:
    """Pass events on, at addresses in one row, and return how many; -1: one was at an address that there is not."""
    given, leaving = numbers[LOG], time + modules[module, DELAY]
    for port in range(modules[module, PORT], modules[module, PORT_STOP]):
        width = ports[port, WIDTH]
        event = following(modules, ports, log, port, CURSOR, NODE)
        while event >= 0 and log[event, TIME] <= time:
            ports[port, CURSOR] = event
            numbers[READ] += 1
            x, y = int(log[event, X]), int(log[event, Y])
            if x < 0 or x >= width or y < 0 or y >= ports[port, HEIGHT]:
                numbers[FAULTY] = event + 1
                return -1
            place = ports[port, WEIGHT] + y * width + x
            append(modules, log, numbers, module, leaving, place, 0, log[event, POLARITY])
            event = int(log[event, FOLLOW])
    return numbers[LOG] - given


@compiled
def add_up(
    modules: Integers,
    ports: Integers,
    neurons: Integers,
    sums: Integers,
    log: Small,
    touched: Integers,
    numbers: Integers,
    module: int,
    time: int,
) -> tuple[int, bool]:
    """Count the events of cells, and return how many windows they are in, and whether to go to rest; -1: as above."""
    count, reset = 0, False
    for port in range(modules[module, PORT], modules[module, PORT_STOP]):
        width = ports[port, WIDTH]
        event = following(modules, ports, log, port, CURSOR, NODE)
        while event >= 0 and log[event, TIME] <= time:
            ports[port, CURSOR] = event
            numbers[READ] += 1
            x, y = int(log[event, X]), int(log[event, Y])
            if y == -2:
                reset = True
            elif x < 0 or x >= width or y < 0 or y >= ports[port, HEIGHT]:
                numbers[FAULTY] = event + 1
                return -1, False
            else:
                sums[modules[module, CELL] + y * width + x] += log[event, POLARITY]
                count = _reach(modules, neurons, touched, numbers, module, x, y, count)
            event = int(log[event, FOLLOW])
    return count, reset


@compiled
def grow(
    modules: Integers,
    ports: Integers,
    neurons: Integers,
    potential: Integers,
    sums: Integers,
    log: Small,
    touched: Integers,
    numbers: Integers,
    module: int,
    time: int,
    count: int,
) -> int:
    """Give an event for each one that the largest sum of a window has grown by, and return how many."""
    given, leaving, port = numbers[LOG], time + modules[module, DELAY], modules[module, PORT]
    for place in range(count):
        window = touched[place]
        peak = _peak(modules, ports, sums, module, port, window - modules[module, FIRST])
        growth = peak - potential[window]
        potential[window] = peak
        for _ in range(abs(growth)):
            sign = 1 if growth > 0 else -1
            append(modules, log, numbers, module, leaving, neurons[window, OUT_X], neurons[window, OUT_Y], sign)
    return numbers[LOG] - given


@compiled
def empty(modules: Integers, potential: Integers, sums: Integers, module: int) -> None:
    """Put a max-pool back to rest."""
    for window in range(modules[module, FIRST], modules[module, STOP]):
        potential[window] = 0
    for cell in range(modules[module, CELL], modules[module, CELL_STOP]):
        sums[cell] = 0


@compiled
def _reach(
    modules: Integers, neurons: Integers, touched: Integers, numbers: Integers, module: int, x: int, y: int, count: int
) -> int:
    """Note the windows that a cell is in, and return how many are noted."""
    nx, ny = modules[module, NX], modules[module, NY]
    wide, high = modules[module, POOL_X], modules[module, POOL_Y]
    stride_x, stride_y = modules[module, STRIDE_X], modules[module, STRIDE_Y]
    across, down = x + modules[module, PAD_X], y + modules[module, PAD_Y]
    for row in range(max(0, (down - high) // stride_y + 1), min(ny, down // stride_y + 1)):
        for column in range(max(0, (across - wide) // stride_x + 1), min(nx, across // stride_x + 1)):
            window = modules[module, FIRST] + row * nx + column
            if neurons[window, MARK] != numbers[STAMP]:
                neurons[window, MARK] = numbers[STAMP]
                touched[count] = window
                count += 1
    return count


@compiled
def _peak(modules: Integers, ports: Integers, sums: Integers, module: int, port: int, window: int) -> int:
    """Return the largest sum in a window; what is outside the map is not in it."""
    width, height, nx = ports[port, WIDTH], ports[port, HEIGHT], modules[module, NX]
    x0 = window % nx * modules[module, STRIDE_X] - modules[module, PAD_X]
    y0 = window // nx * modules[module, STRIDE_Y] - modules[module, PAD_Y]
    found = -(2**62)
    for y in range(max(0, y0), min(height, y0 + modules[module, POOL_Y])):
        for x in range(max(0, x0), min(width, x0 + modules[module, POOL_X])):
            found = max(found, sums[modules[module, CELL] + y * width + x])
    return found
