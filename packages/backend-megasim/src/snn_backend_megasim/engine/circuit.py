"""The netlist as arrays: what the kernels of the engine read, and never change."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..files.numbers import Integers

SOURCE, CONVOLUTION, DENSE, FLATTEN, MAX_POOL = range(5)


class Circuit(NamedTuple):
    """The netlist; modules, sources first, are numbered in its order, and so are the nodes that they make.

    Attributes
    ----------
    kind, threshold, subtract, rest, pause, fires, softmax, delay : ndarray of int, (modules,)
    first : ndarray of int, (modules + 1,)
        Where the neurons of each module begin; those of a max-pool are its windows.
    nx, ny : ndarray of int, (modules,)
        The array of neurons; of a max-pool, its windows.
    lowest_x, highest_x, lowest_y, highest_y : ndarray of int, (modules,)
        The neurons of a convolution whose events leave it.
    out_x, out_y : ndarray of int, (neurons,)
        The address that the events of a neuron have.
    step_of : ndarray of int, (neurons,)
        What an event of the bias clock adds to a neuron.
    clocked : ndarray of int, (modules,)
        The port that reads the bias clock, which is not read event by event; -1: none.
    clock : ndarray of int, (events,)
        The times of the bias clock.
    first_port : ndarray of int, (modules + 1,)
    node, width, height, lay_x, lay_y, weights : ndarray of int, (ports,)
        The node that a port reads, its kernel, and where its weights begin. Of a flattening module: the map, and, in
        ``weights``, its first address. Of a max-pool: the map, and in ``pool`` the windows.
    weight : ndarray of int, (weights,)
    first_reader : ndarray of int, (modules + 1,)
    reader : ndarray of int, (readers,)
        The modules that read each node, without those that read it as the bias clock.
    pool : ndarray of int, (modules, 6)
        Of max-pools: size, stride and padding, of x and then of y each.
    cells : ndarray of int, (modules + 1,)
        Where the sums of the cells of each max-pool begin.
    last_tick : int
    """

    kind: Integers
    threshold: Integers
    subtract: Integers
    rest: Integers
    pause: Integers
    fires: Integers
    softmax: Integers
    delay: Integers
    first: Integers
    nx: Integers
    ny: Integers
    lowest_x: Integers
    highest_x: Integers
    lowest_y: Integers
    highest_y: Integers
    out_x: Integers
    out_y: Integers
    step_of: Integers
    clocked: Integers
    clock: Integers
    first_port: Integers
    node: Integers
    width: Integers
    height: Integers
    lay_x: Integers
    lay_y: Integers
    weights: Integers
    weight: npt.NDArray[np.int32]
    first_reader: Integers
    reader: Integers
    pool: Integers
    cells: Integers
    last_tick: int
