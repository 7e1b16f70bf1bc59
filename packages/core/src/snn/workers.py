"""Processes that do tasks side by side; see `snn.worker` for what one of them does.

They are plain processes that are spoken to in lines of JSON. Those of `multiprocessing` would run the user's script
again, and one that dies would take a whole `ProcessPoolExecutor` with it.
"""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO, Any

from .worker import SIGNALS

_WAIT = 0.5  # seconds; where a wait cannot be interrupted, so long
_START = "import sys; sys.path[:] = sys.argv[1:]; from snn.worker import main; main()"


@dataclass(frozen=True)
class Message:
    """What the process ``worker`` says of its task; an ``outcome`` is the last."""

    worker: int
    word: str
    content: Any


@dataclass(eq=False)
class _Process:
    popen: subprocess.Popen[str]
    thread: threading.Thread | None = None
    busy: bool = False


@dataclass(eq=False)
class Workers:
    """At most ``count`` processes, started when they are needed; a context manager, at whose end they are killed."""

    count: int
    blocked: tuple[str, ...] = ()
    _processes: dict[int, _Process] = field(default_factory=dict)
    _messages: queue.Queue[Message] = field(default_factory=queue.Queue)
    _started: int = 0

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            process.popen.kill()
        for process in self._processes.values():
            process.popen.wait()
            if process.thread is not None:
                process.thread.join()
            _close(process.popen)
        self._processes.clear()

    @property
    def free(self) -> bool:
        """Whether one has nothing to do."""
        return sum(process.busy for process in self._processes.values()) < self.count

    def give(self, order: object) -> int:
        """Have a free process do what ``order`` says, as `snn.worker` understands it, and return its number."""
        number = next((n for n, process in self._processes.items() if not process.busy), None)
        if number is None:
            number = self._start()
        process = self._processes[number]
        process.busy = True
        _send(process.popen.stdin, order)
        return number

    def hear(self) -> Message:
        """Wait for the next message of any of them; one that has died sends an outcome too."""
        while True:
            with suppress(queue.Empty):
                message = self._messages.get(timeout=_WAIT)
                process = self._processes.get(message.worker)
                if process is None:
                    continue
                if message.word == "ended":
                    del self._processes[message.worker]
                    process.popen.wait()
                    _close(process.popen)
                    if not process.busy:
                        continue
                    return Message(message.worker, "outcome", {"error": _death(process.popen.returncode)})
                if message.word == "outcome":
                    process.busy = False
                return message

    def _start(self) -> int:
        self._started += 1
        number = self._started
        command = [sys.executable, "-c", _START, *sys.path]
        with _blocked():
            popen = subprocess.Popen(  # noqa: S603  of our own
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
            )
            process = self._processes[number] = _Process(popen)
            process.thread = threading.Thread(target=self._listen, args=(number, popen.stdout), daemon=True)
            process.thread.start()  # with signals blocked too: they are for the main thread
        _send(popen.stdin, list(self.blocked))
        return number

    def _listen(self, number: int, lines: Iterable[str]) -> None:
        with suppress(OSError, ValueError):
            for line in lines:
                for word, content in json.loads(line).items():
                    self._messages.put(Message(number, word, content))
        self._messages.put(Message(number, "ended", None))


def _send(stream: IO[str] | None, content: object) -> None:
    with suppress(OSError):  # one that has died is told of by its listener
        if stream is not None:
            stream.write(json.dumps(content) + "\n")
            stream.flush()


def _close(popen: subprocess.Popen[str]) -> None:
    for stream in (popen.stdin, popen.stdout):
        with suppress(OSError):
            if stream is not None:
                stream.close()


def _death(code: int) -> str:
    if code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        more = "; is there memory enough for so many jobs?" if name == "SIGKILL" else ""
        return f"its process was ended by {name}{more}"
    return f"its process ended with exit code {code}"


@contextmanager
def _blocked() -> Iterator[None]:
    """Keep back the signals that end a command; a process that is started meanwhile is born with them blocked."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
