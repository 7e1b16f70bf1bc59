"""Open only what is a file: a pipe would wait for ever, and a device never ends."""

from __future__ import annotations

import errno
import os
from pathlib import Path


def check_regular(path: Path, limit: int | None = None) -> None:
    """Raise OSError where ``path`` is no regular file, cannot be looked at, or is longer than ``limit`` bytes."""
    try:
        size = path.stat().st_size
        regular = path.is_file()
    except ValueError as error:  # a name with a null character
        raise OSError(str(error)) from error
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not regular:
        raise OSError("it is no regular file")
    if limit is not None and size > limit:
        raise OSError(f"it has {size} bytes; more than {limit} are not read")
