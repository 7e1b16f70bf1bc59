"""A simulator in a process of its own, asked and answered through pipes (`serving`).

Simulators that PyNN drives are one to a process, print what they like, and end the process they are in when they fail
badly. What they print is kept in a file, and what becomes of them is told as one error.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from snn.errors import SimulationError
from snn.progress import Progress, Tell

from .serving import LETTERS

_PATIENCE = 5.0  # seconds that a process has to end once it is not needed


class Child:
    """A process that runs the module ``worker``, which calls `serving.serve`.

    Parameters
    ----------
    worker : str
    name : str
        What it is called in messages.
    folder : Path or None
        Where what it prints is kept; None for a temporary folder.
    environment : mapping
        Variables that differ from those of this process.
    """

    def __init__(
        self, worker: str, name: str, folder: Path | None = None, environment: Mapping[str, str] | None = None
    ) -> None:
        self._name, self._kept = name, folder is not None
        self._temporary = TemporaryDirectory(prefix="snn-")
        self._log = (folder or Path(self._temporary.name)) / f"{name}.txt"
        # what is on the path here is there too, and nothing of the folder that the user is in
        path = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONSAFEPATH": "1"}
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603  this interpreter, and a module of this package
                [sys.executable, "-m", worker],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                env={**os.environ, **path, **(environment or {})},
            )

    def ask(self, word: str, value: object, tell: Tell) -> Any:
        """Return the answer, passing on the progress that comes before it.

        Raises
        ------
        SimulationError
            It failed, or ended.
        """
        asked, answers = self._process.stdin, self._process.stdout
        if asked is None or answers is None or asked.closed:
            raise SimulationError(f"{self._name} has been let go", hint="build it again")
        try:
            pickle.dump((word, value), asked, protocol=5)
            asked.flush()
            said, answer = pickle.load(answers)  # noqa: S301  from a process of our own
            while said == "progress":
                tell(Progress(*answer))
                said, answer = pickle.load(answers)  # noqa: S301
        except (EOFError, BrokenPipeError, pickle.UnpicklingError) as error:
            raise self._ended() from error
        if said == "failed":
            raise SimulationError(f"{self._name} failed: {answer}", hint=self._hint())
        return answer

    def close(self) -> None:
        """End the process; may be called more than once."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what was not sent yet need not be
                    pipe.close()
        if self._process.poll() is None:
            self._process.terminate()
        self._wait()
        self._temporary.cleanup()

    def _wait(self) -> int:
        """Return the exit code, of a process that is ending or is ended now."""
        try:
            return self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _ended(self) -> SimulationError:
        """Return the error that says how the process ended."""
        code = self._wait()
        printed = [line.strip() for line in self._log.read_text(errors="replace").splitlines() if line.strip()]
        last = f"; its last words: {printed[-1]:.{LETTERS}}" if printed else ""
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return SimulationError(f"{self._name} ended before it answered ({how}){last}", hint=self._hint())

    def _hint(self) -> str:
        if self._kept:
            return f"what it printed is in {self._log}"
        return "snn check with the backend's name tells what works; with --out FOLDER, what it prints is kept there"
