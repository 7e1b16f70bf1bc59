"""A simulator in a process of its own, asked and answered through pipes.

Simulators that PyNN drives are one to a process, print what they like, and end the process they are in when they fail
badly. What they print is kept in a file, and what becomes of them is told as one error.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

from snn.errors import SimulationError
from snn.progress import Progress, Tell

_LETTERS = 300  # of what a process printed last that are told
_PATIENCE = 5.0  # seconds that a process has to end once it is not needed


class Child:
    """A process that runs the module ``worker``.

    Messages are pairs of a word and a value. Whatever is asked is answered by any number of ``("progress", Progress)``
    and then by ``("done", value)`` or ``("failed", line)``.

    Parameters
    ----------
    worker : str
        The module; it calls `serve`.
    name : str
        What it is called in messages.
    log : Path or None
        Where what it prints is kept; None for a temporary file.
    environment : mapping
        Variables that differ from those of this process.
    """

    def __init__(self, worker: str, name: str, log: Path | None = None, environment: Mapping[str, str] | None = None):
        self._name = name
        self._temporary = TemporaryDirectory(prefix="snn-") if log is None else None
        self._log = Path(self._temporary.name) / "log.txt" if self._temporary else log
        assert self._log is not None  # for mypy
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", worker],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                # what is on the path here is there too, and nothing of the folder that the user is in
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                    "PYTHONSAFEPATH": "1",
                    **(environment or {}),
                },
            )

    def ask(self, word: str, value: object, tell: Tell) -> Any:
        """Return the answer, passing on the progress that comes before it.

        Raises
        ------
        SimulationError
            It failed, or ended.
        """
        assert self._process.stdin is not None  # for mypy
        assert self._process.stdout is not None
        try:
            pickle.dump((word, value), self._process.stdin, protocol=5)
            self._process.stdin.flush()
            while True:
                said, what = pickle.load(self._process.stdout)  # noqa: S301  from a process of our own
                if said == "progress":
                    tell(Progress(*what))
                elif said == "done":
                    return what
                else:
                    raise SimulationError(f"{self._name} failed: {what}", hint=self._hint())
        except (EOFError, BrokenPipeError, pickle.UnpicklingError) as error:
            raise self._ended() from error

    def close(self) -> None:
        """End the process; may be called more than once."""
        process = self._process
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what was not sent yet need not be
                    pipe.close()
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._temporary is not None:
            self._temporary.cleanup()

    def _ended(self) -> SimulationError:
        """Return the error that says how the process ended."""
        try:
            code = self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        printed = [line.strip() for line in self._printed().splitlines() if line.strip()]
        last = f"; its last words: {printed[-1]:.{_LETTERS}}" if printed else ""
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return SimulationError(f"{self._name} ended before it answered ({how}){last}", hint=self._hint())

    def _printed(self) -> str:
        assert self._log is not None  # for mypy
        try:
            return self._log.read_text(errors="replace")
        except OSError:
            return ""

    def _hint(self) -> str:
        if self._temporary is None:
            return f"what it printed is in {self._log}"
        return "snn check pynn tells what works; snn simulate --out FOLDER keeps what it prints"


Report: TypeAlias = Callable[[str, int, int], None]
"""Is told a stage, how much of it is done, and of how much."""


def serve(answer: Callable[[str, Any, Report], Any]) -> None:
    """Answer what is asked through the pipes of this process, by ``answer(word, value, report)``, until they close.

    Standard output becomes standard error, for whatever a simulator prints.
    """
    import signal  # noqa: PLC0415  only in the process of a simulator

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asked decides what an interrupt ends
    asked = sys.stdin.buffer
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def say(word: str, value: object) -> None:
        pickle.dump((word, value), answers, protocol=5)
        answers.flush()

    for word, value in _messages(asked):
        try:
            say("done", answer(word, value, lambda *step: say("progress", step)))
        except Exception as error:  # noqa: BLE001  whatever a simulator raises is told
            import traceback  # noqa: PLC0415

            traceback.print_exc()
            line = next(iter(str(error).splitlines()), "")
            say("failed", f"{type(error).__name__}: {line}"[:_LETTERS])


def _messages(pipe: Any) -> Iterator[tuple[str, Any]]:
    while True:
        try:
            yield pickle.load(pipe)  # noqa: S301  from the process that began this one
        except EOFError:
            return
