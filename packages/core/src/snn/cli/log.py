"""Keep the log of a run in its folder."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .. import writing
from ..errors import OutputError

FILE = "log.txt"


@contextmanager
def kept(folder: Path, *, more: bool = False) -> Iterator[logging.Logger]:
    """Write all that is logged inside to ``folder``/log.txt, where the run has made the folder, however it ends.

    With ``more``, what the file holds already stays before it.
    """
    lines: list[str] = []
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(formatter.format(record))

    logger = logging.getLogger("snn")
    handler, level = Keep(logging.DEBUG), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield logger
    except BaseException as error:
        logger.error("%s: %s", type(error).__name__, error)  # noqa: TRY400  the traceback is printed by who asks for it
        raise
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        if folder.is_dir():
            _write(folder / FILE, lines, more=more, failing=sys.exc_info()[0] is not None)


def _write(path: Path, lines: list[str], *, more: bool, failing: bool) -> None:
    before = ""
    if more and path.is_file():
        with contextlib.suppress(OSError):
            before = path.read_text(encoding="utf-8", errors="replace")
    try:
        writing.write(path, before + "".join(f"{line}\n" for line in lines))
    except OutputError:
        if not failing:  # else what went wrong before is the thing to tell
            raise
