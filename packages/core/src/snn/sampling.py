"""Read the samples that a run names: choose the reader, and then the samples."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .dataset import Dataset
from .errors import DataError, PluginError
from .plugins import Plugins, check_requirements, raised_by
from .reader import Reader
from .readers.listing import LISTS
from .run_file import RunFile
from .selecting import select


def read(run: RunFile, path: Path, plugins: Plugins) -> Dataset:
    """Return the samples at ``path`` that [data] selects, which are not checked yet (`snn.fitting.fit` does)."""
    reader = _reader(run, path, run.data.reader, "data.reader")
    with _usable(reader, plugins):
        data = reader.read(path)
    return selected(run, data)


def selected(run: RunFile, data: Dataset) -> Dataset:
    """Return the samples of ``data`` that [data] selects; what has been selected already is not changed."""
    return select(data, subset=run.data.subset, per_class=run.data.per_class, count=run.data.count)


def calibration(run: RunFile, path: Path, plugins: Plugins) -> Dataset:
    """Return the calibration samples at ``path``, as many as [data] says."""
    reader = _reader(run, path, run.data.normalise_reader, "data.normalise_reader")
    with _usable(reader, plugins):
        data = reader.read(path, calibration=True)
    return data.first(run.data.normalise_count)


def training(run: RunFile, path: Path, plugins: Plugins) -> Dataset:
    """Return the samples at ``path`` to learn from that [train] selects."""
    reader = _reader(run, path, run.train.reader, "train.reader")
    with _usable(reader, plugins):
        data = reader.read_training(path)
    return selected_to_train(run, data)


def selected_to_train(run: RunFile, data: Dataset) -> Dataset:
    """Return the samples of ``data`` that [train] selects."""
    chosen = run.train
    return select(data, subset=chosen.subset, per_class=chosen.per_class, count=chosen.count, table="train")


def validation(run: RunFile, path: Path, plugins: Plugins) -> Dataset:
    """Return the samples at ``path`` to validate with, as many as [train] says."""
    reader = _reader(run, path, run.train.validate_reader, "train.validate_reader")
    with _usable(reader, plugins):
        data = reader.read(path)
    return data.first(run.train.validate_count)


@contextmanager
def _usable(reader: Reader, plugins: Plugins) -> Iterator[None]:
    """Let ``reader`` read inside, where what it needs is installed."""
    check_requirements("reader", reader)
    with raised_by("reader", reader, plugins):
        yield


def _reader(run: RunFile, path: Path, name: str, key: str) -> Reader:
    """Return the reader that the run names, or the one that accepts ``path``; the longest suffix wins."""
    _check_path(path)
    names = ", ".join(run.readers) or "none"
    if name:
        if name not in run.readers:
            raise PluginError(f"no reader {name!r} is installed", hint=f"installed: {names}")
        return run.readers[name]
    accepting = [reader for reader in run.readers.values() if reader.accepts(path)]
    if path.is_file():
        longest = max((_match(reader, path) for reader in accepting), default=0)
        accepting = [reader for reader in accepting if _match(reader, path) == longest]
    if not accepting:
        what = "no reader finds samples in this folder" if path.is_dir() else "no installed reader reads this"
        if path.name.lower().endswith(LISTS):
            raise DataError(
                f"{path}: {what}, and none finds the files that it would list",
                hint=f"a line of a list is a file, from its folder on, and its class; or name a reader in {key}",
            )
        raise DataError(f"{path}: {what}", hint=f"name a reader in {key}; installed: {names}")
    if len(accepting) > 1:
        told = ", ".join(reader.name for reader in accepting)
        raise DataError(f"{path}: several readers read this: {told}", hint=f"choose one in {key}")
    return accepting[0]


def _match(reader: Reader, path: Path) -> int:
    return max((len(suffix) for suffix in reader.suffixes if path.name.lower().endswith(suffix)), default=0)


def _check_path(path: Path) -> None:
    """Raise DataError where there is nothing to read at ``path``."""
    try:
        found = path.exists()
        special = found and not path.is_file() and not path.is_dir()
    except (OSError, ValueError) as error:  # a name that is too long, or holds a null character
        raise DataError(f"{path} cannot be read: {error}", hint="is it the right path?") from error
    if special:
        raise DataError(f"{path} cannot be read: it is no regular file", hint="save the samples to a file")
    if not found:
        raise DataError(f"{path} does not exist", hint="is it the right path?")
