"""A folder of files: written whole or not at all, and read with what is wrong in it told as one error."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from snn.errors import SimulationError

MOST_BYTES = 2**31
"""Of a file that is read."""


def put(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write ``files``, by name, into ``folder``, each under another name until it is whole."""
    for name, content in files.items():
        partial = folder / f".{name}.part"
        try:
            partial.write_bytes(content)
            os.replace(partial, folder / name)  # noqa: PTH105  over the one of the batch before
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise SimulationError(
                f"{folder / name} cannot be written: {error.strerror}", hint="is there room, and may you write there?"
            ) from error
        except BaseException:
            partial.unlink(missing_ok=True)
            raise


def taken(folder: Path, name: str) -> bytes:
    """Return the content of a file in ``folder``."""
    path = folder / name
    try:
        if path.stat().st_size > MOST_BYTES:
            raise SimulationError(f"{path} is over {MOST_BYTES:,} bytes", hint="give fewer samples a batch")
        return path.read_bytes()
    except OSError as error:
        raise SimulationError(
            f"{path} cannot be read: {error.strerror}", hint="have the files written again"
        ) from error
