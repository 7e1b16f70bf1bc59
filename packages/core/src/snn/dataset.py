"""Samples and their labels, which are read when they are needed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import DataError
from .labels import UNKNOWN
from .network import Array, Shape
from .sources import Held, InputEvents, Numbers, Source

__all__ = ["UNKNOWN", "Dataset", "Spread", "View"]


@dataclass(frozen=True)
class Spread:
    """The values of samples, each of which has been looked at.

    Attributes
    ----------
    highest : float
    whole : bool
        Whether they are kept as whole numbers.
    """

    highest: float
    whole: bool


@dataclass(frozen=True, eq=False)
class View:
    """Which samples of a source a data set has, and how it shows them.

    Attributes
    ----------
    numbers : ndarray of int, (n,)
    axes : tuple of int
        The axes of a sample of the source, in another order; empty for its own.
    form : tuple of int or None
        The shape a sample is given after that; None for its own.
    """

    numbers: Numbers
    axes: tuple[int, ...] = ()
    form: Shape | None = None

    def transposed(self, axes: tuple[int, ...]) -> View:
        """Return the view whose samples have the axes of this in another order."""
        if self.form is not None:
            raise DataError("these samples have been given the shape of a network already", hint="start from the file")
        return replace(self, axes=tuple(self.axes[axis] for axis in axes) if self.axes else axes)


@dataclass(frozen=True, eq=False, init=False)
class Dataset:
    """Samples with their labels, which can be read again and again; none is read before it is needed.

    Parameters
    ----------
    samples : ndarray, (n, *shape), or Source
    labels : ndarray of int, (n,)
        The right class of each sample; -1 where unknown.
    name : str
        Where they come from, for messages.
    view : View or None
        Which of the samples these are; None for all.
    spread : Spread or None
        What `snn.checking.check` has found; None before.
    skipped : int
        Bad samples that were left out.
    """

    source: Source
    labels: npt.NDArray[Any]
    name: str
    view: View
    spread: Spread | None
    skipped: int

    def __init__(
        self,
        samples: npt.NDArray[Any] | Source,
        labels: npt.NDArray[Any],
        name: str = "data",
        *,
        view: View | None = None,
        spread: Spread | None = None,
        skipped: int = 0,
    ) -> None:
        for what, array, kinds in (("samples", samples, "fiub"), ("labels", labels, "iu")):
            if isinstance(array, Source):
                continue
            if not isinstance(array, np.ndarray) or array.dtype.kind not in kinds or not array.ndim:
                raise DataError(f"{name}: {what} are no array of numbers; snn.checking.from_arrays makes them one")
        source = samples if isinstance(samples, Source) else Held(samples)
        view = view or View(np.arange(len(source)))
        values = {"source": source, "labels": labels, "name": name, "view": view, "spread": spread, "skipped": skipped}
        for key, value in values.items():
            object.__setattr__(self, key, value)
        if labels.shape != self.numbers.shape:
            raise DataError(f"{name}: {len(self)} samples, but labels of shape {labels.shape}")

    def __len__(self) -> int:
        return len(self.view.numbers)

    @property
    def numbers(self) -> Numbers:
        """The number of each sample in its source, (n,), which keys its random streams."""
        return self.view.numbers

    @property
    def shape(self) -> Shape:
        """The shape of one sample."""
        if self.view.form is not None:
            return self.view.form
        shape = self.source.shape
        return tuple(shape[axis] for axis in self.view.axes) if self.view.axes else shape

    @property
    def size(self) -> int:
        """The number of values of all samples."""
        return len(self) * math.prod(self.shape)

    @property
    def timed(self) -> bool:
        """Whether samples are made of events."""
        return self.source.timed

    @property
    def samples(self) -> npt.NDArray[Any]:
        """All samples at once, (n, *shape): only for as many as fit into memory."""
        return self.part(0, len(self))

    def part(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return the samples ``start`` to ``stop`` as they are kept, (stop - start, *shape)."""
        values = self.source.read(self.numbers[start:stop])
        if self.view.axes:
            values = values.transpose(0, *(axis + 1 for axis in self.view.axes))
        return values if self.view.form is None else values.reshape(len(values), *self.view.form)

    def events(self, start: int, stop: int) -> tuple[InputEvents, ...]:
        """Return the events of the samples ``start`` to ``stop``, in the order of axes of the samples."""
        found = self.source.events(self.numbers[start:stop])
        axes = self.view.axes
        return tuple(one.transposed(self.source.shape, axes) for one in found) if axes else found

    def batches(self, size: int) -> Iterator[tuple[int, Array]]:
        """Yield, for consecutive parts of at most ``size`` samples, the place of the first and the part as float32."""
        for start in range(0, len(self), size):
            yield start, np.ascontiguousarray(self.part(start, start + size), np.float32)

    def first(self, count: int | None) -> Dataset:
        """Return the first ``count`` samples, or all."""
        return self if count is None or count >= len(self) else self.take(slice(count))

    def take(self, places: slice | npt.NDArray[Any]) -> Dataset:
        """Return the samples at ``places`` among these: a slice, indices or a mask."""
        return self.changed(replace(self.view, numbers=self.numbers[places]), self.labels[places])

    def changed(
        self,
        view: View | None = None,
        labels: npt.NDArray[Any] | None = None,
        spread: Spread | None = None,
        skipped: int | None = None,
    ) -> Dataset:
        """Return these samples with another view, labels, spread or number of skipped ones, where given."""
        return Dataset(
            self.source,
            self.labels if labels is None else labels,
            self.name,
            view=view or self.view,
            spread=spread or self.spread,
            skipped=self.skipped if skipped is None else skipped,
        )
