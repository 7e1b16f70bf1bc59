"""The side of a simulator's process: what is asked through its pipes is answered, until nobody can ask any more."""

from __future__ import annotations

import os
import pickle
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

Report: TypeAlias = Callable[[str, int, int], None]
"""Is told a stage, how much of it is done, and of how much."""

Answer: TypeAlias = Callable[[str, Any, Report], Any]
"""Takes a word, a value and a `Report`, and returns what is asked for."""


def serve(answer: Answer) -> None:
    """Answer what is asked through the pipes of this process.

    Messages are pairs of a word and a value. An answer is any number of ``("progress", (stage, done, total))``, and
    then ``("done", value)`` or ``("failed", line)``. What a simulator prints goes to standard error. The process ends,
    whatever it is doing, when its input does, so that none is left behind.
    """
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    asked: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, asked), daemon=True).start()
    # a process that a simulator forks closes its standard input, and would wait for the thread that reads ours
    sys.stdin = Path(os.devnull).open()  # noqa: SIM115  for as long as the process is there

    def say(word: str, value: Any) -> None:
        pickle.dump((word, value), answers, protocol=5)
        answers.flush()

    def report(stage: str, done: int, total: int) -> None:
        say("progress", (stage, done, total))

    while True:
        said, value = _answered(answer, *asked.get(), report)
        say(said, value)


def _answered(answer: Answer, word: str, value: Any, report: Report) -> tuple[str, Any]:
    try:
        return "done", answer(word, value, report)
    except (Exception, SystemExit) as error:  # noqa: BLE001  whatever a simulator raises is told
        traceback.print_exc()
        return "failed", " ".join(f"{type(error).__name__}: {error}".split())


def _listen(stream: BinaryIO, asked: queue.SimpleQueue[tuple[str, Any]]) -> None:
    """Pass on what is asked; when there can be no more, end the process."""
    with suppress(EOFError, OSError, ValueError):
        while True:
            asked.put(pickle.load(stream))  # noqa: S301  from the process that began this one
    if os.getpgrp() == os.getpid():
        with suppress(OSError):
            os.killpg(0, signal.SIGTERM)  # what it has started, too
    os._exit(1)
