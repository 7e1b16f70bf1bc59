"""Read the samples that a run names: choose the reader, and then the samples."""

from __future__ import annotations

from pathlib import Path

from .dataset import Dataset
from .errors import DataError, PluginError
from .plugins import Plugins, check_requirements, raised_by
from .reader import Reader
from .run_file import RunFile
from .selecting import select


def read(run: RunFile, path: Path, plugins: Plugins) -> Dataset:
    """Return the samples at ``path`` that [data] selects, which are not checked yet (`snn.fitting.fit` does)."""
    return selected(run, _read(run, path, run.data.reader, plugins))


def selected(run: RunFile, data: Dataset) -> Dataset:
    """Return the samples of ``data`` that [data] selects; what has been selected already is not changed."""
    return select(data, subset=run.data.subset, per_class=run.data.per_class, count=run.data.count)


def calibration(run: RunFile, path: Path, plugins: Plugins) -> Dataset:
    """Return the calibration samples at ``path``, as many as [data] says."""
    data = _read(run, path, run.data.normalise_reader, plugins, calibration=True)
    return data.first(run.data.normalise_count)


def _read(run: RunFile, path: Path, name: str, plugins: Plugins, *, calibration: bool = False) -> Dataset:
    try:
        found = path.exists()
        special = found and not path.is_file() and not path.is_dir()
    except (OSError, ValueError) as error:  # a name that is too long, or holds a null character
        raise DataError(f"{path} cannot be read: {error}", hint="is it the right path?") from error
    if special:
        raise DataError(f"{path} cannot be read: it is no regular file", hint="save the samples to a file")
    if not found:
        raise DataError(f"{path} does not exist", hint="is it the right path?")
    reader = _reader(run, path, name)
    check_requirements("reader", reader)
    with raised_by("reader", reader, plugins):
        return reader.read(path, calibration=calibration)


def _reader(run: RunFile, path: Path, name: str) -> Reader:
    """Return the reader that the run names, or the one that accepts ``path``; the longest suffix wins."""
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
        raise DataError(f"{path}: {what}", hint=f"name a reader in data.reader; installed: {names}")
    if len(accepting) > 1:
        told = ", ".join(reader.name for reader in accepting)
        raise DataError(f"{path}: several readers read this: {told}", hint="choose one in data.reader")
    return accepting[0]


def _match(reader: Reader, path: Path) -> int:
    return max((len(suffix) for suffix in reader.suffixes if path.name.lower().endswith(suffix)), default=0)
