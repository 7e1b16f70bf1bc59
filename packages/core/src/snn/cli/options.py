"""Options that several commands share, written once."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_LONGEST_NAME = 255  # bytes; no common file system holds a longer one


class _PathType(click.Path):
    """A path that a file could have."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        if not str(value):
            self.fail("an empty path", param, ctx)
        if any(len(part.encode(errors="surrogateescape")) > _LONGEST_NAME for part in path.parts):
            self.fail(f"a name longer than {_LONGEST_NAME} bytes: {path.name[:40]}…", param, ctx)
        return path


PATH = _PathType()


def assignments(function: F) -> F:
    """Add ``--set TABLE.KEY=VALUE``."""
    return click.option(
        "--set",
        "assignments",
        multiple=True,
        metavar="TABLE.KEY=VALUE",
        help="Set any key of a run file; snn settings lists them.",
    )(function)


def as_json(function: F) -> F:
    """Add ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")(function)


def output(function: F) -> F:
    """Add ``-o``."""
    return click.option("-o", "--output", "out", type=PATH, metavar="OUT.snn", help="Where to write.")(function)


def calibrate(function: F) -> F:
    """Add ``--calibrate``."""
    return click.option(
        "--calibrate", type=PATH, metavar="DATA", help="Typical samples: a file or folder that any reader accepts."
    )(function)


def samples(function: F) -> F:
    """Add ``--data`` and what chooses among its samples."""
    for option in reversed(
        (
            click.option(
                "--data", type=PATH, required=True, help="A file or folder of samples that any reader accepts."
            ),
            click.option("--subset", metavar="RANGE", help="Only these samples: 0:1000, 0:1000:10 or 5,7,9."),
            click.option(
                "--per-class", type=click.IntRange(min=1), metavar="N", help="Of these, the first N of each class."
            ),
            click.option("--count", type=click.IntRange(min=1), metavar="N", help="Of these, the first N samples."),
            click.option("--skip-bad", is_flag=True, help="Leave out samples that cannot be read, and count them."),
        )
    ):
        function = option(function)
    return function


def frontend(function: F) -> F:
    """Add ``--frontend``."""
    return click.option("--frontend", metavar="NAME", help="The reader; by default the one for the suffix.")(function)


WORDS = "snn.words"
"""Where a context keeps the words of the command line."""


def again(*more: str) -> str:
    """Return the command line that is being done, for a shell, with ``more`` words at its end."""
    return shlex.join(["snn", *click.get_current_context().meta.get(WORDS, ()), *more])


def recordings_in(folder: Path | None) -> bool:
    """Return whether ``folder`` holds recordings, which are never mixed with those of another run."""
    from .. import recordings  # noqa: PLC0415  not for --help

    return folder is not None and any((folder / recordings.FOLDER).glob("*.npz"))


def tables(**keys: object) -> dict[str, dict[str, Any]]:
    """Return run-file tables from ``table__key=value``, leaving out what is None."""
    found: dict[str, dict[str, Any]] = {}
    for path, value in keys.items():
        if value is not None:
            table, _, key = path.partition("__")
            found.setdefault(table, {})[key] = value
    return found


def target(out: Path | None, source: Path, suffix: str = ".snn") -> Path:
    """Return where to write: ``out``, or the stem of ``source`` with ``suffix``, in the folder where one works."""
    from .. import writing  # noqa: PLC0415  not for --help
    from ..errors import OutputError  # noqa: PLC0415

    stem = source.name.removesuffix(".snn") if source.name.endswith(".snn") else source.stem
    for stage in (".parsed", ".simplified", ".normalised"):
        stem = stem.removesuffix(stage)
    path = out or Path(f"{stem}{suffix}")
    if path.absolute() == source.absolute():
        raise OutputError(f"{path} is the source itself", hint="name another file with -o")
    writing.check(path)
    return path
