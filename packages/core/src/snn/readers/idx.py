"""Samples and labels as MNIST keeps them: idx files, plain or gzipped."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, BinaryIO, ClassVar, cast

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from ..checking import check_kind
from ..dataset import Dataset
from ..errors import DataError
from ..labels import class_numbers
from ..reader import Reader
from ..reading import check_regular
from ..rows import Rows
from ..settings import PositiveFloat
from ..sources import Divided, Source

_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MOST_AXES = 8
_TEST, _TYPICAL = ("t10k", "test"), ("train",)
_HINT = "give the file of images, or a folder with t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte"


@dataclass(frozen=True)
class Idx(Reader):
    """Reads idx files, plain or .gz: images, and the labels beside them whose name differs in one word.

    In a folder with several sets, samples are those whose name begins with t10k or test; those to learn from, and for
    calibration, those with train.
    """

    name: ClassVar[str] = "idx"
    suffixes: ClassVar[tuple[str, ...]] = ("-ubyte", "-ubyte.gz", ".idx", ".idx.gz")

    divisor: Annotated[PositiveFloat, Meta(description="What bytes are divided by; other numbers stay.")] = 255.0
    labels: Annotated[str, Meta(description="The file of labels; by default the one named like the images.")] = ""

    def accepts(self, path: Path) -> bool:
        return bool(_images(path, self.suffixes)) if path.is_dir() else super().accepts(path)

    def read(self, path: Path, *, calibration: bool = False) -> Dataset:
        return self._read(path, _TYPICAL if calibration else _TEST, labelled=not calibration)

    def read_training(self, path: Path) -> Dataset:
        return self._read(path, _TYPICAL, labelled=True)

    def _read(self, path: Path, words: tuple[str, ...], *, labelled: bool) -> Dataset:
        file = _chosen(path, self.suffixes, words) if path.is_dir() else path
        shape, dtype, start = _header(file)
        check_kind(shape, dtype, str(file))
        source: Source = Rows(lambda: _opened(file), start, shape, dtype, str(file))
        if dtype == np.uint8:
            source = Divided(source, self.divisor)
        labels = file.parent / self.labels if self.labels else _labels_of(file)
        known = None if labels is None or not labelled else _whole(labels, shape[0])
        return Dataset(source, class_numbers(known, shape[0], str(path)), str(path))


def _opened(file: Path) -> BinaryIO:
    opener: Callable[..., Any] = gzip.open if file.name.lower().endswith(".gz") else open
    return cast("BinaryIO", opener(file, "rb"))


def _header(file: Path) -> tuple[tuple[int, ...], np.dtype[Any], int]:
    """Return the shape and type of the array in ``file``, and the byte at which it begins."""
    try:
        check_regular(file)
        return _parsed(file)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise DataError(f"{file} cannot be read: {error}", hint=_HINT) from error


def _parsed(file: Path) -> tuple[tuple[int, ...], np.dtype[Any], int]:
    with _opened(file) as stream:
        zero, code, axes = struct.unpack(">HBB", _exactly(stream, 4))
        if zero or code not in _TYPES or not 1 <= axes <= _MOST_AXES:
            raise ValueError("it does not begin as an idx file")
        shape = struct.unpack(f">{axes}I", _exactly(stream, 4 * axes))
    dtype = np.dtype(_TYPES[code])
    start, size = 4 + 4 * axes, math.prod(shape) * dtype.itemsize
    length = file.stat().st_size
    if not file.name.lower().endswith(".gz") and length != start + size:
        raise ValueError(f"its {length} bytes do not hold an array of shape {shape}")
    return shape, dtype, start


def _exactly(stream: BinaryIO, count: int) -> bytes:
    content = stream.read(count)
    if len(content) != count:
        raise ValueError("it is cut short")
    return content


def _whole(file: Path, count: int) -> npt.NDArray[np.generic]:
    """Return the ``count`` labels in ``file``."""
    shape, dtype, start = _header(file)
    if shape != (count,):
        raise DataError(f"{file} has shape {shape}; there are {count} samples", hint=_HINT)
    return Rows(lambda: _opened(file), start, shape, dtype, str(file)).read(np.arange(count))


def _labels_of(file: Path) -> Path | None:
    """Return the file of labels beside the images ``file``, if there is one."""
    name = file.name.replace("images", "labels")
    for axes in ("idx2", "idx3", "idx4"):
        name = name.replace(axes, "idx1")
    found = file.with_name(name)
    return found if name != file.name and found.is_file() else None


def _images(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    files = (path for path in folder.iterdir() if path.name.lower().endswith(suffixes) and "labels" not in path.name)
    return sorted(path for path in files if path.is_file())


def _chosen(folder: Path, suffixes: tuple[str, ...], words: tuple[str, ...]) -> Path:
    """Return the images in ``folder``; of several files, the one whose name begins with one of ``words``."""
    found = _images(folder, suffixes)
    if not found:
        raise DataError(f"{folder} holds no idx file", hint=_HINT)
    if len(found) > 1:
        found = [path for path in found if path.name.lower().startswith(words)] or found
    if len(found) > 1:
        raise DataError(
            f"{folder} holds several files of images: {', '.join(path.name for path in found)}", hint="name one"
        )
    return found[0]
