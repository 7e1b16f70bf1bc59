"""HDF5 read with distrust: plain groups, datasets and attributes, of a size that the file can hold.

For frontends whose models come in such files; nothing else in core uses it, and h5py is theirs to install
(``snn-core[hdf5]``).  h5py (3.14) may damage its own memory when a text of variable length cannot be read, so that a
later read in the same process crashes.  A service that reads strangers' files should read each in a process of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import h5py  # type: ignore[import-untyped]
import numpy as np
import numpy.typing as npt

from .errors import ParseError

_FAULTS = (
    OSError,
    RuntimeError,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    UnicodeError,
    MemoryError,
    OverflowError,
)
_LARGEST_TEXT = 2**26
_MOST_OBJECTS = 200_000
_DEEPEST = 200
_SMALL = 2**24  # bytes; what a dataset may claim whatever the file stores of it
_LARGEST_DATASET = 2**32
_EXPANSION = 1100  # deflate expands 1032 times at most
_NOT_PLAIN = "no framework writes such a file; do not trust it"


@contextmanager
def guarded(what: str) -> Iterator[None]:
    """Turn what h5py raises about a damaged file into a ParseError about ``what``."""
    try:
        yield
    except _FAULTS as error:
        lines = str(error).splitlines() or [type(error).__name__]
        raise ParseError(
            f"{what} cannot be read: {lines[0]:.200}", hint="the file is damaged: save or copy it again"
        ) from error


@dataclass(frozen=True)
class Stored:
    """A dataset that has not been read."""

    name: str
    dataset: h5py.Dataset
    shape: tuple[int, ...]

    def read(self) -> npt.NDArray[np.float32]:
        """Return the numbers as float32, (*shape)."""
        with guarded(f"dataset {self.name!r}"):
            self._check()
            values = self.dataset[()]
            if self._brain:
                values = (np.asarray(values).view(np.uint16).astype(np.uint32) << np.uint32(16)).view(np.float32)
            with np.errstate(
                over="ignore", invalid="ignore"
            ):  # what does not fit is refused as not finite, by its layer
                return np.asarray(values, np.float32)

    @property
    def _brain(self) -> bool:
        """Whether these are bfloat16, the upper halves of float32, which HDF5 does not know."""
        return bool(self.dataset.dtype == np.dtype("V2") and self.dataset.attrs.get("dtype") == "bfloat16")

    def _check(self) -> None:
        kind, size = self.dataset.dtype.kind, self.dataset.dtype.itemsize
        if not (self._brain or (kind == "f" and size in (2, 4, 8))):
            raise ParseError(f"dataset {self.name!r} holds {self.dataset.dtype}, not floating-point numbers")
        if self.dataset.external or self.dataset.is_virtual:
            raise ParseError(f"dataset {self.name!r} is kept in another file", hint=_NOT_PLAIN)
        claimed, stored = math.prod(self.shape) * size, self.dataset.id.get_storage_size()
        if claimed > _SMALL and (claimed > _EXPANSION * stored or claimed > max(_LARGEST_DATASET, stored)):
            raise ParseError(
                f"dataset {self.name!r} claims {claimed:,} bytes, but the file holds {stored:,}", hint=_NOT_PLAIN
            )


def datasets(root: h5py.Group) -> dict[str, Stored]:
    r"""Return every dataset below ``root`` by its path, with ``/`` between the names.

    TensorFlow on Windows wrote ``\\`` into the names of groups; it counts as ``/``.
    """
    found: dict[str, Stored] = {}
    seen: set[object] = set()
    waiting: list[tuple[str, h5py.Group, int]] = [("", root, 0)]
    while waiting:
        prefix, group, depth = waiting.pop()
        for name in group:
            path = f"{prefix}{name}".replace("\\", "/")
            child = open_child(group, name, path)
            address = h5py.h5o.get_info(child.id).addr
            if address in seen or len(seen) > _MOST_OBJECTS or depth > _DEEPEST:
                raise ParseError(f"{path!r} is in the file twice, or in too many groups", hint=_NOT_PLAIN)
            seen.add(address)
            if isinstance(child, h5py.Group):
                waiting.append((f"{path}/", child, depth + 1))
            elif isinstance(child, h5py.Dataset):
                found[path] = Stored(path, child, tuple(child.shape or ()))
    return found


def open_child(group: h5py.Group, name: str, path: str) -> h5py.HLObject:
    """Return what is named ``name`` in ``group``, unless it is a link to somewhere else."""
    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise ParseError(f"{path!r} is a link to another place or file", hint=_NOT_PLAIN)
    return group[name]


def text_attribute(group: h5py.Group, name: str) -> str | None:
    """Return an attribute of one text, or None where there is none; Keras 2.0 wrote bytes."""
    if name not in group.attrs:
        return None
    _check_size(group, name)
    return _text(group.attrs[name])


def texts_attribute(group: h5py.Group, name: str) -> list[str]:
    """Return an attribute of several texts; long ones are in ``name0``, ``name1`` and so on."""
    keys = [name] if name in group.attrs else []
    while name not in group.attrs and f"{name}{len(keys)}" in group.attrs:
        keys.append(f"{name}{len(keys)}")
    texts: list[str] = []
    for key in keys:
        _check_size(group, key)
        for item in np.atleast_1d(group.attrs[key]):
            text = _text(item)
            if text is None:
                raise ParseError(f"attribute {key!r} of {group.name!r} does not hold names")
            texts.append(text)
    return texts


def _check_size(group: h5py.Group, name: str) -> None:
    attribute = group.attrs.get_id(name)
    count = math.prod(attribute.shape)
    if count and max(count * attribute.dtype.itemsize, attribute.get_storage_size()) > _LARGEST_TEXT:
        raise ParseError(f"attribute {name!r} claims more than {_LARGEST_TEXT:,} bytes", hint=_NOT_PLAIN)


def _text(value: object) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8")
    return str(value) if isinstance(value, str) else None
