"""The side of a simulator's process: what is asked through its pipes is answered, until they are closed."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any, BinaryIO, TypeAlias

LETTERS = 300
"""How much is told of what went wrong."""

Report: TypeAlias = Callable[[str, int, int], None]
"""Is told a stage, how much of it is done, and of how much."""

Answer: TypeAlias = Callable[[str, Any, Report], Any]
"""Takes a word, a value and a `Report`, and returns what is asked for."""


def serve(answer: Answer) -> None:
    """Answer what is asked through the pipes of this process, until they are closed.

    Messages are pairs of a word and a value. An answer is any number of ``("progress", (stage, done, total))``, and
    then ``("done", value)`` or ``("failed", line)``. What a simulator prints goes to standard error.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asks decides what an interrupt ends
    asked = sys.stdin.buffer
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    while (message := _read(asked)) is not None:
        _say(answers, *_answered(answer, *message, answers))


def _answered(answer: Answer, word: str, value: Any, answers: BinaryIO) -> tuple[str, Any]:
    try:
        return "done", answer(word, value, lambda *step: _say(answers, "progress", step))
    except Exception as error:  # noqa: BLE001  whatever a simulator raises is told
        traceback.print_exc()
        line = next(iter(str(error).splitlines()), "")
        return "failed", f"{type(error).__name__}: {line}"[:LETTERS]


def _say(answers: BinaryIO, word: str, value: Any) -> None:
    pickle.dump((word, value), answers, protocol=5)
    answers.flush()


def _read(asked: BinaryIO) -> tuple[str, Any] | None:
    """Return the next message, or None at the end."""
    try:
        return pickle.load(asked)  # noqa: S301  from the process that began this one
    except EOFError:
        return None
