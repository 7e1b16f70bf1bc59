"""Choose some of the samples of a data set: by number, so many of each class, or the first."""

from __future__ import annotations

import re

import numpy as np

from .dataset import Dataset
from .errors import SettingsError
from .labels import UNKNOWN
from .sources import Numbers

_RANGE = re.compile(r"(-?\d{0,18})(?::(-?\d{0,18})(?::(\d{1,18}))?)?")
_HINT = 'write it as "0:1000", "0:1000:10", "-100:" or "5,7,9"'


def select(
    data: Dataset, *, subset: str = "", per_class: int | None = None, count: int | None = None, table: str = "data"
) -> Dataset:
    """Return the samples of ``data`` in ``subset``; of these the first ``per_class`` of each class; of these ``count``.

    They keep their order and their numbers, by which ``subset`` names them. What has been selected once is not changed
    by selecting it again. ``table`` is where a run file asks for it, for messages.

    Raises
    ------
    SettingsError
        ``subset`` is none, or names samples that are not there; a class has fewer than ``per_class`` samples.
    """
    if subset:
        data = data.take(np.isin(data.numbers, numbers(subset, len(data.source), table)))
    if per_class is not None:
        data = data.take(_balanced(data, per_class, table))
    return data.first(count)


def numbers(subset: str, total: int, table: str = "data") -> Numbers:
    """Return the numbers that ``subset`` names among ``total``, each once and in order.

    Parts with commas between them, each a number or a range as in Python: ``START:STOP`` or ``START:STOP:STEP``, where
    a number below 0 counts from the end.

    Examples
    --------
    >>> numbers("0:6:2,-1", 10)
    array([0, 2, 4, 9])
    """
    chosen = np.zeros(total, bool)
    for part in subset.split(","):
        found = _RANGE.fullmatch(part.strip())
        if found is None or not part.strip() or found[3] in ("0", ""):
            raise SettingsError(f"[{table}] subset: {part.strip()!r} is no number and no range", hint=_HINT)
        start, stop, step = (int(text) if text else None for text in found.groups())
        if ":" in part:
            places = range(total)[start : stop : step or 1]
        else:
            places = range(total)[start or 0 : (start or 0) + 1 or None]
        if not places:
            raise SettingsError(
                f"[{table}] subset: {part.strip()!r} names none of the {total} samples, 0 to {total - 1}", hint=_HINT
            )
        chosen[places.start : places.stop : places.step] = True
    return np.flatnonzero(chosen)


def _balanced(data: Dataset, per_class: int, table: str) -> Numbers:
    """Return the places of the first ``per_class`` samples of each class."""
    classes = np.unique(data.labels[data.labels != UNKNOWN])
    if not len(classes):
        raise SettingsError(f"[{table}] per_class: no class of a sample of {data.name} is known", hint="use count")
    chosen = []
    for number in classes:
        places = np.flatnonzero(data.labels == number)
        if len(places) < per_class and not data.skipped:
            raise SettingsError(
                f"[{table}] per_class: {data.name} has {len(places)} samples of class {number}, not {per_class}",
                hint="ask for fewer",
            )
        chosen.append(places[:per_class])
    return np.sort(np.concatenate(chosen))
