"""Look at every sample once, and tell or leave out those that are damaged."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from .dataset import Dataset, Spread
from .errors import ConversionWarning, DataError
from .labels import class_numbers
from .progress import Progress, Tell, say_nothing

_BATCH = 256  # samples looked at together
_MOST = 2**27  # samples: a small compressed file may claim any number
_TOLD = 5  # bad samples that are told one by one
_HINT = "repair them, or leave them out with --skip-bad (data.skip_bad = true)"
_LARGEST = float(np.finfo(np.float32).max)


def from_arrays(
    samples: npt.NDArray[np.generic], labels: npt.NDArray[np.generic] | None, name: str = "data"
) -> Dataset:
    """Return a data set of samples (n, *shape) and labels: class numbers (n,), one-hot (n, classes) or None.

    Raises
    ------
    DataError
        The arrays do not go together, or hold what is not a finite number.
    """
    check_kind(samples.shape, samples.dtype, name)
    return check(Dataset(samples, class_numbers(labels, len(samples), name), name))


def check_kind(shape: Sequence[int], dtype: np.dtype[Any], name: str) -> None:
    """Raise DataError where an array of ``shape`` and type holds no samples."""
    if len(shape) < 2 or not shape[0] or dtype.kind not in "fiub":
        raise DataError(
            f"{name}: samples have shape {tuple(shape)} and type {dtype}; needed: numbers, (n, *shape)",
            hint="the first axis is the number of samples",
        )
    if shape[0] > _MOST:
        raise DataError(f"{name} claims {shape[0]} samples; more than {_MOST} are not read")


def check(data: Dataset, *, skip_bad: bool = False, tell: Tell = say_nothing) -> Dataset:
    """Return ``data`` once every sample has been read and found to be finite numbers; what has been is not again.

    With ``skip_bad``, samples that cannot be read or are not finite are left out, with a warning that says how many.

    Raises
    ------
    DataError
        A sample is bad, or with ``skip_bad`` all are; the first are named with the reason.
    """
    if data.spread is not None:
        return data
    found = _Found()
    for start in range(0, len(data), _BATCH):
        stop = min(start + _BATCH, len(data))
        for first, part in _parts(data, start, stop, found):
            fine = _finite(part)
            found.bad |= {first + int(row): "" for row in np.flatnonzero(~fine)}
            found.whole = part.dtype.kind in "iu"
            if part[fine].size:
                found.highest = max(found.highest, float(part[fine].max()))
        if len(data) > _BATCH:
            tell(Progress("read", stop, len(data)))
    bad = found.bad
    if bad and (not skip_bad or len(bad) == len(data)):
        last = "\nno sample is left" if skip_bad else ""
        raise DataError(_told(data, bad) + last, hint=_HINT)
    if bad:
        told = f"{len(bad)} of {len(data)} samples are bad and left out: {_told(data, bad)}"
        warnings.warn(told, ConversionWarning, stacklevel=2)
    if found.outside:
        share = f"{100 * found.outside / (found.outside + found.events):.3g} %"
        told = f"{found.outside} events ({share}) have an address outside the sensor, and are left out"
        warnings.warn(f"{data.name}: {told}", ConversionWarning, stacklevel=2)
    kept = data.take(np.setdiff1d(np.arange(len(data)), list(bad))) if bad else data
    return kept.changed(spread=Spread(found.highest, found.whole), skipped=data.skipped + len(bad))


@dataclass
class _Found:
    """What has been seen so far; the reason of a bad sample is empty where its values are not finite."""

    bad: dict[int, str] = field(default_factory=dict)
    highest: float = -np.inf
    whole: bool = False
    events: int = 0
    outside: int = 0


def _parts(data: Dataset, start: int, stop: int, found: _Found) -> Iterator[tuple[int, npt.NDArray[Any]]]:
    """Yield what can be read of the samples ``start`` to ``stop``, each part with the place of its first sample."""
    try:
        if data.timed:
            events = data.events(start, stop)
            part: npt.NDArray[Any] = np.stack([one.dense(data.shape) for one in events])
            found.outside += sum(one.outside for one in events)
            found.events += sum(len(one.time) for one in events)
        else:
            part = data.part(start, stop)
    except DataError as error:
        if stop - start > 1:
            for row in range(start, stop):
                yield from _parts(data, row, row + 1, found)
        else:
            found.bad[start] = str(error)
    else:
        yield start, part


def _finite(part: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Return which samples are finite as float32, (n,)."""
    if part.dtype.kind != "f":
        return np.ones(len(part), bool)
    flat = part.reshape(len(part), -1)
    most = np.maximum(flat.max(axis=1, initial=0), -flat.min(axis=1, initial=0))
    return np.asarray(most <= _LARGEST)


def _told(data: Dataset, bad: dict[int, str]) -> str:
    """Return what is wrong with samples, a line each of the first; an empty reason is that of values."""
    lines = [bad[place] for place in sorted(bad) if bad[place]]
    values = [place for place in sorted(bad) if not bad[place]]
    if values:
        told = f"{data.name}: sample {data.numbers[values[0]]} has values that are not finite, or too large"
        lines.insert(0, f"{told}; such samples: {len(values)}")
    rest = len(lines) - _TOLD
    return "\n".join([*lines[:_TOLD], *([f"and {rest} more"] if rest > 0 else [])])
