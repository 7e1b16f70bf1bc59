"""Open a zip of .npy arrays that somebody else wrote: nothing unpickled, sizes checked before memory is taken."""

from __future__ import annotations

import io
import math
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt

from .reading import check_regular
from .rows import Rows
from .sources import Held, Source

LIMIT = 8 * 2**30  # bytes of one array; a zip of 8 MB can claim that much
HELD = 2**26  # bytes of an array of samples that is read at once; a longer one is read in parts
_NAME_LENGTH, _LOCAL_HEADER = 26, 30  # of the zip format: where lengths stand, and how long what is before a name is
_HEADER = 2**16  # a header of the .npy format is shorter than this


class Archive:
    """The members of an open archive, each read when asked for.

    Every method raises ValueError where a member is damaged or lies about its size.

    Parameters
    ----------
    archive : ZipFile
    budget : int or None
        How many bytes may be read in all; None for no bound but that of each array.
    """

    def __init__(self, archive: zipfile.ZipFile, budget: int | None = None) -> None:
        self._archive, self._budget = archive, budget

    @property
    def arrays(self) -> tuple[str, ...]:
        """The names of the arrays, without ``.npy``."""
        return tuple(name.removesuffix(".npy") for name in self._archive.namelist() if name.endswith(".npy"))

    def text(self, name: str, limit: int) -> bytes:
        """Return the member ``name``, which must not be longer than ``limit`` bytes."""
        try:
            size = self._archive.getinfo(name).file_size
        except KeyError:
            raise ValueError(f"it has no {name}") from None
        if size > limit:
            raise ValueError(f"{name} claims {size} bytes; more than {limit} are not read")
        self._spend(name, size)
        return self._archive.read(name)

    def array(self, name: str) -> npt.NDArray[np.generic]:
        """Return the array ``name``."""
        info, header = self._header(name)
        if header.size > LIMIT:
            raise ValueError(f"array {name!r} has {header.size} bytes; more than {LIMIT} are not read")
        self._spend(f"array {name!r}", info.file_size)
        with self._archive.open(info) as member:
            member.seek(header.start)
            values = np.empty(header.size, np.uint8)
            if member.readinto(values) != header.size:  # type: ignore[attr-defined]  # ZipExtFile is a BufferedIOBase
                raise ValueError(f"array {name!r} is cut short")
        array: npt.NDArray[np.generic] = values.view(header.dtype)
        return array.reshape(header.shape, order="F" if header.fortran else "C")

    def kind(self, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
        """Return the shape and type of the array ``name``, of which nothing but its header is read."""
        _, header = self._header(name)
        return header.shape, header.dtype

    def rows(self, name: str) -> Source:
        """Return the rows of the array ``name``, (n, *shape), which are read when asked for where they are many."""
        info, header = self._header(name)
        if header.size <= HELD or header.fortran:  # rows in Fortran's order are scattered over the whole file
            return Held(self.array(name))
        path, told = str(self._archive.filename), f"{self._archive.filename}: array {name!r}"
        if info.compress_type == zipfile.ZIP_STORED and not info.flag_bits & 1:
            begin = self._place(info) + header.start
            return Rows(lambda: open(path, "rb"), begin, header.shape, header.dtype, told)  # noqa: PTH123
        return Rows(lambda: _member(path, info.filename), header.start, header.shape, header.dtype, told)

    def _header(self, name: str) -> tuple[zipfile.ZipInfo, _Header]:
        try:
            info = self._archive.getinfo(f"{name}.npy")
        except KeyError:
            raise ValueError(f"it has no array {name!r}") from None
        with self._archive.open(info) as member:
            header = _read_header(member.read(_HEADER), name)
        if header.size + header.start != info.file_size or min(header.shape, default=0) < 0:
            raise ValueError(
                f"array {name!r} claims shape {header.shape} of {header.dtype}, which its {info.file_size} bytes do "
                "not hold"
            )
        return info, header

    def _place(self, info: zipfile.ZipInfo) -> int:
        """Return the byte of the file at which a member that is not compressed begins."""
        stream = self._archive.fp
        if stream is None:
            raise ValueError("the archive is closed")
        stream.seek(info.header_offset + _NAME_LENGTH)
        lengths = stream.read(4)
        begin = info.header_offset + _LOCAL_HEADER + sum(struct.unpack("<HH", lengths))
        if begin + info.file_size > stream.seek(0, io.SEEK_END):
            raise ValueError(f"{info.filename} is cut short")
        return begin

    def _spend(self, what: str, size: int) -> None:
        if self._budget is None:
            return
        self._budget -= size
        if self._budget < 0:
            raise ValueError(f"{what} of {size} bytes makes more than the whole file: it is packed, or read twice")


@contextmanager
def open_archive(path: Path, *, stored: bool = False) -> Iterator[Archive]:
    """Open the zip at ``path``; whatever is wrong inside comes out as ValueError, a missing file as OSError.

    ``stored`` says that nothing in it is compressed, so that no more can be read than the file has bytes.
    """
    check_regular(path)
    try:
        with zipfile.ZipFile(path) as archive:
            yield Archive(archive, path.stat().st_size if stored else None)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, MemoryError) as error:
        raise ValueError(str(error) or type(error).__name__) from error
    except Exception as error:
        if type(error).__module__ == "zlib":  # zlib.error; the module is not always there
            raise ValueError(str(error)) from error
        raise


def single(path: Path) -> npt.NDArray[np.generic]:
    """Return the array in the file ``path``: a .npy, or a .npz with one; OSError or ValueError where there is none."""
    check_regular(path, HELD)
    with path.open("rb") as file:
        magic = file.read(len(np.lib.format.MAGIC_PREFIX))
        if magic == np.lib.format.MAGIC_PREFIX:
            file.seek(0)
            header = _read_header(file.read(_HEADER), path.name)
            file.seek(header.start)
            values = np.frombuffer(file.read(), np.uint8)
            if len(values) != header.size:
                raise ValueError(f"its {len(values)} bytes do not hold an array of shape {header.shape}")
            array: npt.NDArray[np.generic] = values.view(header.dtype)
            return array.reshape(header.shape, order="F" if header.fortran else "C")
    with open_archive(path) as archive:
        if len(archive.arrays) != 1:
            raise ValueError(f"it holds {len(archive.arrays)} arrays, not one")
        return archive.array(archive.arrays[0])


def _member(path: str, name: str) -> BinaryIO:
    """Open a member of the archive at ``path``; the file is closed with it."""
    with zipfile.ZipFile(path) as archive:
        return cast("BinaryIO", archive.open(name))


@dataclass(frozen=True)
class _Header:
    """What an array says of itself; ``start`` is where its values begin."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    start: int

    @property
    def size(self) -> int:
        """The bytes of its values."""
        return math.prod(self.shape) * self.dtype.itemsize


def _read_header(head: bytes, name: str) -> _Header:
    stream = io.BytesIO(head)
    version = np.lib.format.read_magic(stream)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"array {name!r} has version {version} of the .npy format, which is not read")
    try:
        shape, fortran, dtype = readers[version](stream)
    except Exception as error:  # Python's tokenizer and literals raise nearly anything
        raise ValueError(f"array {name!r} has a damaged header: {error}") from error
    if dtype.hasobject:
        raise ValueError(f"array {name!r} holds Python objects, which would have to be unpickled")
    return _Header(shape, fortran, dtype, stream.tell())
