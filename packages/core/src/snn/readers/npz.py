"""Samples and labels as NumPy saves arrays: a ``.npz``, or a folder of them as the ancestor kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from ..checking import check_kind
from ..dataset import Dataset
from ..errors import DataError
from ..labels import class_numbers
from ..npz import Archive, open_archive
from ..reader import Reader
from ..settings import PositiveFloat
from ..sources import Divided, Source

_HINT = "save it with numpy.savez(path, x=samples, y=labels)"
_TEST, _OTHERS = "x_test.npz", ("x_norm.npz", "x_train.npz")


@dataclass(frozen=True)
class Npz(Reader):
    """Reads a .npz with x (n, *shape) and y, or a folder with x_test.npz, y_test.npz and x_norm.npz (key arr_0).

    Of a file as Keras keeps its data sets, x_test and y_test are read, x_train for calibration, and x_train and y_train
    to learn from, as in a folder x_train.npz and y_train.npz. Labels are class numbers (n,) or one-hot (n, classes);
    without them every label is unknown. A large array that is not compressed is read in parts; one that is compressed
    is unpacked anew each time the samples are gone through.
    """

    name: ClassVar[str] = "npz"
    suffixes: ClassVar[tuple[str, ...]] = (".npz",)

    divisor: Annotated[
        PositiveFloat, Meta(description="What samples are divided by: 255 for bytes that a network has as 0 to 1.")
    ] = 1.0

    def accepts(self, path: Path) -> bool:
        if path.is_dir():
            return any((path / name).is_file() for name in (_TEST, *_OTHERS))
        return super().accepts(path)

    def read(self, path: Path, *, calibration: bool = False) -> Dataset:
        return self._read(path, "norm" if calibration else "test")

    def read_training(self, path: Path) -> Dataset:
        return self._read(path, "train")

    def _read(self, path: Path, part: Literal["norm", "test", "train"]) -> Dataset:
        if path.is_dir():
            file, classes = path / f"x_{part}.npz", path / f"y_{part}.npz"
            with _opened(file) as archive:
                samples = self._rows(archive, file, ("arr_0",))
            if part == "norm":
                return Dataset(samples, class_numbers(None, len(samples), str(path)), str(path))
            with _opened(classes) as archive:
                _named(archive, classes, ("arr_0",))
                return Dataset(samples, class_numbers(archive.array("arr_0"), len(samples), str(path)), str(path))
        with _opened(path) as archive:
            key = _named(archive, path, ("x", "arr_0", "x_test" if part == "test" else "x_train"))
            samples = self._rows(archive, path, (key,))
            own = key.replace("x_", "y_") if key.startswith("x_") else "y"
            labels = archive.array(own) if own in archive.arrays and part != "norm" else None
        return Dataset(samples, class_numbers(labels, len(samples), str(path)), str(path))

    def _rows(self, archive: Archive, path: Path, keys: tuple[str, ...]) -> Source:
        key = _named(archive, path, keys)
        shape, dtype = archive.kind(key)
        check_kind(shape, dtype, str(path))
        samples = archive.rows(key)
        return samples if self.divisor == 1 else Divided(samples, self.divisor)


@contextmanager
def _opened(path: Path) -> Iterator[Archive]:
    if not path.exists():
        raise DataError(f"{path} does not exist", hint=f"give a .npz with x and y, or a folder with {_TEST}")
    try:
        with open_archive(path) as archive:
            yield archive
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}", hint=_HINT) from error


def _named(archive: Archive, path: Path, keys: tuple[str, ...]) -> str:
    """Return the first of ``keys`` that the archive holds."""
    key = next((key for key in keys if key in archive.arrays), None)
    if key is None:
        held = ", ".join(archive.arrays) or "nothing"
        raise DataError(f"{path} has no array {keys[0]!r}; it holds {held}", hint=_HINT)
    return key
