"""What the packed engine does in turn: each task fills one array from others, for some samples and a block of steps.

Arrays of numbers are (samples, steps, elements), packed spikes (samples, planes, cells, steps, words).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt
from snn.network import Array

from ..parts import Moment, Part
from ..wiring import Indices
from . import packing
from .instructions import LANES

Key: TypeAlias = tuple[str, bool]
"""The name of a layer, and whether its output is packed."""

Arrays: TypeAlias = tuple[npt.NDArray[Any], ...]
_NO_TRACE = np.zeros((0, 0), np.float32)


@dataclass(frozen=True)
class Share:
    """Part ``index`` of ``count`` of a task, for threads that work on it together."""

    index: int = 0
    count: int = 1

    def of(self, size: int, step: int = 1) -> tuple[int, int]:
        """Return where this part of ``size`` begins and ends, in units of ``step``."""
        units = -(-size // step)
        begin, end = (units * i // self.count * step for i in (self.index, self.index + 1))
        return begin, min(end, size)


@dataclass(frozen=True, eq=False)
class Turn:
    """One run of a task.

    Attributes
    ----------
    inputs : sequence of ndarray
    out : ndarray
    state : what `Task.rest` returned
    scratch : tuple of ndarray
        What `Task.scratch` returned, for this thread only.
    moments : sequence of Moment
        One a sample.
    trace : ndarray, (samples, steps, elements), or empty
        Where the potentials are to be kept.
    share : Share
    """

    inputs: Sequence[npt.NDArray[Any]]
    out: npt.NDArray[Any]
    state: Any
    scratch: Arrays
    moments: Sequence[Moment]
    trace: Array
    share: Share = Share()

    @property
    def steps(self) -> int:
        """The number of steps."""
        return self.moments[0].stop - self.moments[0].start


@dataclass(frozen=True, eq=False, kw_only=True)
class Task(ABC):
    """Fills the output ``key``, of so many ``planes``, ``cells`` and ``channels``, from ``inputs``.

    Attributes
    ----------
    words : int
        The words of a cell in one step, for packed spikes.
    work : float
        The synapses or neurons that a step passes at most; 0 where threads cannot share the task.
    """

    kernels: ClassVar[tuple[Callable[..., Any], ...]] = ()

    key: Key
    inputs: tuple[Key, ...]
    cells: int
    channels: int
    words: int = 0
    planes: int = 1
    work: float = 0.0

    @property
    def needs(self) -> tuple[Callable[..., Any], ...]:
        """The kernels to be compiled before it runs."""
        return self.kernels

    def rest(self, samples: int) -> Any:
        """Return the state of ``samples`` samples at rest."""
        return ()

    def scratch(self, samples: int, steps: int) -> Arrays:
        """Return arrays that a thread needs meanwhile."""
        return ()

    @abstractmethod
    def run(self, turn: Turn) -> None:
        """Fill ``turn.out``, as far as this share of it goes."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Alone(Task):
    """A part that takes and gives numbers, one sample after the other."""

    part: Part

    @property
    def needs(self) -> tuple[Callable[..., Any], ...]:
        return self.part.kernels

    def rest(self, samples: int) -> Any:
        return [self.part.rest() for _ in range(samples)]

    def run(self, turn: Turn) -> None:
        for i, moment in enumerate(turn.moments):
            trace = turn.trace[i] if len(turn.trace) else _NO_TRACE
            self.part.advance([values[i] for values in turn.inputs], turn.out[i], turn.state[i], trace, moment)


@dataclass(frozen=True, eq=False, kw_only=True)
class Fire(Task):
    """Plain integrate-and-fire neurons that read numbers and give packed spikes.

    ``initial`` are the potentials at rest, one a lane.
    """

    kernels = (packing.spread, packing.fire_words)

    threshold: np.float32
    initial: Array

    def rest(self, samples: int) -> Array:
        return self.initial[np.newaxis].repeat(samples, axis=0)

    def scratch(self, samples: int, steps: int) -> Arrays:
        return np.empty(max(samples, steps) * len(self.initial), np.float32), np.empty(steps * self.words, np.uint16)

    def run(self, turn: Turn) -> None:
        (z,) = turn.inputs
        # All samples at once where the input is constant, else one by one, as each takes all steps.
        each = len(z) if z.shape[1] == 1 else 1
        begin, end = turn.share.of(self.cells * self.words, 4)
        in_lanes = z.shape[2] == len(self.initial) and self.channels % LANES == 0 and z.flags.c_contiguous
        for i in range(0, len(z), each):
            lanes = z[i : i + each]
            if not in_lanes:
                lanes = shaped(turn.scratch[0], (each, z.shape[1], len(self.initial)))
                packing.spread(z[i : i + each], self.channels, lanes)
            state, out = turn.state[i : i + each], turn.out[i : i + each, 0]
            packing.fire_words(lanes, self.threshold, begin, end, state, turn.scratch[1], out)


@dataclass(frozen=True, eq=False, kw_only=True)
class AddUp(Task):
    """An average pool of spikes, as the binary digits of how many have fired."""

    kernels = (packing.add_four, packing.add_up)

    first: Indices
    source: Indices

    def scratch(self, samples: int, steps: int) -> Arrays:
        return (np.empty(steps * self.words, np.uint16),)

    def run(self, turn: Turn) -> None:
        (spikes,) = turn.inputs
        carry = turn.scratch[0][: turn.steps * self.words]
        packing.add_up(spikes[:, 0], self.first, self.source, carry, turn.out)


@dataclass(frozen=True, eq=False, kw_only=True)
class Largest(Task):
    """A max-pool of spikes, by what the largest count so far has grown by."""

    kernels = (packing.largest_words,)

    first: Indices
    source: Indices

    def rest(self, samples: int) -> Any:
        return np.zeros((samples, len(self.source), self.words * LANES), np.int32)

    def run(self, turn: Turn) -> None:
        packing.largest_words(turn.inputs[0][:, 0], self.first, self.source, turn.state, turn.out[:, 0])


@dataclass(frozen=True, eq=False, kw_only=True)
class Move(Task):
    """Whole words of spikes in other places: for each input, which of its words go where."""

    kernels = (packing.move_words,)

    moves: tuple[tuple[Indices, Indices], ...]

    def run(self, turn: Turn) -> None:
        turn.out[:] = 0
        for spikes, (source, target) in zip(turn.inputs, self.moves, strict=True):
            packing.move_words(spikes[:, 0], source, target, turn.out[:, 0])


@dataclass(frozen=True, eq=False, kw_only=True)
class Unpack(Task):
    """Packed spikes as numbers; the digits of a pool over its ``divisor``."""

    kernels = (packing.unpack,)

    divisor: np.float32

    def run(self, turn: Turn) -> None:
        packing.unpack(turn.inputs[0], self.divisor, self.channels, turn.out)


def shaped(buffer: npt.NDArray[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """Return the beginning of a flat ``buffer`` in this shape."""
    return buffer[: math.prod(shape)].reshape(shape)
