"""Read weights from HDF5, where Caffe keeps blob ``i`` of a layer in ``/data/LAYER/i``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from snn.errors import ParseError
from snn.hdf5 import Stored, datasets, guarded
from snn.reading import check_regular

from .weight import Weights

_HDF5 = b"\x89HDF\r\n\x1a\n"
_PLACE = re.compile(r"data/(.+)/([0-9]{1,4})", re.DOTALL)


def is_hdf5(path: Path) -> bool:
    """Return whether the file ``path`` begins as HDF5 does."""
    try:
        check_regular(path)
        with path.open("rb") as stream:
            return stream.read(len(_HDF5)) == _HDF5
    except OSError as error:
        raise ParseError(f"cannot be opened: {error.strerror or error}", hint="is the path right?") from error


@contextmanager
def open_hdf5(path: Path) -> Iterator[Weights]:
    """Open the file ``path`` and give its weights by the names of their layers; they are read while it is open.

    Raises
    ------
    ParseError
        It cannot be read, or holds no weights.
    """
    import h5py  # type: ignore[import-untyped]  # noqa: PLC0415  most models do not need it

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
        weights: dict[str, tuple[Stored, ...]] = {}
        for layer, places in numbered.items():
            if sorted(places) != list(range(len(places))):
                raise ParseError(f"layer {layer!r}: weights {len(places) - 1} are missing, and a later number is there")
            weights[layer] = tuple(places[number] for number in sorted(places))
        yield Weights(path.name, weights)
