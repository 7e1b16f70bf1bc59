"""Spike trains in a .npz, as dense arrays or as lists of spikes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ..checking import check_kind
from ..dataset import Dataset
from ..errors import DataError
from ..labels import class_numbers
from ..network import Shape
from ..npz import Archive, open_archive
from ..reader import Reader
from ..sources import EventSource, InputEvents, Numbers, Source

_NEURONS = 2**26  # of a sample
_HINT = "docs/data.md says which arrays the file holds"


@dataclass(frozen=True)
class Spikes(Reader):
    """Reads spike trains from a .spikes.npz: spikes (n, steps, *shape), or lists of them; dt_ms, 1 unless given; y.

    A value that is not 0 is a spike of that height. As a list, the file holds shape, which is (steps, *shape), first
    (n + 1,), the place where the spikes of each sample begin, and of every spike its step, its neuron, counted in the
    order of the shape, and its height, 1 unless given. The analog sample is the mean height per millisecond.
    """

    name: ClassVar[str] = "spikes"
    suffixes: ClassVar[tuple[str, ...]] = (".spikes.npz",)

    def read(self, path: Path, *, calibration: bool = False) -> Dataset:
        try:
            with open_archive(path) as archive:
                source = _source(archive, path)
                labels = archive.array("y") if "y" in archive.arrays and not calibration else None
        except FileNotFoundError as error:
            raise DataError(f"{path} does not exist", hint=_HINT) from error
        except (OSError, ValueError) as error:
            raise DataError(f"{path} cannot be read: {error}", hint=_HINT) from error
        return Dataset(source, class_numbers(labels, len(source), str(path)), str(path))


def _source(archive: Archive, path: Path) -> EventSource:
    dt_ms = float(archive.array("dt_ms").reshape(())) if "dt_ms" in archive.arrays else 1.0
    if not 0 < dt_ms < np.inf:
        raise ValueError(f"dt_ms is {dt_ms}, no duration")
    if "spikes" in archive.arrays:
        shape, dtype = archive.kind("spikes")
        check_kind(shape, dtype, str(path))
        if len(shape) < 3 or not shape[1]:
            raise ValueError(f"spikes have shape {shape}; needed: (n, steps, *shape)")
        return _Dense(archive.rows("spikes"), dt_ms, str(path))
    whole = archive.array("shape")
    if whole.ndim != 1 or len(whole) < 2 or whole.dtype.kind not in "iu" or whole.min() < 1 or whole.max() > 2**31:
        raise ValueError("shape is not (steps, *shape)")
    if math.prod(map(int, whole[1:])) > _NEURONS:
        raise ValueError(f"shape is {whole}; more than {_NEURONS} neurons are not read")
    first = archive.array("first")
    check_kind((len(first) - 1, *map(int, whole)), first.dtype, str(path))
    spikes: dict[str, Source] = {
        name: archive.rows(name) for name in ("step", "neuron", "height") if name in archive.arrays
    }
    if missing := {"step", "neuron"}.difference(spikes):
        raise ValueError(f"it has no array {', '.join(sorted(missing))}")
    lengths = {len(source) for source in spikes.values()}
    starts = np.asarray(first, np.int64) if first.dtype.kind in "iu" and first.ndim == 1 else np.zeros(0, np.int64)
    if len(lengths) != 1 or not len(starts) or starts[0] or starts[-1] != lengths.pop() or (np.diff(starts) < 0).any():
        raise ValueError("first, step, neuron and height do not go together")
    return _Lists(spikes, starts, tuple(map(int, whole)), dt_ms, str(path))


@dataclass(frozen=True, eq=False)
class _Dense(EventSource):
    trains: Source
    dt_ms: float
    name: str

    def __len__(self) -> int:
        return len(self.trains)

    @property
    def shape(self) -> Shape:
        return self.trains.shape[1:]

    def events(self, rows: Numbers) -> tuple[InputEvents, ...]:
        found = []
        for row in rows:
            train = self.trains.read(np.array([row]))[0]
            values: np.ndarray[Any, np.dtype[np.float64]] = train.reshape(len(train), -1).astype(np.float64)
            step, neuron = np.nonzero(values)
            found.append(_events(step, neuron, values[step, neuron], len(train), self.dt_ms))
        return tuple(found)


@dataclass(frozen=True, eq=False)
class _Lists(EventSource):
    spikes: dict[str, Source]
    first: Numbers
    whole: Shape
    dt_ms: float
    name: str

    def __len__(self) -> int:
        return len(self.first) - 1

    @property
    def shape(self) -> Shape:
        return self.whole[1:]

    def events(self, rows: Numbers) -> tuple[InputEvents, ...]:
        return tuple(self._sample(int(row)) for row in rows)

    def _sample(self, row: int) -> InputEvents:
        places = np.arange(self.first[row], self.first[row + 1])
        read: dict[str, Any] = {name: source.read(places) for name, source in self.spikes.items()}
        steps, neurons = self.whole[0], int(np.prod(self.shape))
        for name, most in (("step", steps), ("neuron", neurons)):
            values = read[name]
            if values.ndim != 1 or values.dtype.kind not in "iu" or ((values < 0) | (values >= most)).any():
                raise DataError(f"{self.name}: sample {row} has a {name} outside 0 to {most - 1}", hint=_HINT)
        height = read.get("height", np.ones(len(places))).astype(np.float64)
        if height.ndim != 1:
            raise DataError(f"{self.name}: heights have shape {height.shape}", hint=_HINT)
        return _events(read["step"].astype(np.int64), read["neuron"].astype(np.int64), height, steps, self.dt_ms)


def _events(step: Numbers, neuron: Numbers, height: Any, steps: int, dt_ms: float) -> InputEvents:
    return InputEvents(step, neuron, height / (steps * dt_ms), ticks=steps, tick_us=1000 * dt_ms)
