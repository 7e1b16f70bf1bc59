"""A program in a private folder and a session of its own; what it prints is kept in a file there.

Simulators print what they like, write where they are, hang, and end the process they are in when they fail badly. What
becomes of one is told as one error, and nothing of it is left.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ..errors import SimulationError

LOG = "log.txt"
"""What the process prints, in its folder."""

LETTERS = 400
"""Of what went wrong that are told."""

_GRACE = 2.0  # seconds in which it may end by itself
_PAUSE = 0.02
_TAIL_BYTES = 2**16  # of the log, in which its last line is looked for


def private_folder(folder: Path | None, name: str) -> Path:
    """Return a new folder, called ``name`` or with a number, in ``folder``; or a temporary one."""
    if folder is None:
        return Path(tempfile.mkdtemp(prefix=f"snn-{name}-"))
    for number in itertools.count(1):
        made = folder.absolute() / (name if number == 1 else f"{name}-{number}")
        with suppress(FileExistsError):
            made.mkdir()
            return made
    raise AssertionError


class Process:
    """A program that runs until it ends, or is closed.

    Parameters
    ----------
    command : sequence of str
    name : str
        What it is called in messages.
    folder : Path
        Where it works, and what it prints is kept; its own.
    kept : bool
        Whether the folder is left when it is closed.
    hint : str
        What to do when it fails.
    environment : mapping
        Variables that differ from those of this process.
    asked : bool
        Whether its standard input and output are pipes. Else it is given nothing, and its output goes to the log, too.

    Raises
    ------
    SimulationError
        It cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        name: str,
        folder: Path,
        *,
        kept: bool,
        hint: str,
        environment: Mapping[str, str] | None = None,
        asked: bool = False,
    ) -> None:
        self.name, self.folder = name, folder
        self._kept, self._usual_hint = kept, hint
        with (folder / LOG).open("wb") as log:
            try:
                self._process = subprocess.Popen(  # noqa: S603  what a backend or its user names
                    list(command),
                    stdin=subprocess.PIPE if asked else subprocess.DEVNULL,
                    stdout=subprocess.PIPE if asked else log,
                    stderr=log,
                    cwd=folder,
                    env={**os.environ, **(environment or {})},
                    start_new_session=True,  # Ctrl-C is for us, who end the process
                )
            except OSError as error:
                reason = error.strerror or error
                raise SimulationError(f"{name} cannot be started: {command[0]}: {reason}", hint=hint) from error

    def wait(self, patience_s: float | None = None) -> None:
        """Wait until it has ended with exit code 0.

        Raises
        ------
        SimulationError
            It ended otherwise, or has not ended after ``patience_s``; it is closed.
        """
        try:
            code = self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            error = SimulationError(f"{self.name} has not ended after {patience_s:g} s{self._last()}", self.hint())
            self.close()
            raise error from None
        except BaseException:
            self.close()
            raise
        if code:
            raise self.died()

    def died(self, doing: str = "") -> SimulationError:
        """Close it, which has ended ``doing`` something, and return what is to be told."""
        code = self._process.wait()
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        error = SimulationError(f"the process of {self.name}{doing} {how}{self._last()}", self.hint())
        self.close()
        return error

    def hint(self) -> str:
        """Return what to do when it fails, and where its log is."""
        kept = f"its log is {self.folder / LOG}" if self._kept else "with --out DIR, its log is kept there"
        return f"{self._usual_hint}; {kept}"

    def close(self) -> None:
        """End it, with what it may have started, and remove its folder if it is not kept."""
        if self._process.poll() is None:
            self._end()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError, ValueError):
                    stream.close()
        if not self._kept:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self) -> None:
        """Ask it and all that it has started to end, and end them by force where they do not.

        Python's process that removes the shared memory of others is deaf to the first, and ends when it is done.
        """
        with suppress(OSError):
            os.killpg(self._process.pid, signal.SIGTERM)
            until = time.monotonic() + _GRACE
            while time.monotonic() < until and _running(self._process.pid):
                self._process.poll()
                time.sleep(_PAUSE)
            os.killpg(self._process.pid, signal.SIGKILL)

    def _last(self) -> str:
        """Return the last line that it has printed, after a colon."""
        with suppress(OSError), (self.folder / LOG).open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL_BYTES))
            lines = log.read().decode("utf-8", "replace").strip().splitlines()
            return f": {lines[-1].strip():.{LETTERS}}" if lines else ""
        return ""


def _running(group: int) -> bool:
    """Return whether a process of ``group`` does anything yet: those that wait to be buried do not."""
    places = list(Path("/proc").glob("[0-9]*/stat"))
    if not places:  # no Linux
        with suppress(OSError):
            os.killpg(group, 0)
            return True
    for place in places:
        with suppress(OSError, ValueError, IndexError):
            state, _, found = place.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[:3]
            if int(found) == group and state not in "ZX":
                return True
    return False
