"""Begin a folder of files: under its own name there is a whole one, or none."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from snn.errors import SimulationError
from snn.processes.process import private_folder

from .files.folder import put

NAME = "megasim"
_PARTIAL = ".megasim-partial"


def begun(parent: Path | None, files: Mapping[str, bytes], more: Iterable[tuple[str, bytes]]) -> Path:
    """Return a new folder with files, by name: in ``parent``, called ``megasim`` or with a number, or a temporary one.

    Until all are written, a folder in ``parent`` has another name; it is removed where that does not end well.
    """
    folder = private_folder(parent, NAME if parent is None else _PARTIAL)
    try:
        put(folder, files)
        for name, content in more:
            put(folder, {name: content})
        return folder if parent is None else _named(folder, parent.absolute())
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise SimulationError(f"{folder} cannot be written: {error.strerror}", hint="choose another --out") from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _named(folder: Path, parent: Path) -> Path:
    for number in itertools.count(1):
        made = parent / (NAME if number == 1 else f"{NAME}-{number}")
        if not made.exists():
            return folder.rename(made)
    raise AssertionError
