"""Read weights from HDF5, where Caffe keeps blob ``i`` of a layer in ``/data/LAYER/i``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py  # type: ignore[import-untyped]
from snn.errors import ParseError
from snn.hdf5 import Stored, datasets, guarded

from .weight import Weights

_PLACE = re.compile(r"data/(.+)/([0-9]{1,4})", re.DOTALL)


@contextmanager
def open_hdf5(path: Path) -> Iterator[Weights]:
    """Open the file ``path`` and give its weights by the names of their layers; they are read while it is open.

    Raises
    ------
    ParseError
        It cannot be read, or holds no weights.
    """
    with guarded("the file"):
        file = h5py.File(path, "r")
    with file:
        with guarded("the list of weights"):
            found = datasets(file)
        numbered: dict[str, dict[int, Stored]] = {}
        for name, stored in found.items():
            if match := _PLACE.fullmatch(name):
                numbered.setdefault(match[1], {})[int(match[2])] = stored
        if not numbered:
            raise ParseError("the file holds no weights in data/LAYER/0", hint="let Caffe save it as .caffemodel.h5")
        yield Weights(path.name, numbered)
