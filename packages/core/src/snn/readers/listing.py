"""List the files of a data set that has a file a sample, with the class of each."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import DataError
from ..labels import UNKNOWN
from ..reading import check_regular
from ..sources import Numbers

LISTS = (".txt", ".csv")
"""The suffixes of files that list samples."""

LABELS = ("labels.csv", "labels.txt")  # the files that are looked for
_ROW = re.compile(r"(?P<name>.*?)[\s,;]+(?P<label>[^\s,;]+)[\s,;]*")
_LONGEST = 2**28  # bytes of a file of labels
_BEGINNING, _LOOKED_AT = 2**16, 100  # bytes and lines of a list, to see whether it is one
_WHOLE = re.compile(r"-?\d{1,9}")


@dataclass(frozen=True, eq=False)
class Listing:
    """Files, in order, and the class of each, (n,); a file may turn out to be missing or damaged when it is read."""

    paths: tuple[Path, ...]
    labels: Numbers


def holds(folder: Path, suffixes: tuple[str, ...]) -> bool:
    """Return whether ``folder``, or a folder in it, has a file with one of the suffixes."""
    return bool(_files(folder, suffixes, first=True)) or any(
        _files(inner, suffixes, first=True) for inner in _folders(folder)
    )


def lists(path: Path, suffixes: tuple[str, ...]) -> bool:
    """Return whether the file ``path`` lists files with one of the suffixes, of which one of the first is there."""
    if not path.name.lower().endswith(LISTS):
        return False
    try:
        check_regular(path)
        with path.open("rb") as file:
            lines = file.read(_BEGINNING).decode("utf-8-sig", errors="replace").splitlines()
    except OSError:
        return False
    rows = (_ROW.fullmatch(line.strip()) for line in lines[:_LOOKED_AT] if not line.startswith("#"))
    return any(_exists(_file(path.parent, row["name"].strip("\"'"), suffixes)) for row in rows if row)


def listing(path: Path, suffixes: tuple[str, ...], labels: str = "", classes: Sequence[str] = ()) -> Listing:
    """Return the files at ``path``: itself, those that it lists, or, in a folder, those listed or those found.

    A list (a .txt or .csv, or, in a folder, ``labels``, labels.csv or labels.txt) names in each line a file with one of
    the suffixes, from the folder of the list on, and its class; without one, each folder in the folder is a class.
    Classes that are whole numbers are class numbers; others are numbered in the order of ``classes``, or of the
    alphabet.

    Raises
    ------
    DataError
        There are no files, or a class is none of ``classes``.
    """
    if not path.is_dir() and path.name.lower().endswith(LISTS):
        paths, named = _listed(path.parent, path, suffixes)
        return Listing(paths, _numbered(named, classes, path))
    if not path.is_dir():
        return Listing((path,), np.array([UNKNOWN]))
    file = path / labels if labels else next((path / name for name in LABELS if (path / name).is_file()), None)
    if file is not None:
        paths, named = _listed(path, file, suffixes)
        return Listing(paths, _numbered(named, classes, file))
    inner = [(folder, _files(folder, suffixes)) for folder in _folders(path)]
    pairs = [(folder.name, found) for folder, found in inner if found]
    if pairs:
        named = [name for name, found in pairs for _ in found]
        return Listing(tuple(file for _, found in pairs for file in found), _numbered(named, classes, path))
    found = tuple(_files(path, suffixes))
    if not found:
        raise DataError(
            f"{path} holds no file that ends in {', '.join(suffixes)}, and no folder with one",
            hint="give a folder with a folder a class, or one with a file labels.csv",
        )
    return Listing(found, np.full(len(found), UNKNOWN))


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from (entry for entry in entries if not entry.name.startswith("."))
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error}", hint="is it the right folder?") from error


def _folders(folder: Path) -> list[Path]:
    return sorted(Path(entry.path) for entry in _entries(folder) if entry.is_dir())


def _files(folder: Path, suffixes: tuple[str, ...], *, first: bool = False) -> list[Path]:
    """Return the files in ``folder`` with one of the suffixes, or, with ``first``, any one of them."""
    found = []
    for entry in _entries(folder):
        if entry.name.lower().endswith(suffixes) and not entry.is_dir():
            found.append(Path(entry.path))
            if first:
                break
    return sorted(found, key=_natural)


def _natural(path: Path) -> tuple[object, ...]:
    """Return a key by which 2.png comes before 10.png."""
    parts = re.split(r"(\d+)", path.name)
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in parts)


def _listed(folder: Path, file: Path, suffixes: tuple[str, ...]) -> tuple[tuple[Path, ...], list[str]]:
    """Return the files that ``file`` lists, and the class of each."""
    try:
        check_regular(file, _LONGEST)
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise DataError(f"{file} cannot be read: {error}", hint="a line names a file and its class") from error
    paths: list[Path] = []
    named: list[str] = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        row = _ROW.fullmatch(line.strip())
        if row is None:
            raise DataError(f"{file}: line {number} has no class: {line.strip()[:60]!r}", hint="write: FILE,CLASS")
        path = _file(folder, row["name"].strip("\"'"), suffixes)
        if not paths and not _exists(path):  # the heads of columns
            if number < len(lines):
                continue
            raise DataError(f"{file}: {path} does not exist", hint="files are named from the folder on")
        paths.append(path)
        named.append(row["label"].strip("\"'"))
    if not paths:
        raise DataError(f"{file} lists no files", hint="a line names a file and its class")
    return tuple(paths), named


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _file(folder: Path, name: str, suffixes: tuple[str, ...]) -> Path:
    """Return the file called ``name``, with or without its suffix."""
    if name.lower().endswith(suffixes):
        return folder / name
    candidates = [folder / f"{name}{suffix}" for suffix in suffixes]
    return next((path for path in candidates if _exists(path)), candidates[0])


def _numbered(named: list[str], classes: Sequence[str], where: Path) -> Numbers:
    """Return the number of each class named."""
    known = set(named)
    if not classes and all(_WHOLE.fullmatch(name) for name in known):
        return np.array([int(name) for name in named])
    order = list(classes) or sorted(known)
    if strange := sorted(known - set(order)):
        raise DataError(
            f"{where}: {', '.join(map(repr, strange[:5]))} is none of the {len(order)} classes set",
            hint=f"classes: {', '.join(order[:20])}",
        )
    numbers = {name: number for number, name in enumerate(order)}
    return np.array([numbers[name] for name in named])
