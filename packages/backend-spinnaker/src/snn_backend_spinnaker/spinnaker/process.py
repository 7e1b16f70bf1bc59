"""sPyNNaker in a process of its own, in a private folder.

It reads its settings from the home directory when it is imported, and writes a file there if it finds none: so the home
of the process is the folder, and the user's own file is neither read nor written.  What it prints goes into
``spynnaker.log``.  See `child` for what the process does.
"""

from __future__ import annotations

import itertools
import json
import os
import queue
import shutil
import signal
import site
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from snn.errors import SimulationError
from snn.progress import Progress, Tell

LOG = "spynnaker.log"
_CONFIG = ".spynnaker.cfg"
_START = "import sys; sys.path[:] = sys.argv[1:]; from snn_backend_spinnaker.spinnaker.child import main; main()"
_HINT = "snn check spinnaker, with --set backend.spinnaker.machine=HOST, tells what works"


def config(machine: str, version: int) -> str:
    """Return the settings of sPyNNaker for the board ``machine``, or for a virtual one where that is empty."""
    which = f"machine_name = {machine}" if machine else "virtual_board = True"
    return f"[Machine]\n{which}\nversion = {version}\n"


class Spynnaker:
    """A process that does what it is asked, one thing after the other; to be closed.

    Parameters
    ----------
    settings : str
        The content of sPyNNaker's configuration file.
    folder : Path or None
        Where to keep its files, in a folder of their own; None for a temporary one.
    patience_s : float
        How long it may say nothing.
    tell : Tell
    """

    def __init__(self, settings: str, folder: Path | None, patience_s: float, tell: Tell) -> None:
        self._patience_s, self._tell = patience_s, tell
        self._kept = folder is not None
        self.folder = _new(folder)
        self._messages: queue.Queue[dict[str, Any] | None] = queue.Queue()
        (self.folder / _CONFIG).write_text(settings, encoding="utf-8")
        places = [os.path.abspath(place) for place in sys.path]  # noqa: PTH100  they need not be files
        environment = {**os.environ, "HOME": str(self.folder), "USERPROFILE": str(self.folder)}
        environment["PYTHONUSERBASE"] = site.getuserbase()  # which would follow the home directory
        with (self.folder / LOG).open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603  of our own
                [sys.executable, "-c", _START, *places],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=self.folder,
                env=environment,
                text=True,
                encoding="utf-8",
                start_new_session=True,  # Ctrl-C is for us, who end the process
            )
        threading.Thread(target=self._listen, daemon=True).start()

    def ask(self, word: str, **content: object) -> dict[str, Any]:
        """Have ``word`` done, and return what came of it; what it says of its progress is told.

        Raises
        ------
        SimulationError
            It failed, died, or said nothing for too long.
        """
        try:
            stream = self._process.stdin
            if stream is not None:
                with suppress(OSError):  # one that has died is told of below
                    stream.write(json.dumps({"word": word, **content}) + "\n")
                    stream.flush()
            while (message := self._hear(word)) and "progress" in message:
                stage, done, total = message["progress"]
                self._tell(Progress(stage, done, total))
        except BaseException:
            self.close()
            raise
        if message is None:
            raise self._died(word)
        if "error" in message:
            self.close()
            raise SimulationError(f"sPyNNaker failed to {word}: {message['error']:.400}", hint=self._hint())
        return message

    def close(self) -> None:
        """End the process, and remove its folder if it is a temporary one."""
        if self._process.poll() is None:
            with suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)  # with what it may have started
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError, ValueError):
                    stream.close()
        if not self._kept:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _hear(self, word: str) -> dict[str, Any] | None:
        """Return the next message; None where the process has ended."""
        try:
            return self._messages.get(timeout=self._patience_s)
        except queue.Empty:
            raise SimulationError(
                f"sPyNNaker was asked to {word}, and has said nothing for {self._patience_s:g} s",
                hint=f"is the board on? {_HINT}; backend.spinnaker.patience_s is how long is waited",
            ) from None

    def _listen(self) -> None:
        with suppress(OSError, ValueError):
            for line in self._process.stdout or ():
                self._messages.put(json.loads(line))
        self._messages.put(None)

    def _died(self, word: str) -> SimulationError:
        code = self._process.wait()
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        with suppress(OSError):
            lines = (self.folder / LOG).read_text(encoding="utf-8", errors="replace").strip().splitlines()
            how += f": {lines[-1].strip():.200}" if lines else ""
        self.close()
        return SimulationError(f"the process of sPyNNaker, asked to {word}, {how}", hint=self._hint())

    def _hint(self) -> str:
        kept = f"its log is {self.folder / LOG}" if self._kept else "with --out DIR, its log is kept there"
        return f"{_HINT}; {kept}"


def _new(folder: Path | None) -> Path:
    """Return a new folder, ``spinnaker`` or with a number, in ``folder``; or a temporary one."""
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="snn-spinnaker-"))
    for number in itertools.count(1):
        made = folder.absolute() / ("spinnaker" if number == 1 else f"spinnaker-{number}")
        try:
            made.mkdir()
        except FileExistsError:
            continue
        return made
    raise AssertionError
