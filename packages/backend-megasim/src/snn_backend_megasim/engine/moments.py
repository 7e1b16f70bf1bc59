"""Take what is first in the queue and do it, moment by moment."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..compiling import compiled
from ..files.kinds import Integers
from .circuit import (
    AFTER, DELAY, FIRST, FIRST_HUNG, FLATTEN, HEAP, KEY, KIND, LAST_TICK, LOG, MAX_POOL, POOL_X, POOL_Y, PROBED, READER,
    READER_STOP, SOFTMAX, SOURCE, STAMP, STEP, STOP, TICKS, WHEEL, Small,
)  # fmt: skip
from .neurons import draw, fire, integrate, rest, touch
from .queue import pop
from .wiring import add_up, announce, empty, flatten, give, grow, pending

DONE, MORE, LOG_FULL, QUEUE_FULL, FAULT = range(5)


@compiled
def advance(
    modules: Integers,
    ports: Integers,
    neurons: Integers,
    potential: Integers,
    applied: Integers,
    hung: Integers,
    rows: Integers,
    weights: Small,
    readers: Integers,
    clock: Integers,
    sums: Integers,
    wheel: Integers,
    touched: Integers,
    queue: Integers,
    log: Small,
    numbers: Integers,
    draws: npt.NDArray[np.float64],
    watched: Integers,
    seen: Integers,
    most: int,
) -> int:
    """Do so many things at ``most``, and return whether all is done, or there is more, or no room for it, or a fault.

    Parameters
    ----------
    modules, ports, neurons, rows, wheel, queue, log : ndarray of int, (rows, columns)
        Tables, see `circuit`.
    potential : ndarray of int, (neurons,)
        Without what the bias clock has added since ``applied`` of its events, (neurons,). Of a window, the largest sum.
    hung : ndarray of int, (neurons,)
        The event of the bias clock for which a neuron is on the wheel; -1: it is not.
    weights, readers, clock : ndarray of int
        See `circuit.Circuit`.
    sums : ndarray of int, (cells,)
        Of max-pools, the events of each cell so far.
    touched : ndarray of int, (most neurons of a module,)
        Rows, or windows, that were given anything in this moment.
    numbers : ndarray of int
    draws : ndarray, (draws, neurons)
        What a softmax draws.
    watched : ndarray of int, (watched,)
        Neurons whose potentials are written to ``seen``, (probes, watched), whenever that is in the queue.
    most : int
    """
    for _ in range(most):
        if numbers[HEAP] == 0:
            return DONE
        key = queue[0, KEY]
        time, module = key // (len(modules) + 1), key % (len(modules) + 1)
        if time > numbers[LAST_TICK]:
            return DONE
        room = MORE if module == len(modules) else _room(modules, ports, log, queue, numbers, module, time)
        if room != MORE:
            return room
        while numbers[TICKS] < len(clock) and clock[numbers[TICKS]] <= time:
            numbers[TICKS] += 1
        numbers[STAMP] += 1
        count = 0
        while numbers[HEAP] > 0 and queue[0, KEY] == key:
            neuron = pop(queue, numbers)
            if neuron >= 0:
                count = touch(modules, rows, touched, numbers, module, neuron, count)
        if module == len(modules):
            for place in range(len(watched)):
                neuron = watched[place]
                seen[numbers[PROBED], place] = potential[neuron] + neurons[neuron, STEP] * (
                    numbers[TICKS] - applied[neuron]
                )
            numbers[PROBED] += 1
            continue
        kind = modules[module, KIND]
        if kind == SOURCE:
            give(modules, readers, queue, log, numbers, module, time)
            continue
        if kind == FLATTEN:
            given = flatten(modules, ports, log, numbers, module, time)
        elif kind == MAX_POOL:
            count, reset = add_up(modules, ports, neurons, sums, log, touched, numbers, module, time)
            given = min(count, 0)
            if reset:
                empty(modules, potential, sums, module)
            elif count > 0:
                given = grow(modules, ports, neurons, potential, sums, log, touched, numbers, module, time, count)
        else:
            given = _neurons(
                modules, ports, neurons, potential, applied, hung, rows, weights, clock, wheel, touched, queue, log,
                numbers, draws, module, time, count,
            )  # fmt: skip
        if given < 0:
            return FAULT
        if given > 0:
            announce(modules, readers, queue, numbers, module, time + modules[module, DELAY])
    return MORE


@compiled
def _neurons(
    modules: Integers,
    ports: Integers,
    neurons: Integers,
    potential: Integers,
    applied: Integers,
    hung: Integers,
    rows: Integers,
    weights: Small,
    clock: Integers,
    wheel: Integers,
    touched: Integers,
    queue: Integers,
    log: Small,
    numbers: Integers,
    draws: npt.NDArray[np.float64],
    module: int,
    time: int,
    count: int,
) -> int:
    """Let a module of neurons integrate and fire, and return how many events it gives; -1: there was a fault."""
    count = _turned(modules, neurons, hung, rows, wheel, touched, clock, numbers, module, time, count)
    count, reset, drawn = integrate(
        modules, ports, potential, rows, weights, log, touched, numbers, module, time, count
    )
    given = min(count, 0)
    if reset:
        rest(modules, neurons, potential, applied, hung, wheel, queue, clock, numbers, module, time)
    elif count >= 0:
        given = fire(
            modules, neurons, potential, applied, hung, rows, wheel, queue, clock, log, touched, numbers, module,
            time, count,
        )  # fmt: skip
        for _ in range(drawn * modules[module, SOFTMAX]):
            given += draw(modules, neurons, potential, applied, log, numbers, draws, module, time)
    return given


@compiled
def _turned(
    modules: Integers,
    neurons: Integers,
    hung: Integers,
    rows: Integers,
    wheel: Integers,
    touched: Integers,
    clock: Integers,
    numbers: Integers,
    module: int,
    time: int,
    count: int,
) -> int:
    """Take the neurons off the wheel that this moment's events of the bias clock were awaited for."""
    event = numbers[TICKS] - 1
    while event >= 0 and clock[event] == time:
        place = module * WHEEL + event % WHEEL
        neuron = wheel[place, FIRST_HUNG]
        while neuron >= 0:
            count = touch(modules, rows, touched, numbers, module, neuron, count)
            hung[neuron] = -1
            neuron = neurons[neuron, AFTER]
        wheel[place, FIRST_HUNG] = -1
        event -= 1
    return count


@compiled
def _room(
    modules: Integers, ports: Integers, log: Small, queue: Integers, numbers: Integers, module: int, time: int
) -> int:
    """Return whether all that a module may put into the queue and the log in this moment has room there."""
    size = modules[module, STOP] - modules[module, FIRST]
    events, softmax = size, modules[module, SOFTMAX]
    if modules[module, KIND] == FLATTEN or modules[module, KIND] == MAX_POOL or softmax != 0:
        each = 1 + size * softmax + modules[module, POOL_X] * modules[module, POOL_Y]
        events += pending(modules, ports, log, module, time) * each
    items = 2 * size + WHEEL + modules[module, READER_STOP] - modules[module, READER] + 2
    if numbers[LOG] + events > len(log):
        return LOG_FULL
    return QUEUE_FULL if numbers[HEAP] + items > len(queue) else MORE
