"""What the packed engine does in turn: each task fills one array from others, for some samples and a block of steps.

Arrays of numbers are (samples, steps, elements), packed spikes (samples, planes, cells, steps, words).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt
from snn.network import Array

from . import gathering, packed
from .bits import PLACES
from .gathering import gather_cells
from .instructions import LANES
from .parts import Moment, Part
from .wiring import Indices

Key: TypeAlias = tuple[str, bool]
"""The name of a layer, and whether its output is packed."""

Arrays: TypeAlias = tuple[npt.NDArray[Any], ...]
EVENT_BYTES = 2**25  # of a list of events: samples are listed together only as far as it holds them
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
class Lanes(Task):
    """Plain integrate-and-fire neurons; ``initial`` are the potentials at rest, one a lane."""

    threshold: np.float32
    initial: Array

    def rest(self, samples: int) -> Array:
        return self.initial[np.newaxis].repeat(samples, axis=0)


@dataclass(frozen=True, eq=False, kw_only=True)
class Fire(Lanes):
    """Neurons that read numbers and give packed spikes."""

    kernels = (packed.spread, packed.fire_words)

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
                lanes = _shaped(turn.scratch[0], (each, z.shape[1], len(self.initial)))
                packed.spread(z[i : i + each], self.channels, lanes)
            state, out = turn.state[i : i + each], turn.out[i : i + each, 0]
            packed.fire_words(lanes, self.threshold, begin, end, state, turn.scratch[1], out)


@dataclass(frozen=True, eq=False, kw_only=True)
class Gather(Lanes):
    """Weights on packed spikes, and the neurons behind them where ``fires``; the fields are those of `gather_cells`.

    ``dense``: the one output cell reads everything, so that samples share each slab of weights.
    """

    kernels = (*gathering.KERNELS, packed.close_up)

    heights: Array
    first_row: Indices
    row: Indices
    kernel_row: Indices
    column: Indices
    begin: Indices
    end: Indices
    kernel_column: Indices
    kernel_rows: int
    entering: int  # lanes of an input cell
    weight: Array
    bias: Array
    fires: bool
    dense: bool

    @cached_property
    def _events(self) -> int:
        """How many events a sample may have in an output row and step."""
        rows = int(np.diff(self.first_row).max(initial=0))
        return rows * len(self.column) * self.entering * len(self.heights)

    def together(self, samples: int, steps: int) -> int:
        """Return how many samples are listed together."""
        return max(1, min(samples, EVENT_BYTES // (4 * self._events * steps))) if self.dense else 1

    def rest(self, samples: int) -> Array:
        return super().rest(samples) if self.fires else np.zeros((samples, 0), np.float32)

    def scratch(self, samples: int, steps: int) -> Arrays:
        together = self.together(samples, steps)
        events = np.empty(together * self._events * steps + 16, np.uint32)  # eight are written at a time
        positions = np.empty((together, steps * (len(self.column) + 1)), np.int32)
        lanes = self.weight.shape[0] * self.weight.shape[2]
        sums = np.empty(0 if self.fires else samples * steps * self.cells * lanes, np.float32)
        slots = self._slots()
        listed = steps * len(self.column) * self.entering * len(self.heights) + 16
        rows = np.empty(slots * listed, np.uint32), np.empty((slots, steps * len(self.column) + 1), np.int32)
        return events, positions, *rows, sums

    def _slots(self) -> int:
        """Return over how many input rows an output row reaches; 0 where it reads all there is at once."""
        reached = [self.row[a:b] for a, b in pairwise(self.first_row) if b > a]
        return 0 if self.dense else max((int(rows[-1] - rows[0]) + 1 for rows in reached), default=1)

    def run(self, turn: Turn) -> None:
        (spikes,) = turn.inputs
        events, positions, row_events, row_positions, buffer = turn.scratch
        samples, steps = len(turn.moments), turn.steps
        slabs, _, width = self.weight.shape
        rows = len(self.first_row) - 1
        from_row, to_row = (0, rows) if self.dense else turn.share.of(rows)
        from_slab, to_slab = turn.share.of(slabs) if self.dense else (0, slabs)
        lanes = slabs * width
        if self.fires:
            out, pace, cell_stride = turn.out, 2 * self.words, 2 * steps * self.words
        else:
            out = _shaped(buffer, (samples, steps, self.cells * lanes))
            pace, cell_stride = out.strides[1], 4 * lanes
        gather_cells(
            spikes,
            self.heights,
            self.first_row,
            self.row,
            self.kernel_row,
            self.column,
            self.begin,
            self.end,
            self.kernel_column,
            self.weight,
            self.bias,
            self.threshold,
            self.fires,
            turn.state,
            self.kernel_rows,
            from_row,
            to_row,
            from_slab,
            to_slab,
            self.together(samples, steps),
            PLACES.ctypes.data,
            events,
            positions,
            row_events,
            row_positions,
            out.ctypes.data,
            out.strides[0],
            cell_stride,
            pace,
        )
        if not self.fires:
            packed.close_up(out, self.channels, lanes, turn.out)


@dataclass(frozen=True, eq=False, kw_only=True)
class AddUp(Task):
    """An average pool of spikes, as the binary digits of how many have fired."""

    kernels = (packed.add_four, packed.add_up)

    first: Indices
    source: Indices

    def scratch(self, samples: int, steps: int) -> Arrays:
        return (np.empty(steps * self.words, np.uint16),)

    def run(self, turn: Turn) -> None:
        (spikes,) = turn.inputs
        carry = turn.scratch[0][: turn.steps * self.words]
        packed.add_up(spikes[:, 0], self.first, self.source, carry, turn.out)


@dataclass(frozen=True, eq=False, kw_only=True)
class Largest(Task):
    """A max-pool of spikes, by what the largest count so far has grown by."""

    kernels = (packed.largest_words,)

    first: Indices
    source: Indices
    entering: int  # cells

    def rest(self, samples: int) -> Any:
        return tuple(np.zeros((samples, cells, self.words * LANES), np.int32) for cells in (self.entering, self.cells))

    def run(self, turn: Turn) -> None:
        so_far, best = turn.state
        packed.largest_words(turn.inputs[0][:, 0], self.first, self.source, so_far, best, turn.out[:, 0])


@dataclass(frozen=True, eq=False, kw_only=True)
class Move(Task):
    """Whole words of spikes in other places: for each input, which of its words go where."""

    kernels = (packed.move_words,)

    moves: tuple[tuple[Indices, Indices], ...]

    def run(self, turn: Turn) -> None:
        turn.out[:] = 0
        for spikes, (source, target) in zip(turn.inputs, self.moves, strict=True):
            packed.move_words(spikes[:, 0], source, target, turn.out[:, 0])


@dataclass(frozen=True, eq=False, kw_only=True)
class Unpack(Task):
    """Packed spikes as numbers."""

    kernels = (packed.unpack,)

    heights: Array

    def run(self, turn: Turn) -> None:
        packed.unpack(turn.inputs[0], self.heights, self.channels, turn.out)


def _shaped(buffer: npt.NDArray[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """Return the beginning of a flat ``buffer`` in this shape."""
    return buffer[: math.prod(shape)].reshape(shape)
