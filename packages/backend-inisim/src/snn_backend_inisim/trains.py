"""The spikes of a layer, gathered sample by sample, as one list of events in order of step, sample and neuron."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
from snn.simulating import CountedEvents, Events

from .compiling import compiled
from .wiring import Indices

Numbers = npt.NDArray[np.int32]
Signs = npt.NDArray[np.int8]

_ONE = np.ones((), np.int8)
_NONE = np.zeros(0, np.int8)


@compiled("void(int32[::1], int32[::1], int8[::1], int64[::1], int32[::1], int8[::1])")
def enlist(per_step: Numbers, neurons: Numbers, signs: Signs, place: Indices, neuron: Numbers, sign: Signs) -> None:
    """Copy the ``neurons`` of one sample to where those of each step have their ``place``, and ``signs`` if any."""
    i = 0
    for t in range(len(per_step)):
        at = place[t]
        for k in range(per_step[t]):
            neuron[at + k] = neurons[i + k]
        if len(signs):
            for k in range(per_step[t]):
                sign[at + k] = signs[i + k]
        i += per_step[t]


class Trains:
    """The spikes of one layer in ``steps`` steps; different samples may be added at the same time."""

    def __init__(self, steps: int, batch: int) -> None:
        self._counts = np.zeros((steps, batch), np.int64)
        self._blocks: list[list[tuple[int, Numbers, Numbers, Signs]]] = [[] for _ in range(batch)]

    def add(self, sample: int, start: int, per_step: Numbers, neurons: Numbers, signs: Signs | None = None) -> None:
        """Add the ``neurons`` that fire in steps from ``start`` on, so many ``per_step``, in order of their number."""
        self._counts[start : start + len(per_step), sample] = per_step
        self._blocks[sample].append((start, per_step, neurons, _NONE if signs is None else signs))

    def events(self, pool: ThreadPoolExecutor) -> Events:
        """Return all of them; the threads of ``pool`` share the samples."""
        ends = self._counts.cumsum().reshape(self._counts.shape)
        places = ends - self._counts
        count = int(self._counts.sum())
        neuron = np.empty(count, np.int32)
        signed = any(len(signs) for blocks in self._blocks for *_, signs in blocks)
        sign = np.ones(count, np.int8) if signed else np.broadcast_to(_ONE, count)
        target = sign if signed else _NONE

        def copy(sample: int) -> None:
            for start, per_step, neurons, signs in self._blocks[sample]:
                place = np.ascontiguousarray(places[start : start + len(per_step), sample])
                enlist(per_step, neurons, signs, place, neuron, target)

        list(pool.map(copy, range(len(self._blocks))))
        return CountedEvents(self._counts, neuron, sign)
