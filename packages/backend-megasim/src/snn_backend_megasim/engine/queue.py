"""The queue of what is to be done, by time, and at one time in the order of the netlist; the wheel; the log."""

from __future__ import annotations

from ..compiling import compiled
from ..files.kinds import Integers
from .circuit import (
    AFTER, BEFORE, FIRST_HUNG, FOLLOW, HEAD, HEAP, ITEM, KEY, LAST_TICK, LOG, MAKER, POLARITY, TAIL, TIME, WHEEL,
    WOKEN, Small, X, Y,
)  # fmt: skip


@compiled
def push(queue: Integers, numbers: Integers, key: int, item: int) -> None:
    """Put something into the queue, a binary heap."""
    at = numbers[HEAP]
    numbers[HEAP] += 1
    while at > 0:
        above = (at - 1) // 2
        if queue[above, KEY] <= key:
            break
        queue[at, KEY], queue[at, ITEM] = queue[above, KEY], queue[above, ITEM]
        at = above
    queue[at, KEY], queue[at, ITEM] = key, item


@compiled
def pop(queue: Integers, numbers: Integers) -> int:
    """Take the first item out of the queue."""
    first = queue[0, ITEM]
    numbers[HEAP] -= 1
    count = numbers[HEAP]
    key, item, at = queue[count, KEY], queue[count, ITEM], 0
    while True:
        below = 2 * at + 1
        if below >= count:
            break
        if below + 1 < count and queue[below + 1, KEY] < queue[below, KEY]:
            below += 1
        if queue[below, KEY] >= key:
            break
        queue[at, KEY], queue[at, ITEM] = queue[below, KEY], queue[below, ITEM]
        at = below
    queue[at, KEY], queue[at, ITEM] = key, item
    return first


@compiled
def unhang(neurons: Integers, hung: Integers, wheel: Integers, module: int, neuron: int) -> None:
    """Take a neuron off the wheel of its module, where it is."""
    after, before = neurons[neuron, AFTER], neurons[neuron, BEFORE]
    if before >= 0:
        neurons[before, AFTER] = after
    else:
        wheel[module * WHEEL + hung[neuron] % WHEEL, FIRST_HUNG] = after
    if after >= 0:
        neurons[after, BEFORE] = before
    hung[neuron] = -1


@compiled
def hang(neurons: Integers, hung: Integers, wheel: Integers, module: int, neuron: int, event: int) -> bool:
    """Put a neuron on the wheel for an ``event`` of the bias clock, and return whether its module is to be woken."""
    if hung[neuron] >= 0:
        unhang(neurons, hung, wheel, module, neuron)
    place = module * WHEEL + event % WHEEL
    first = wheel[place, FIRST_HUNG]
    hung[neuron], neurons[neuron, AFTER], neurons[neuron, BEFORE] = event, first, -1
    if first >= 0:
        neurons[first, BEFORE] = neuron
    wheel[place, FIRST_HUNG] = neuron
    if wheel[place, WOKEN] == event:
        return False
    wheel[place, WOKEN] = event
    return True


@compiled
def append(
    modules: Integers, log: Small, numbers: Integers, node: int, time: int, x: int, y: int, polarity: int
) -> None:
    """Add an event of a node, if it comes before all is over."""
    if time > numbers[LAST_TICK]:
        return
    at = numbers[LOG]
    numbers[LOG] += 1
    log[at, TIME], log[at, X], log[at, Y], log[at, POLARITY] = time, x, y, polarity
    log[at, FOLLOW], log[at, MAKER] = -1, node
    if modules[node, HEAD] < 0:
        modules[node, HEAD] = at
    else:
        log[modules[node, TAIL], FOLLOW] = at
    modules[node, TAIL] = at


@compiled
def following(modules: Integers, ports: Integers, log: Small, port: int, cursor: int, node: int) -> int:
    """Return the event that a port, which has read up to ``ports[port, cursor]``, reads next; -1: none."""
    last = ports[port, cursor]
    return modules[ports[port, node], HEAD] if last < 0 else log[last, FOLLOW]
