"""Run a folder of files, and write the events of every module to ``node_NODE.evs``."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from snn.errors import SimulationError
from snn.network import Array

from ..files import events, folder
from ..files.numbers import Integers
from .circuit import Circuit
from .joining import join
from .loading import Files, load
from .moments import DONE, FAULT, ROOM, advance
from .neurons import rest
from .queue import FAULTY, HEAP, LOG, READ, WHEEL, State, push

_SLICE = 2**16  # moments, after which Ctrl-C is heard
_MOST_EVENTS = 2**29
_LOG = ("time", "x", "y", "polarity", "follow", "maker")
_QUEUE = ("key", "item")
_SMALL = {"x", "y", "polarity", "maker"}

Draws = Callable[[int, int], Array]
"""Gives what a softmax draws, (draws, neurons), from 0 to 1."""


@dataclass(frozen=True, eq=False)
class Watch:
    """Potentials that are looked at; they are in no file.

    Attributes
    ----------
    nodes : tuple of str
        The modules, by the nodes that they make.
    ticks : ndarray of int, (looks,)
        When, at the end of the tick.
    """

    nodes: tuple[str, ...] = ()
    ticks: Integers = field(default_factory=lambda: np.zeros(0, np.int64))


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a run was.

    Attributes
    ----------
    events : int
        Those of the sources that were reached, and of all modules.
    read : int
        How often one of them was read at a port.
    seconds : float
        What the engine took, without files.
    potentials : mapping of node to ndarray of int, (looks, neurons)
    """

    events: int
    read: int
    seconds: float
    potentials: Mapping[str, Integers]


def run(place: Path, draws: Draws | None = None, watch: Watch | None = None) -> Outcome:
    """Run the files in the folder ``place``, and write those of the events.

    Raises
    ------
    SimulationError
        A file is missing or malformed, or there are more events than memory is made for.
    """
    files = load(place)
    circuit = join(files)
    watch = watch or Watch()
    names = [*files.sources, *(module.instance.output for module in files.modules)]
    watched = [names.index(node) for node in watch.nodes]
    neurons = [np.arange(circuit.first[module], circuit.first[module + 1]) for module in watched]
    seen = np.zeros((len(watch.ticks), sum(len(own) for own in neurons)), np.int64)
    state, given = _begin(circuit, files, watch)
    started = time.perf_counter()
    state = _through(circuit, state, _drawn(circuit, files, draws), np.concatenate([*neurons, _NONE]), seen)
    seconds = time.perf_counter() - started
    _check(state, names)
    _write(place, state, given, names, len(files.sources))
    ends = np.cumsum([len(own) for own in neurons])
    potentials = dict(zip(watch.nodes, np.split(seen, ends[:-1], axis=1), strict=True)) if watch.nodes else {}
    return Outcome(_reached(state, circuit, given), int(state.numbers[READ]), seconds, potentials)


_NONE = np.zeros(0, np.int64)


def _begin(circuit: Circuit, files: Files, watch: Watch) -> tuple[State, int]:
    """Return the state before the first moment, and how many events are those of sources."""
    modules, neurons = len(circuit.kind), int(circuit.first[-1])
    given = [rows for rows in files.sources.values() if len(rows)]
    count = sum(len(rows) for rows in given)
    widest = int(np.diff(circuit.first).max(initial=0))
    room = {name: count + widest + 2**16 for name in _LOG}
    room |= {name: modules + neurons * 2 + modules * WHEEL + len(watch.ticks) + 2**16 for name in _QUEUE}

    def full(size: int, value: int = -1) -> Integers:
        return np.full(size, value, np.int64)

    log = {name: np.zeros(room[name], np.int32 if name in _SMALL else np.int64) for name in _LOG}
    state = State(
        potential=full(neurons, 0), applied=full(neurons, 0), allowed=full(neurons, 0), queued=full(neurons),
        mark=full(neurons), slot=full(neurons), after=full(neurons), before=full(neurons),
        wheel=full(modules * WHEEL), woken=full(modules * WHEEL), sums=full(int(circuit.cells[-1]), 0),
        touched=full(widest, 0), fired=full(widest, 0), key=full(room["key"], 0), item=full(room["key"], 0),
        **log, head=full(modules), tail=full(modules), cursor=full(len(circuit.node)), source=full(modules),
        planned=full(modules), numbers=full(8, 0),
    )  # fmt: skip
    _place_sources(circuit, state, list(files.sources.values()))
    for module in range(len(files.sources), modules):
        rest(circuit, state, module, -1)
    for tick in watch.ticks:
        push(state, int(tick) * (modules + 1) + modules, -1)
    return state, count


def _place_sources(circuit: Circuit, state: State, sources: Sequence[Integers]) -> None:
    """Put the events of sources before all others, and the first of each into the queue."""
    at = 0
    for node, rows in enumerate(sources):
        if not len(rows):
            continue
        own = slice(at, at + len(rows))
        state.time[own], state.x[own], state.y[own], state.polarity[own] = rows[:, 0], rows[:, 3], rows[:, 4], rows[:, 5]
        state.follow[own], state.maker[own] = np.arange(at + 1, at + len(rows) + 1), node
        state.follow[at + len(rows) - 1] = -1
        state.head[node], state.tail[node], state.source[node] = at, at + len(rows) - 1, at
        if circuit.first_reader[node + 1] > circuit.first_reader[node]:
            push(state, int(rows[0, 0]) * (len(circuit.kind) + 1) + node, -1)
        at += len(rows)
    state.numbers[LOG] = at


def _drawn(circuit: Circuit, files: Files, draws: Draws | None) -> Array:
    softmaxes = np.flatnonzero(circuit.softmax)
    if not len(softmaxes):
        return np.zeros((0, 0))
    if len(softmaxes) > 1:
        raise SimulationError("the engine draws for one softmax only", hint="write a network with one")
    size = int(circuit.nx[softmaxes[0]])
    most = sum(int((rows[:, 4] == events.DRAW[1]).sum()) for rows in files.sources.values())
    found = np.random.default_rng(0).random((most, size)) if draws is None else draws(most, size)
    return np.asarray(found, np.float64)


def _through(circuit: Circuit, state: State, draws: Array, watched: Integers, seen: Integers) -> State:
    """Let the engine run to the end, with more room whenever it needs that."""
    while (status := advance(circuit, state, draws, watched, seen, _SLICE)) not in (DONE, FAULT):
        if status == ROOM:
            state = _larger(state)
    return state


def _larger(state: State) -> State:
    """Return the state with twice the room for events and for the queue."""
    if len(state.time) > _MOST_EVENTS:
        raise SimulationError(f"over {_MOST_EVENTS:,} events", hint="give fewer samples a batch, or fewer steps")
    return state._replace(**{
        name: np.concatenate([getattr(state, name), np.zeros_like(getattr(state, name))]) for name in (*_LOG, *_QUEUE)
    })


def _check(state: State, names: Sequence[str]) -> None:
    """Raise SimulationError where the engine has found an event that nothing can be done with."""
    if event := int(state.numbers[FAULTY]):
        address = f"x = {state.x[event - 1]}, y = {state.y[event - 1]}"
        raise SimulationError(
            f"node {names[state.maker[event - 1]]}: an event has the address {address}, which a module that reads it lacks",
            hint="have the files written again",
        )


def _reached(state: State, circuit: Circuit, given: int) -> int:
    """Return how many events there were, without those of sources behind the last tick."""
    late = int((state.time[:given] > circuit.last_tick).sum())
    return int(state.numbers[LOG]) - late


def _write(place: Path, state: State, given: int, names: Sequence[str], sources: int) -> None:
    """Write the events that modules gave, a file each node."""
    stop = int(state.numbers[LOG])
    maker = state.maker[given:stop]
    order = np.argsort(maker, kind="stable") + given
    ends = np.searchsorted(maker[order - given], np.arange(sources, len(names) + 1))
    for node, (begin, end) in enumerate(zip(ends[:-1], ends[1:], strict=True), sources):
        own = order[begin:end]
        rows = events.events(state.time[own], state.x[own], state.y[own], state.polarity[own])
        folder.put(place, {f"node_{names[node]}.evs": events.written(rows)})
