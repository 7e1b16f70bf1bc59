"""The netlist and its state as tables of integers, a row each module, port, neuron and event: what the kernels work on.

A compiled function that is given many arrays spends its time on handing them on; so each table is one array, whose
columns have the names below. Modules, sources first, are numbered in the order of the netlist, and so are the nodes
that they make.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..files.kinds import Integers

Small = npt.NDArray[np.int32]

SOURCE, CONVOLUTION, DENSE, FLATTEN, MAX_POOL = range(5)
"""Kinds of modules."""

(
    KIND, THRESHOLD, SUBTRACT, REST, PAUSE, FIRES, SOFTMAX, DELAY,
    FIRST, STOP,  # its neurons; of a max-pool, its windows
    NX, NY, LOWEST_X, HIGHEST_X, LOWEST_Y, HIGHEST_Y,  # the array of neurons, and those whose events leave it
    CLOCKED,  # the port that reads the bias clock, and is not read event by event; -1: none
    PORT, PORT_STOP, READER, READER_STOP,
    POOL_X, POOL_Y, STRIDE_X, STRIDE_Y, PAD_X, PAD_Y, CELL, CELL_STOP,  # of max-pools
    HEAD, TAIL,  # the first and the last event of its node
    NEXT,  # of a source: the event that comes next
    PLANNED,  # the tick for which it was last put into the queue, to read
    ROW,  # the first of its rows of neurons
) = range(34)  # fmt: skip
"""Columns of modules."""

NODE, WIDTH, HEIGHT, LAY_X, LAY_Y, WEIGHT, CURSOR = range(7)
"""Columns of ports: the node that is read, the kernel or map, where weights begin, and the last event that was read.

Of a flattening module, ``WEIGHT`` is the first address.
"""

(
    STEP,  # what an event of the bias clock adds
    MARK,  # of a window: the last moment, by number, in which it was given anything
    ALLOWED,  # the first tick in which it may fire
    QUEUED,  # the tick for which it waits in the queue
    AFTER, BEFORE,  # its place on the wheel: lists by the event of the bias clock that it waits for
    OUT_X, OUT_Y,  # the address of its events
) = range(8)  # fmt: skip
"""Columns of neurons; what changes most has arrays of its own, see `moments.advance`."""

LOW, HIGH, SEEN = range(3)
"""Columns of rows of neurons: which of a row were given anything, in the last moment, by number, in which any were."""

TIME, X, Y, POLARITY, FOLLOW, MAKER = range(6)
"""Columns of events: ``FOLLOW`` is the next one of the node ``MAKER``."""

KEY, ITEM = range(2)
"""Columns of the queue: tick and module as one number; a neuron, or -1 where the module has to read."""

FIRST_HUNG, WOKEN = range(2)
"""Columns of the wheel, `WHEEL` rows a module: the first neuron, and the event for which the module is in the queue."""

WHEEL = 64
"""How many events of the bias clock a neuron is looked ahead."""

HEAP, LOG, TICKS, STAMP, READ, DRAWN, PROBED, FAULTY, LAST_TICK = range(9)
"""Places in ``numbers``: the length of the queue, of the log, of the bias clock so far; moments; events that were read;
draws; probes; an event that nothing can be done with, from 1; and the last tick."""

COLUMNS = {"modules": 34, "ports": 7, "neurons": 8, "rows": 3, "wheel": 2, "queue": 2, "log": 6}
"""By table."""


@dataclass(frozen=True, eq=False)
class Circuit:
    """A netlist at rest.

    Attributes
    ----------
    modules, ports, neurons : ndarray of int, (rows, columns)
    weight : ndarray of int, (weights,)
    readers : ndarray of int, (readers,)
        The modules that read each node, without those that read it as the bias clock.
    clock : ndarray of int, (events,)
        The times of the bias clock.
    last_tick : int
    """

    modules: Integers
    ports: Integers
    neurons: Integers
    weight: Small
    readers: Integers
    clock: Integers
    last_tick: int
