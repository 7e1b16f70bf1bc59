"""A simulator in a process of its own, asked and answered through pipes (`serving`)."""

from __future__ import annotations

import os
import pickle
import queue
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..errors import SimulationError
from ..progress import Progress, Tell, say_nothing
from .process import LETTERS, Process

_START = "import sys; sys.path[:] = sys.argv[2:]; import runpy; runpy.run_module(sys.argv[1], run_name='__main__')"


class Child(Process):
    """A process that runs the module ``worker``, which calls `serving.serve`; to be closed.

    Parameters
    ----------
    worker : str
    name, folder, kept, hint, environment
        Those of a `Process`.
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
        self._patience_s, self._tell = patience_s, tell
        self._messages: queue.Queue[tuple[str, Any] | None] = queue.Queue()
        places = [os.path.abspath(place) for place in sys.path]  # noqa: PTH100  they need not be files
        command = [sys.executable, "-c", _START, worker, *places]
        super().__init__(command, name, folder, kept=kept, hint=hint, environment=environment, asked=True)
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
            raise SimulationError(f"{self.name} has been let go", hint="build it again")
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
            raise self.died(f", asked to {word},")
        said, answer = message
        if said == "failed":
            raise SimulationError(f"{self.name} failed to {word}: {answer:.{LETTERS}}", hint=self.hint())
        return answer

    def _hear(self, word: str) -> tuple[str, Any] | None:
        """Return the next message; None where the process has ended."""
        try:
            return self._messages.get(timeout=self._patience_s)
        except queue.Empty:
            raise SimulationError(
                f"{self.name} was asked to {word}, and has said nothing for {self._patience_s:g} s", hint=self.hint()
            ) from None

    def _listen(self) -> None:
        with suppress(EOFError, OSError, ValueError, pickle.UnpicklingError):
            while self._process.stdout is not None:
                self._messages.put(pickle.load(self._process.stdout))  # noqa: S301  from a process of our own
        self._messages.put(None)
