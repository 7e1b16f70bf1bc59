"""Keep what a simulator recorded, a file a batch, and read it again."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from . import writing
from .errors import DataError
from .network import Array, Shape
from .npz import LIMIT, Archive, open_archive
from .simulating import CountedEvents, Events, Integers, Recording

FOLDER = "recordings"


def save(recording: Recording, folder: Path, start: int, shapes: Mapping[str, Shape]) -> None:
    """Write the activity in ``recording``, of the batch from sample ``start`` on, to ``folder``/recordings/.

    The .npz holds ``counts/LAYER`` (batch, *shape), ``potentials/LAYER`` (steps, batch, *shape), and spikes as events
    in order of step, sample and neuron: ``spikes/LAYER/number`` (steps, batch), how many there are, ``…/neuron``
    (events,), channels-first, ``…/sign`` (events,) unless all are +1, and ``…/shape``, that of the layer. Whole numbers
    have the smallest unsigned type that holds them. Nothing is compressed: that took longer than to simulate.
    """
    steps, batch = recording.output.shape[:2]
    arrays: dict[str, npt.NDArray[np.generic]] = {}
    for name, counts in recording.counts.items():
        arrays[f"counts/{name}"] = _smallest(counts)
    for name, potentials in recording.potentials.items():
        arrays[f"potentials/{name}"] = potentials
    for name, events in recording.spikes.items():
        arrays[f"spikes/{name}/number"] = _smallest(events.numbers(steps, batch))
        arrays[f"spikes/{name}/neuron"] = _smallest(events.neuron)
        arrays[f"spikes/{name}/shape"] = np.array(shapes[name], np.int64)
        if (events.sign < 0).any():
            arrays[f"spikes/{name}/sign"] = events.sign
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]  # names of arrays are not parameters
    writing.write(writing.folder(folder / FOLDER) / f"{start:06d}.npz", buffer.getvalue())


@dataclass(frozen=True, eq=False)
class Kept:
    """What one file of recordings holds, by layer; arrays as `Recording` has them.

    Attributes
    ----------
    counts, potentials : mapping of layer name to ndarray
    spikes : mapping of layer name to Events
    sizes : mapping of layer name to (steps, batch, *shape)
        Of the layers in ``spikes``.
    """

    counts: Mapping[str, Integers]
    potentials: Mapping[str, Array]
    spikes: Mapping[str, Events]
    sizes: Mapping[str, Shape]

    def dense(self, layer: str) -> npt.NDArray[np.int8]:
        """Return the spikes of ``layer`` as an array, (steps, batch, *shape)."""
        steps, batch, *shape = self.sizes[layer]
        return self.spikes[layer].dense(steps, batch, tuple(shape))


def load(path: Path) -> Kept:
    """Return what `save` has written to ``path``.

    Raises
    ------
    DataError
        It cannot be read, or is not what `save` writes.
    """
    try:
        with open_archive(path, stored=True) as archive:
            return _kept(archive)
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path}: {error}", hint="recordings are the .npz files in a run's folder recordings/"
        ) from error


def _kept(archive: Archive) -> Kept:
    found: dict[str, dict[str, npt.NDArray[np.generic]]] = {"counts": {}, "potentials": {}, "spikes": {}}
    for name in archive.arrays:
        kind, _, rest = name.partition("/")
        if kind not in found or not rest:
            raise ValueError(f"array {name!r} is none of a recording")
        found[kind][rest] = archive.array(name)
    spikes, sizes = {}, {}
    for name in [name.removesuffix("/number") for name in found["spikes"] if name.endswith("/number")]:
        spikes[name], sizes[name] = _events(name, found["spikes"])
    counts = {name: values.astype(np.int64) for name, values in found["counts"].items()}
    potentials = {name: values.astype(np.float32) for name, values in found["potentials"].items()}
    return Kept(counts, potentials, spikes, sizes)


def _events(name: str, arrays: Mapping[str, npt.NDArray[np.generic]]) -> tuple[Events, Shape]:
    """Return the events of the layer ``name``, and (steps, batch, *shape)."""
    try:
        number, neuron, dims = (arrays[f"{name}/{part}"].astype(np.int64) for part in ("number", "neuron", "shape"))
    except KeyError as error:
        raise ValueError(f"it has no array 'spikes/{error.args[0]}'") from None
    sign = arrays.get(f"{name}/sign", np.ones(neuron.shape, np.int8)).astype(np.int8)
    if number.ndim != 2 or neuron.ndim != 1 or dims.ndim != 1 or sign.shape != neuron.shape:
        raise ValueError(f"the arrays of spikes/{name} have the wrong shapes")
    shape = tuple(int(size) for size in dims)
    if min(shape, default=0) < 1 or (number < 0).any() or number.sum() != len(neuron):
        raise ValueError(f"spikes/{name}: the numbers do not go together")
    elements = math.prod(shape)
    if elements * number.size > LIMIT or ((neuron < 0) | (neuron >= elements)).any():
        raise ValueError(f"spikes/{name}: neurons are not of shape {shape}")
    return CountedEvents(number, neuron.astype(np.int32), sign), (*number.shape, *shape)


def _smallest(values: npt.NDArray[np.integer]) -> npt.NDArray[np.unsignedinteger]:
    """Return whole numbers from 0 on in the smallest type that holds them."""
    return values.astype(np.min_scalar_type(int(values.max(initial=0))))
