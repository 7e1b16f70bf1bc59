"""Write files whole or not at all."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import OutputError


def write(path: Path, content: str | bytes) -> None:
    """Write ``content`` to ``path``; an earlier file there is replaced in one step, or left as it was."""
    try:
        path = path.resolve()  # a link stays, and what it leads to is replaced
        check(path)
        partial = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.part")
        try:
            partial.write_bytes(content.encode() if isinstance(content, str) else content)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except UnicodeError as error:  # the name of some file is no text
        raise OutputError(f"{path} cannot be written: {error}", hint="rename the file it speaks of") from error
    except OSError as error:
        raise unwritable(path, error) from error


def folder(path: Path) -> Path:
    """Make the folder ``path``, where there is none."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error
    return path


@contextmanager
def alone(path: Path, what: str) -> Iterator[None]:
    """Keep other processes out of ``what``, to which the file ``path`` belongs, where this system can.

    Raises
    ------
    OutputError
        Another one is at it.
    """
    try:
        import fcntl  # noqa: PLC0415  not everywhere
    except ImportError:
        yield
        return
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # goes with the process, however it ends
        except OSError as error:
            raise OutputError(f"another process is at {what}", hint="wait for its end") from error
        yield


def check(path: Path) -> None:
    """Raise OutputError, before any work is done, where the file ``path`` could not be written at the end."""
    parent = path.absolute().parent
    if path.is_dir():
        raise OutputError(f"{path} cannot be written: it is a folder", hint="name a file in it with -o")
    if path.exists() and not path.is_file():
        raise OutputError(f"{path} cannot be written: it is no regular file", hint="name another file with -o")
    if not parent.is_dir():
        raise OutputError(f"{path} cannot be written: there is no folder {parent}", hint="make the folder first")
    if not os.access(parent, os.W_OK):
        raise OutputError(f"{path} cannot be written: no permission for {parent}", hint="choose another place with -o")


def check_folder(path: Path) -> None:
    """Raise OutputError, before any work is done, where the folder ``path`` could not be made or written to."""
    place = path.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir() or not os.access(place, os.W_OK):
        raise OutputError(
            f"{path} cannot be written: {place} is no folder that can be", hint="choose another with --out"
        )


def unwritable(path: Path, error: OSError) -> OutputError:
    """Return the error of a file that could not be written."""
    return OutputError(
        f"{path} cannot be written: {error.strerror or error}", hint="choose another place, or free space"
    )
