"""Open a zip of .npy arrays that somebody else wrote: nothing unpickled, sizes checked before memory is taken."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .reading import check_regular

LIMIT = 8 * 2**30  # bytes of one array; a zip of 8 MB can claim that much
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
        try:
            info = self._archive.getinfo(f"{name}.npy")
        except KeyError:
            raise ValueError(f"it has no array {name!r}") from None
        with self._archive.open(info) as member:
            shape, fortran, dtype, start = _read_header(member.read(_HEADER), name)
            size = math.prod(shape) * dtype.itemsize
            if size + start != info.file_size or size > LIMIT:
                raise ValueError(
                    f"array {name!r} claims shape {shape} of {dtype}, which its {info.file_size} bytes do not hold"
                )
            self._spend(f"array {name!r}", info.file_size)
            member.seek(start)
            values = np.empty(size, np.uint8)
            if member.readinto(values) != size:  # type: ignore[attr-defined]  # ZipExtFile is a BufferedIOBase
                raise ValueError(f"array {name!r} is cut short")
        array: npt.NDArray[np.generic] = values.view(dtype)
        return array.reshape(shape, order="F" if fortran else "C")

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


def _read_header(head: bytes, name: str) -> tuple[tuple[int, ...], bool, np.dtype[np.generic], int]:
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
    return shape, fortran, dtype, stream.tell()
