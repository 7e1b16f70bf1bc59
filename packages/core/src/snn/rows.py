"""Read the rows of an array that is too large for memory out of its file, as they are asked for."""

from __future__ import annotations

import math
import weakref
import zipfile
from collections.abc import Callable
from typing import Any, BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt

from .errors import DataError
from .network import Shape
from .sources import Numbers, Source

Opener: TypeAlias = Callable[[], BinaryIO]

ROW_LIMIT = 2**28  # bytes of one sample


class Rows(Source):
    """The rows of an array in a file, plain or compressed.

    A compressed file is read from its start to the rows asked for, and further when the next are; going back starts
    again. Read in order, as batches are, it is unpacked once.

    Parameters
    ----------
    opener : function
        Opens the file, or the stream that unpacks it; it must know ``seek`` and ``read``.
    start : int
        The byte at which the first row begins.
    whole : tuple of int
        The shape of the array, (n, *shape).
    dtype : dtype
    name : str
        The file and the array, for messages.
    """

    def __init__(self, opener: Opener, start: int, whole: Shape, dtype: np.dtype[Any], name: str) -> None:
        self._opener, self._start, self._whole, self._dtype, self._name = opener, start, whole, dtype, name
        self._size = math.prod(whole[1:]) * dtype.itemsize
        self._stream: BinaryIO | None = None
        if self._size > ROW_LIMIT:
            raise DataError(
                f"{name}: a sample of shape {self.shape} and type {dtype} has {self._size} bytes; more than "
                f"{ROW_LIMIT} are not read"
            )

    def __len__(self) -> int:
        return self._whole[0]

    @property
    def shape(self) -> Shape:
        return self._whole[1:]

    def read(self, rows: Numbers) -> npt.NDArray[np.generic]:
        found = np.empty((len(rows), self._size), np.uint8)
        order = np.argsort(rows, kind="stable")
        try:
            for part in np.split(order, np.flatnonzero(np.diff(rows[order]) != 1) + 1):
                if len(part):
                    values = self._block(int(rows[part[0]]), len(part))
                    found[part] = values.reshape(len(part), self._size)
        except (OSError, EOFError, ValueError, zipfile.BadZipFile, ArithmeticError) as error:
            raise self._damaged(error) from error
        except Exception as error:
            if type(error).__module__ in ("zlib", "lzma", "_lzma"):  # their modules are not always there
                raise self._damaged(error) from error
            raise
        return found.view(self._dtype).reshape(len(rows), *self.shape)

    def _block(self, row: int, count: int) -> npt.NDArray[np.uint8]:
        """Return the bytes of ``count`` rows from ``row`` on."""
        if self._stream is None:
            self._stream = self._opener()
            weakref.finalize(self, self._stream.close)
        size = count * self._size
        self._stream.seek(self._start + row * self._size)
        content = self._stream.read(size) if size else b""
        if len(content) != size:
            self._stream = None
            raise DataError(f"{self._name} is cut short after sample {row + len(content) // max(1, self._size) - 1}")
        return np.frombuffer(content, np.uint8)

    def _damaged(self, error: Exception) -> DataError:
        self._stream = None
        return DataError(f"{self._name} cannot be read: {error or type(error).__name__}", hint="write the file again")
