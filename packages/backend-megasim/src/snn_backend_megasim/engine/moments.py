"""Take what is first in the queue and do it, moment by moment."""

from __future__ import annotations

from snn.network import Array

from ..compiling import compiled
from ..files.numbers import Integers
from .circuit import FLATTEN, MAX_POOL, SOURCE, Circuit
from .neurons import bring, draw, fire, integrate, rest, touch
from .queue import HEAP, LOG, PROBED, STAMP, TICKS, WHEEL, State, pop, unhang
from .wiring import announce, flatten, give, largest, pending

DONE, MORE, ROOM, FAULT = range(4)


@compiled
def advance(circuit: Circuit, state: State, draws: Array, watched: Integers, seen: Integers, most: int) -> int:
    """Do so many things at ``most``, and return whether all is done, or there is more, or no room for it, or a fault.

    Parameters
    ----------
    circuit : Circuit
    state : State
    draws : ndarray, (draws, neurons)
        What a softmax draws.
    watched : ndarray of int, (watched,)
        Neurons whose potentials are written to ``seen``, (probes, watched), whenever that is in the queue.
    most : int
    """
    modules = len(circuit.kind)
    for _ in range(most):
        if state.numbers[HEAP] == 0:
            return DONE
        key = state.key[0]
        time, module = key // (modules + 1), key % (modules + 1)
        if time > circuit.last_tick:
            return DONE
        if module < modules and not _has_room(circuit, state, module, time):
            return ROOM
        while state.numbers[TICKS] < len(circuit.clock) and circuit.clock[state.numbers[TICKS]] <= time:
            state.numbers[TICKS] += 1
        state.numbers[STAMP] += 1
        count = 0
        while state.numbers[HEAP] > 0 and state.key[0] == key:
            neuron = pop(state)
            if neuron >= 0:
                count = touch(circuit, state, neuron, count)
        if module == modules:
            for place in range(len(watched)):
                bring(circuit, state, watched[place])
                seen[state.numbers[PROBED], place] = state.potential[watched[place]]
            state.numbers[PROBED] += 1
        elif not _served(circuit, state, module, time, count, draws):
            return FAULT
    return MORE


@compiled
def _served(circuit: Circuit, state: State, module: int, time: int, count: int, draws: Array) -> bool:
    """Let a module do what it does in a moment, and return whether there was no fault."""
    kind = circuit.kind[module]
    if kind == SOURCE:
        give(circuit, state, module, time)
        return True
    if kind == FLATTEN:
        given = flatten(circuit, state, module, time)
    elif kind == MAX_POOL:
        given = largest(circuit, state, module, time)
    else:
        event = state.numbers[TICKS] - 1
        while event >= 0 and circuit.clock[event] == time:
            count = _turned(circuit, state, module, event, count)
            event -= 1
        count, reset, drawn = integrate(circuit, state, module, time, count)
        if count < 0:
            return False
        given = 0
        if reset:
            rest(circuit, state, module, time)
        else:
            given = fire(circuit, state, module, time, count)
            for _ in range(drawn):
                given += draw(circuit, state, module, time, draws) if circuit.softmax[module] != 0 else 0
    if given > 0:
        announce(circuit, state, module, time + circuit.delay[module])
    return given >= 0


@compiled
def _turned(circuit: Circuit, state: State, module: int, event: int, count: int) -> int:
    """Take the neurons off the wheel that this event of the bias clock was awaited for."""
    place = module * WHEEL + event % WHEEL
    neuron = state.wheel[place]
    while neuron >= 0:
        unhang(state, module, neuron)
        count = touch(circuit, state, neuron, count)
        neuron = state.wheel[place]
    return count


@compiled
def _has_room(circuit: Circuit, state: State, module: int, time: int) -> bool:
    """Return whether all that a module may put into the queue and give in this moment has room there."""
    size = circuit.first[module + 1] - circuit.first[module]
    readers = circuit.first_reader[module + 1] - circuit.first_reader[module]
    events = size
    if circuit.kind[module] == FLATTEN or circuit.kind[module] == MAX_POOL or circuit.softmax[module] != 0:
        pool = circuit.pool[module]
        events = size + pending(circuit, state, module, time) * (1 + size * circuit.softmax[module] + pool[0] * pool[1])
    queue = 2 * size + WHEEL + readers + 2
    return state.numbers[LOG] + events <= len(state.time) and state.numbers[HEAP] + queue <= len(state.key)
