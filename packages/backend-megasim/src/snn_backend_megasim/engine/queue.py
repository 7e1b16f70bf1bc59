"""The engine's state, and the queue of what is to be done: by time, and at one time in the order of the netlist."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..compiling import compiled
from ..files.numbers import Integers

HEAP, LOG, TICKS, STAMP, READ, DRAWN, PROBED, FAULTY = range(8)
"""Places in `State.numbers`."""

WHEEL = 64
"""How many events of the bias clock a neuron is looked ahead."""


class State(NamedTuple):
    """All that changes while the engine runs.

    Attributes
    ----------
    potential : ndarray of int, (neurons,)
        Up to the last event; what the bias clock has added since is not in it. Of a max-pool, the largest sum so far.
    applied : ndarray of int, (neurons,)
        How many events of the bias clock are in the potential.
    allowed : ndarray of int, (neurons,)
        The first tick in which a neuron may fire.
    queued : ndarray of int, (neurons,)
        The tick for which it waits in the queue.
    mark : ndarray of int, (neurons,)
        The last moment, by number, in which it was given anything.
    slot, after, before : ndarray of int, (neurons,)
        Its place on the wheel: lists of neurons by the event of the bias clock that makes them fire.
    wheel, woken : ndarray of int, (modules * WHEEL,)
        The first neuron of each list, and the event for which the module is in the queue.
    sums : ndarray of int, (cells,)
        Of max-pools, the events of each cell so far.
    touched, fired : ndarray of int, (most neurons of a module,)
    key, item : ndarray of int
        The queue, a binary heap: tick and module as one number; a neuron, or -1 where the module has to read.
    time, x, y, polarity, follow, maker : ndarray of int, (events,)
        All events, the next one of the same node, and that node.
    head, tail : ndarray of int, (modules,)
        The first and the last event of each node.
    cursor : ndarray of int, (ports,)
        The last event that each port has read.
    source : ndarray of int, (modules,)
        The next event of each source.
    planned : ndarray of int, (modules,)
        The tick for which each module was last put into the queue, to read.
    numbers : ndarray of int
    """

    potential: Integers
    applied: Integers
    allowed: Integers
    queued: Integers
    mark: Integers
    slot: Integers
    after: Integers
    before: Integers
    wheel: Integers
    woken: Integers
    sums: Integers
    touched: Integers
    fired: Integers
    key: Integers
    item: Integers
    time: Integers
    x: npt.NDArray[np.int32]
    y: npt.NDArray[np.int32]
    polarity: npt.NDArray[np.int32]
    follow: Integers
    maker: npt.NDArray[np.int32]
    head: Integers
    tail: Integers
    cursor: Integers
    source: Integers
    planned: Integers
    numbers: Integers


@compiled
def push(state: State, key: int, item: int) -> None:
    """Put something into the queue."""
    at = state.numbers[HEAP]
    state.numbers[HEAP] += 1
    while at > 0:
        above = (at - 1) // 2
        if state.key[above] <= key:
            break
        state.key[at], state.item[at] = state.key[above], state.item[above]
        at = above
    state.key[at], state.item[at] = key, item


@compiled
def pop(state: State) -> int:
    """Take the first item out of the queue."""
    first = state.item[0]
    state.numbers[HEAP] -= 1
    count = state.numbers[HEAP]
    key, item, at = state.key[count], state.item[count], 0
    while True:
        below = 2 * at + 1
        if below >= count:
            break
        if below + 1 < count and state.key[below + 1] < state.key[below]:
            below += 1
        if state.key[below] >= key:
            break
        state.key[at], state.item[at] = state.key[below], state.item[below]
        at = below
    state.key[at], state.item[at] = key, item
    return first


@compiled
def unhang(state: State, module: int, neuron: int) -> None:
    """Take a neuron off the wheel of its module, if it is there."""
    slot = state.slot[neuron]
    if slot < 0:
        return
    after, before = state.after[neuron], state.before[neuron]
    if before >= 0:
        state.after[before] = after
    else:
        state.wheel[module * WHEEL + slot] = after
    if after >= 0:
        state.before[after] = before
    state.slot[neuron] = -1


@compiled
def hang(state: State, module: int, neuron: int, event: int) -> bool:
    """Put a neuron on the wheel for an ``event`` of the bias clock, and return whether its module is to be woken."""
    slot = event % WHEEL
    if state.slot[neuron] == slot:
        return False
    unhang(state, module, neuron)
    place = module * WHEEL + slot
    first = state.wheel[place]
    state.slot[neuron], state.after[neuron], state.before[neuron] = slot, first, -1
    if first >= 0:
        state.before[first] = neuron
    state.wheel[place] = neuron
    if state.woken[place] == event:
        return False
    state.woken[place] = event
    return True


@compiled
def append(state: State, node: int, time: int, x: int, y: int, polarity: int) -> None:
    """Add an event of a node."""
    at = state.numbers[LOG]
    state.numbers[LOG] += 1
    state.time[at], state.x[at], state.y[at], state.polarity[at] = time, x, y, polarity
    state.follow[at], state.maker[at] = -1, node
    if state.head[node] < 0:
        state.head[node] = at
    else:
        state.follow[state.tail[node]] = at
    state.tail[node] = at
