"""A simulator in a process of its own, in a private folder, asked and answered through pipes (`serving`).

Simulators that PyNN drives are one to a process, print what they like, write where they are, and end the process they
are in when they fail badly. What they print is kept in a file, and what becomes of them is told as one error.
"""

from __future__ import annotations

import itertools
import os
import pickle
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from snn.errors import SimulationError
from snn.progress import Progress, Tell, say_nothing

LOG = "log.txt"
"""What the process prints, in its folder."""

_LETTERS = 400  # of what went wrong that are told
_START = "import sys; sys.path[:] = sys.argv[2:]; import runpy; runpy.run_module(sys.argv[1], run_name='__main__')"


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


class Child:
    """A process that runs the module ``worker``, which calls `serving.serve`; to be closed.

    Parameters
    ----------
    worker : str
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
    patience_s : float or None
        How long it may say nothing; None for as long as it likes.
    tell : Tell
    """

    def __init__(
        self,
        worker: str,
        name: str,
        folder: Path,
        *,
        kept: bool,
        hint: str,
        environment: Mapping[str, str] | None = None,
        patience_s: float | None = None,
        tell: Tell = say_nothing,
    ) -> None:
        self._name, self._kept, self._usual_hint = name, kept, hint
        self._patience_s, self._tell = patience_s, tell
        self.folder = folder
        self._messages: queue.Queue[tuple[str, Any] | None] = queue.Queue()
        places = [os.path.abspath(place) for place in sys.path]  # noqa: PTH100  they need not be files
        with (folder / LOG).open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603  this interpreter, and a module of this package
                [sys.executable, "-c", _START, worker, *places],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=folder,
                env={**os.environ, **(environment or {})},
                start_new_session=True,  # Ctrl-C is for us, who end the process
            )
        threading.Thread(target=self._listen, daemon=True).start()

    def ask(self, word: str, value: object = None) -> Any:
        """Have ``word`` done, and return what came of it; what it says of its progress is told.

        Raises
        ------
        SimulationError
            It failed, died, or said nothing for too long. In the last two cases, it is closed.
        """
        asked = self._process.stdin
        if asked is None or asked.closed:
            raise SimulationError(f"{self._name} has been let go", hint="build it again")
        try:
            with suppress(OSError):  # one that has died is told of below
                pickle.dump((word, value), asked, protocol=5)
                asked.flush()
            while (message := self._hear(word)) and message[0] == "progress":
                self._tell(Progress(*message[1]))
        except BaseException:
            self.close()
            raise
        if message is None:
            raise self._died(word)
        said, answer = message
        if said == "failed":
            raise SimulationError(f"{self._name} failed to {word}: {answer:.{_LETTERS}}", hint=self._hint())
        return answer

    def close(self) -> None:
        """End the process, with what it may have started, and remove its folder if it is not kept."""
        if self._process.poll() is None:
            with suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError, ValueError):
                    stream.close()
        if not self._kept:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _hear(self, word: str) -> tuple[str, Any] | None:
        """Return the next message; None where the process has ended."""
        try:
            return self._messages.get(timeout=self._patience_s)
        except queue.Empty:
            raise SimulationError(
                f"{self._name} was asked to {word}, and has said nothing for {self._patience_s:g} s", hint=self._hint()
            ) from None

    def _listen(self) -> None:
        with suppress(EOFError, OSError, ValueError, pickle.UnpicklingError):
            while self._process.stdout is not None:
                self._messages.put(pickle.load(self._process.stdout))  # noqa: S301  from a process of our own
        self._messages.put(None)

    def _died(self, word: str) -> SimulationError:
        code = self._process.wait()
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        with suppress(OSError):
            lines = (self.folder / LOG).read_text(encoding="utf-8", errors="replace").strip().splitlines()
            how += f": {lines[-1].strip():.{_LETTERS}}" if lines else ""
        self.close()
        return SimulationError(f"the process of {self._name}, asked to {word}, {how}", hint=self._hint())

    def _hint(self) -> str:
        kept = f"its log is {self.folder / LOG}" if self._kept else "with --out DIR, its log is kept there"
        return f"{self._usual_hint}; {kept}"
