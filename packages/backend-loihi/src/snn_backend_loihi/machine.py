"""A `Program` as flat arrays for the emulator's kernel, and what the kernel leaves as spikes and potentials."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from snn.simulating import CountedEvents

from . import chip
from .chip import Integers
from .emulator import kernels
from .program import Compartments, Program, Synapses

_FULL = 0.5  # the share of synapses from which on a matrix is faster than a list


@dataclass(frozen=True, eq=False)
class Seen:
    """What compartments did.

    Attributes
    ----------
    fired : ndarray of int, (spikes,)
        The numbers of neurons in their layers: sample by sample, in each step by step, and in each layer by layer.
    counts : ndarray of int, (batch, steps, layers)
        How many they are.
    voltages : mapping of layer name to ndarray of int, (steps, batch, size)
    saturated : mapping of layer name to ndarray of int, (batch,)
        How often a voltage would have been larger than there are bits.
    wrapped : mapping of layer name to ndarray of int, (batch,)
        How often a current was larger than there are bits, and went round; of currents that leak.
    """

    fired: npt.NDArray[np.int32]
    counts: Integers
    voltages: Mapping[str, npt.NDArray[np.int32]]
    saturated: Mapping[str, Integers]
    wrapped: Mapping[str, Integers]

    def events(self, layer: int) -> CountedEvents:
        """Return the spikes of the layer with this number."""
        counts = self.counts[:, :, layer]
        found = np.empty(int(counts.sum()), np.int32)
        begins = np.cumsum(self.counts).reshape(self.counts.shape) - self.counts
        kernels()[1](self.fired, begins, self.counts, layer, found)
        return CountedEvents(np.ascontiguousarray(counts.T), found, np.ones(len(found), np.int8))


def joined(parts: Sequence[Seen]) -> Seen:
    """Return what was seen of the parts of a batch, one after the other."""
    if len(parts) == 1:
        return parts[0]
    return Seen(
        np.concatenate([part.fired for part in parts]),
        np.concatenate([part.counts for part in parts]),
        {name: np.concatenate([part.voltages[name] for part in parts], axis=1) for name in parts[0].voltages},
        {name: np.concatenate([part.saturated[name] for part in parts]) for name in parts[0].saturated},
        {name: np.concatenate([part.wrapped[name] for part in parts]) for name in parts[0].wrapped},
    )


class Machine:
    """The emulator, loaded with a program.

    Parameters
    ----------
    program : Program
    kept : set of str
        Layers whose voltages are kept.
    processors : int or None
        How many threads there are at most.
    """

    def __init__(self, program: Program, kept: frozenset[str], processors: int | None = None) -> None:
        self._program, self._processors = program, processors or os.cpu_count() or 1
        groups = list(program.compartments.values())
        self._places = {group.name: place for place, group in enumerate(groups)}
        self.starts = np.cumsum([0, *(group.size for group in groups)])
        thresholds = np.array([group.threshold for group in groups]) << chip.SHIFT
        # a neuron fires above its threshold, which is a unit below the network's
        units = thresholds + 2**chip.SHIFT
        self._thresholds = thresholds
        self._subtracts = np.where([group.reset == "subtract" for group in groups], units, 0)
        self._decays = np.array([group.current_decay for group in groups]) + 1
        self._leaks = np.array([group.voltage_decay for group in groups])
        self._simple = (self._decays == chip.FORGETS + 1) & (self._leaks == 0) & (self._sums(groups) <= chip.UNITS)
        self._pauses = np.array([group.pause for group in groups])
        self._initial = np.concatenate([group.initial for group in groups]).astype(np.int32)
        self._bias = np.concatenate([group.bias_mantissa << group.bias_exponent for group in groups]).astype(np.int32)
        self._driven = [group for group in groups if group.driven and not program.entry]
        self._columns = _columns([group in self._driven for group in groups], groups)
        self._names = [group.name for group in groups if group.name in kept]
        self._kept = _columns([group.name in kept for group in groups], groups)
        self._ways, self._rows, self._posts, self._weights = self._synapses()

    @property
    def driven(self) -> list[str]:
        """The layers that are given a current, in the order of their columns."""
        return [group.name for group in self._driven]

    def run(self, entry: npt.NDArray[np.uint8], drive: npt.NDArray[np.int32]) -> Seen:
        """Present a batch.

        Parameters
        ----------
        entry : ndarray of 0 and 1, (steps, batch, inputs)
            There may be no inputs.
        drive : ndarray of int, (batch, steps or 1, columns)
            What the layers in `driven` are given in each step, besides their biases.
        """
        steps, batch = entry.shape[:2]
        groups = self._program.compartments
        sizes = [groups[name].size for name in self._names]
        voltages = np.zeros((steps, batch, sum(sizes)), np.int32)
        counts = np.zeros((batch, steps, len(groups)), np.int64)
        saturated, wrapped = (np.zeros((batch, len(groups)), np.int64) for _ in range(2))
        run, _ = kernels()

        def one(sample: int) -> npt.NDArray[np.int32]:
            found: npt.NDArray[np.int32] = run(
                self.starts, self._thresholds, self._subtracts, self._decays, self._leaks, self._simple, self._pauses,
                self._initial, self._bias, self._columns, drive[sample], np.ascontiguousarray(entry[:, sample]),
                self._ways, self._rows, self._posts, self._weights, self._kept, voltages[:, sample], counts[sample],
                saturated[sample], wrapped[sample],
            )  # fmt: skip
            return found

        with ThreadPoolExecutor(self._processors) as pool:
            fired = np.concatenate(list(pool.map(one, range(batch))))
        ends = np.cumsum(sizes, dtype=np.int64)
        return Seen(
            fired,
            counts,
            {name: voltages[:, :, end - size : end] for name, size, end in zip(self._names, sizes, ends, strict=True)},
            {name: saturated[:, place] for name, place in self._places.items()},
            {name: wrapped[:, place] for name, place in self._places.items()},
        )

    def _sums(self, groups: list[Compartments]) -> npt.NDArray[np.float64]:
        """Return the largest sum of weights of one sign that a neuron of each group may be given in a step."""
        found = []
        for group in groups:
            sums = np.zeros((2, group.size))
            for way in (way for way in self._program.synapses if way.target == group.name):
                weight = (way.mantissa << way.exponent).astype(np.float64)
                sums += [np.bincount(way.post, np.maximum(sign * weight, 0), group.size) for sign in (1, -1)]
            found.append(sums.max(initial=0))
        return np.array(found)

    def _synapses(self) -> tuple[Any, Any, Any, Any]:
        """Return the ways, where the rows of each begin, targets, and weights."""
        ways = np.zeros((len(self._program.synapses), 6), np.int64)
        rows: list[npt.NDArray[np.int64]] = []
        posts: list[npt.NDArray[np.int32]] = []
        weights: list[npt.NDArray[np.int16]] = []
        row = place = 0
        for number, way in enumerate(self._program.synapses):
            size = self._program.compartments[way.target].size
            sources = _sources(way, self._program)
            source = -1 if way.source == self._program.entry else self._places[way.source]
            full = len(way.pre) > _FULL * size * sources
            ways[number] = (source, self._places[way.target], full, row, place, size)
            values = (way.mantissa << way.exponent).astype(np.int16)
            if full:
                matrix = np.zeros((sources, size), np.int16)
                matrix[way.pre, way.post] = values
                posts.append(np.zeros(matrix.size, np.int32))
                weights.append(matrix.ravel())
            else:
                order = np.argsort(way.pre, kind="stable")
                rows.append(np.searchsorted(way.pre[order], np.arange(sources + 1)))
                posts.append(way.post[order].astype(np.int32))
                weights.append(values[order])
                row += sources + 1
            place += len(weights[-1])
        return (
            ways,
            np.concatenate([np.zeros(0, np.int64), *rows]),
            np.concatenate([np.zeros(0, np.int32), *posts]),
            np.concatenate([np.zeros(0, np.int16), *weights]),
        )


def _sources(way: Synapses, program: Program) -> int:
    return program.inputs if way.source == program.entry else program.compartments[way.source].size


def _columns(wanted: list[bool], groups: list[Any]) -> npt.NDArray[np.int64]:
    """Return where the columns of each group begin, -1 for those that have none."""
    sizes = np.where(wanted, [group.size for group in groups], 0)
    return np.where(wanted, np.cumsum(sizes) - sizes, -1)
