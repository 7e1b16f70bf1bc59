"""A process that does tasks, one after the other: each comes in as a line of JSON, and lines about it go out.

It ends when nobody can give it tasks any more, whatever it is doing, so that none is left behind.  Signals are left to
who started it: one Ctrl-C reaches all processes of a terminal, but only one of them is to say so.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any, TextIO

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""What ends a command; a worker is born with these blocked, and then ignores them."""

_PAUSE = 0.2  # seconds between two words on how a task gets on
_ENDED = 1


def main() -> None:
    """Do tasks until the last."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print goes elsewhere
    sys.stdout = sys.stderr
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(lines,), daemon=True).start()

    def say(word: str, content: object) -> None:
        print(json.dumps({word: content}), file=replies, flush=True)

    from .plugins import Plugins  # noqa: PLC0415  after the signals are cared for

    plugins = Plugins(json.loads(lines.get()))
    while True:
        say("outcome", _outcome(json.loads(lines.get()), plugins, say))


def _listen(lines: queue.SimpleQueue[str]) -> None:
    """Pass on each line that comes in; when there can be no more, end the process."""
    with contextlib.suppress(OSError, ValueError):
        for line in sys.stdin:
            lines.put(line)
    os._exit(_ENDED)


def _outcome(order: dict[str, Any], plugins: Any, say: Callable[[str, object], None]) -> dict[str, Any]:
    """Do what ``order`` says and return its measures, or why it failed."""
    from .errors import SnnError  # noqa: PLC0415  as above
    from .progress import Progress  # noqa: PLC0415
    from .staging import Task, perform  # noqa: PLC0415

    last = 0.0

    def tell(step: Progress) -> None:
        nonlocal last
        if step.note:
            say("note", [step.stage, step.note])
        if step.total and time.monotonic() > last + _PAUSE:
            last = time.monotonic()
            say("share", step.done / step.total)

    try:
        with _warnings_said(say):
            return {"measures": perform(Task(**order["task"]), plugins, tell, order["processors"]), "error": ""}
    except SnnError as error:
        return {"error": " ".join(str(error).split()), "hint": error.hint}
    except Exception as error:  # noqa: BLE001  one point that fails must not end the sweep
        told = " ".join(f"{type(error).__name__}: {error}".split())
        return {"error": told, "traceback": traceback.format_exc()}


@contextlib.contextmanager
def _warnings_said(say: Callable[[str, object], None]) -> Iterator[None]:
    """Send deviations to who prints them; other libraries' warnings are printed as Python has them."""
    from .errors import ConversionWarning  # noqa: PLC0415  as above

    before = warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if issubclass(category, ConversionWarning):
            say("warning", str(message))
        else:
            before(message, category, filename, lineno, file, line)

    with warnings.catch_warnings():
        warnings.simplefilter("always", ConversionWarning)
        warnings.showwarning = show
        yield
