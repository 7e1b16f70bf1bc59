"""Run a folder of files, and write the events of every module to ``node_NODE.evs``."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from snn.errors import SimulationError
from snn.network import Array

from ..files import events, folder
from ..files.kinds import Integers
from .circuit import (
    CELL_STOP, COLUMNS, CONVOLUTION, DENSE, FAULTY, FIRST, FOLLOW, HEAD, KIND, LAST_TICK, LOG, MAKER, NEXT, NX, NY,
    POLARITY, READ, READER, READER_STOP, SOFTMAX, STOP, TAIL, TIME, WHEEL, Circuit, Small, X, Y,
)  # fmt: skip
from .joining import join
from .loading import Files, load
from .moments import DONE, FAULT, LOG_FULL, QUEUE_FULL, advance
from .neurons import rest
from .queue import push

_SLICE = 2**16  # moments, after which Ctrl-C is heard
_MOST_EVENTS = 2**29
_SPARE = 2**16
_EVENTS = 2**21  # for which there is room at first

Floats = npt.NDArray[np.float64]

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


@dataclass(eq=False)
class _State:
    """What changes while the engine runs: tables and arrays, see `circuit` and `moments.advance`."""

    modules: Integers
    ports: Integers
    neurons: Integers
    potential: Integers
    applied: Integers
    hung: Integers
    rows: Integers
    sums: Integers
    wheel: Integers
    touched: Integers
    queue: Integers
    log: Small
    numbers: Integers


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
    spans = [circuit.modules[names.index(node), [FIRST, STOP]] for node in watch.nodes]
    watched = np.concatenate([*(np.arange(*span) for span in spans), np.zeros(0, np.int64)])
    seen = np.zeros((len(watch.ticks), len(watched)), np.int64)
    state = _begun(circuit, files, watch)
    given = int(state.numbers[LOG])
    drawn = _drawn(circuit, files, draws)
    started = time.perf_counter()
    _through(circuit, state, drawn, watched, seen)
    seconds = time.perf_counter() - started
    _check(state, names)
    _write(place, state, given, names, len(files.sources))
    ends = np.cumsum([stop - first for first, stop in spans]).astype(np.int64)
    potentials = dict(zip(watch.nodes, np.split(seen, ends[:-1], axis=1), strict=True)) if watch.nodes else {}
    late = int((state.log[:given, TIME] > circuit.last_tick).sum())
    return Outcome(int(state.numbers[LOG]) - late, int(state.numbers[READ]), seconds, potentials)


def _begun(circuit: Circuit, files: Files, watch: Watch) -> _State:
    """Return the state before the first moment, with all modules at rest and the sources in the queue."""
    modules, count = len(circuit.modules), sum(len(rows) for rows in files.sources.values())
    widest = int((circuit.modules[:, STOP] - circuit.modules[:, FIRST]).max(initial=0))
    items = modules * (WHEEL + 1) + 2 * len(circuit.neurons) + len(watch.ticks) + _SPARE
    numbers = np.zeros(9, np.int64)
    numbers[LAST_TICK] = circuit.last_tick
    state = _State(
        modules=circuit.modules.copy(),
        ports=circuit.ports.copy(),
        neurons=circuit.neurons.copy(),
        potential=np.zeros(len(circuit.neurons), np.int64),
        applied=np.zeros(len(circuit.neurons), np.int64),
        hung=np.full(len(circuit.neurons), -1, np.int64),
        rows=np.full((int(circuit.modules[:, NY].sum()), COLUMNS["rows"]), -1, np.int64),
        sums=np.zeros(int(circuit.modules[:, CELL_STOP].max(initial=0)), np.int64),
        wheel=np.full((modules * WHEEL, COLUMNS["wheel"]), -1, np.int64),
        touched=np.zeros(widest, np.int64),
        queue=np.zeros((items, COLUMNS["queue"]), np.int64),
        log=np.zeros((count + widest + _EVENTS, COLUMNS["log"]), np.int32),
        numbers=numbers,
    )
    _place_sources(state, list(files.sources.values()))
    for module in range(len(files.sources), modules):
        if circuit.modules[module, KIND] in (CONVOLUTION, DENSE):
            own = state.potential, state.applied, state.hung, state.wheel, state.queue
            rest(state.modules, state.neurons, *own, circuit.clock, numbers, module, -1)
    for tick in watch.ticks:
        push(state.queue, numbers, int(tick) * (modules + 1) + modules, -1)
    return state


def _place_sources(state: _State, sources: Sequence[Integers]) -> None:
    """Put the events of sources before all others, and the first of each into the queue."""
    at, modules = 0, state.modules
    for node, rows in enumerate(sources):
        if not len(rows):
            continue
        own = state.log[at : at + len(rows)]
        own[:, [TIME, X, Y, POLARITY]] = rows[:, [0, 3, 4, 5]]
        own[:, FOLLOW], own[:, MAKER] = np.arange(at + 1, at + len(rows) + 1), node
        own[-1, FOLLOW] = -1
        modules[node, [HEAD, TAIL, NEXT]] = at, at + len(rows) - 1, at
        if modules[node, READER_STOP] > modules[node, READER]:
            push(state.queue, state.numbers, int(rows[0, 0]) * (len(modules) + 1) + node, -1)
        at += len(rows)
    state.numbers[LOG] = at


def _drawn(circuit: Circuit, files: Files, draws: Draws | None) -> Floats:
    softmaxes = np.flatnonzero(circuit.modules[:, SOFTMAX])
    if not len(softmaxes):
        return np.zeros((0, 0))
    if len(softmaxes) > 1:
        raise SimulationError("the engine draws for one softmax only", hint="write a network with one")
    size = int(circuit.modules[softmaxes[0], NX])
    read = files.modules[int(softmaxes[0]) - len(files.sources)].instance.inputs
    most = sum(int((files.sources[node][:, 4] == events.DRAW[1]).sum()) for node in read if node in files.sources)
    found = np.random.default_rng(0).random((most, size)) if draws is None else draws(most, size)
    return np.ascontiguousarray(found, np.float64)


def _through(circuit: Circuit, state: _State, draws: Floats, watched: Integers, seen: Integers) -> None:
    """Let the engine run to the end, with more room whenever it needs that."""
    while True:
        status = advance(
            state.modules, state.ports, state.neurons, state.potential, state.applied, state.hung, state.rows,
            circuit.weight, circuit.readers, circuit.clock, state.sums, state.wheel, state.touched, state.queue,
            state.log, state.numbers, draws, watched, seen, _SLICE,
        )  # fmt: skip
        if status in (DONE, FAULT):
            return
        if status == QUEUE_FULL:
            state.queue = _doubled(state.queue)
        elif status == LOG_FULL:
            if len(state.log) > _MOST_EVENTS:
                raise SimulationError(
                    f"over {_MOST_EVENTS:,} events", hint="give fewer samples a batch, or fewer steps"
                )
            state.log = _doubled(state.log)


def _doubled(table: npt.NDArray[Any]) -> npt.NDArray[Any]:
    found = np.zeros((2 * len(table), table.shape[1]), table.dtype)  # of which the system gives what is written to
    found[: len(table)] = table
    return found


def _check(state: _State, names: Sequence[str]) -> None:
    """Raise SimulationError where the engine has found an event that nothing can be done with."""
    if number := int(state.numbers[FAULTY]):
        event = state.log[number - 1]
        raise SimulationError(
            f"node {names[event[MAKER]]}: an event has the address x = {event[X]}, y = {event[Y]}, which a module that "
            "reads it lacks",
            hint="have the files written again",
        )


def _write(place: Path, state: _State, given: int, names: Sequence[str], sources: int) -> None:
    """Write the events that modules gave, a file each node."""
    log = state.log[given : int(state.numbers[LOG])]
    order = np.argsort(log[:, MAKER], kind="stable")
    ends = np.searchsorted(log[order, MAKER], np.arange(sources, len(names) + 1))
    for node, (begin, end) in enumerate(pairwise(ends), sources):
        own = log[order[begin:end]].astype(np.int64)
        rows = events.events(own[:, TIME], own[:, X], own[:, Y], own[:, POLARITY])
        folder.put(place, {f"node_{names[node]}.evs": events.written(rows)})
