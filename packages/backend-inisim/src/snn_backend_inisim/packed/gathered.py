"""The task that puts packed spikes through weights."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from snn.network import Array

from ..wiring import Indices
from . import gathering, packing
from .bits import PLACES
from .gathering import gather_cells
from .instructions import LANES
from .tasks import Arrays, Task, Turn, shaped

EVENT_BYTES = 2**25  # of a list of events: samples are listed together only as far as it holds them


@dataclass(frozen=True, eq=False)
class Section:
    """Channels that read the same channels: all of a layer, or some of its groups.

    Attributes
    ----------
    from_word, to_word : int
        The words of an input cell that are read.
    out_word : int
        The first word of an output cell that is filled.
    weight : ndarray, (slabs, rows, lanes of a slab)
    bias : ndarray, (lanes,)
    initial : ndarray, (lanes of all cells,), or empty
        Potentials at rest, where there are neurons.
    """

    from_word: int
    to_word: int
    out_word: int
    weight: Array
    bias: Array
    initial: Array

    @property
    def end_word(self) -> int:
        """The word after the last one of an output cell that is filled."""
        return self.out_word + self.weight.shape[0] * self.weight.shape[2] // LANES


@dataclass(frozen=True, eq=False, kw_only=True)
class Gather(Task):
    """Weights on packed spikes, and the neurons behind them where ``fires``; the fields are those of `gather_cells`.

    ``dense``: the one output cell reads everything, so that samples share each slab of weights.
    """

    kernels = (*gathering.KERNELS, packing.close_up)

    heights: Array
    first_row: Indices
    row: Indices
    kernel_row: Indices
    lowest: Indices
    column: Indices
    begin: Indices
    end: Indices
    kernel_column: Indices
    kernel_rows: int
    sections: tuple[Section, ...]
    threshold: np.float32
    fires: bool
    dense: bool

    @cached_property
    def _entering(self) -> int:
        """How many events a cell may have in a step."""
        return max(each.to_word - each.from_word for each in self.sections) * LANES * len(self.heights)

    @cached_property
    def _events(self) -> int:
        """How many events a sample may have in an output row and step."""
        rows = int(np.diff(self.first_row).max(initial=0))
        return rows * len(self.column) * self._entering

    def _together(self, samples: int, steps: int) -> int:
        """Return how many samples are listed together."""
        return max(1, min(samples, EVENT_BYTES // (4 * self._events * steps))) if self.dense else 1

    def rest(self, samples: int) -> tuple[Array, ...]:
        return tuple(each.initial[np.newaxis].repeat(samples, axis=0) for each in self.sections)

    def scratch(self, samples: int, steps: int) -> Arrays:
        together = self._together(samples, steps)
        events = np.empty(together * self._events * steps + 16, np.uint32)  # eight are written at a time
        positions = np.empty((together, steps * (len(self.column) + 1)), np.int32)
        closed = self.fires or self.words * LANES == self.channels
        sums = np.empty(0 if closed else samples * steps * self.cells * self.words * LANES, np.float32)
        slots = self._slots()
        listed = steps * len(self.column) * self._entering + 16
        rows = np.empty(slots * listed, np.uint32), np.empty((slots, steps * len(self.column) + 1), np.int32)
        return events, positions, *rows, sums

    def _slots(self) -> int:
        """Return how many input rows are kept listed at a time; 0 where the output reads all there is at once."""
        if self.dense:
            return 0
        last = [self.row[end - 1] if end > begin else 0 for begin, end in pairwise(self.first_row)]
        return max(1, int((np.maximum.accumulate(last) - self.lowest).max(initial=0)) + 1)

    def run(self, turn: Turn) -> None:
        samples, steps, lanes = len(turn.moments), turn.steps, self.words * LANES
        buffer = turn.scratch[-1]
        if self.fires:
            out, unit, pace, cell_stride = turn.out, 2, 2 * self.words, 2 * steps * self.words
        else:
            out = shaped(buffer, (samples, steps, self.cells * lanes)) if len(buffer) else turn.out
            unit, pace, cell_stride = 4 * LANES, out.strides[1], 4 * lanes
        # In their order, since the last slab of a section may reach into the next one, with zeros.
        for section, potential in zip(self.sections, turn.state, strict=True):
            start = out.ctypes.data + unit * section.out_word
            self._gather(turn, section, potential, (start, out.strides[0], cell_stride, pace))
        if out is not turn.out:
            packing.close_up(out, self.channels, lanes, turn.out)

    def _gather(self, turn: Turn, section: Section, potential: Array, out: tuple[int, ...]) -> None:
        events, positions, row_events, row_positions, _ = turn.scratch
        slabs, rows = len(section.weight), len(self.first_row) - 1
        from_row, to_row = (0, rows) if self.dense else turn.share.of(rows)
        from_slab, to_slab = turn.share.of(slabs) if self.dense else (0, slabs)
        gather_cells(
            turn.inputs[0],
            self.heights,
            self.first_row,
            self.row,
            self.kernel_row,
            self.lowest,
            self.column,
            self.begin,
            self.end,
            self.kernel_column,
            section.from_word,
            section.to_word,
            section.weight,
            section.bias,
            self.threshold,
            self.fires,
            potential,
            self.kernel_rows,
            from_row,
            to_row,
            from_slab,
            to_slab,
            len(positions),  # as many as there is room for in a block of full length
            PLACES.ctypes.data,
            events,
            positions,
            row_events,
            row_positions,
            *out,
        )
