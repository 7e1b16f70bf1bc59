"""How a command ends when it is told to: at once, with whole files, and with a word on how to go on."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_CALM = 1.0  # seconds in which a second Ctrl-C says nothing new, and would only disturb the cleaning up
_PAUSE = 0.2  # seconds after which an exception that was lost is raised again
_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")


class Interrupted(KeyboardInterrupt):
    """A command was ended; ``hint`` says how to go on."""

    def __init__(self, hint: str) -> None:
        super().__init__(hint)
        self.hint = hint


class Terminated(KeyboardInterrupt):
    """Another program asked the command to end, or its terminal has gone."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def hinted(hint: Callable[[], str]) -> Iterator[None]:
    """Let an interruption of what is done inside be told with ``hint``, made once it has ended."""
    try:
        yield
    except KeyboardInterrupt as error:
        raise Interrupted(hint()) from error


@contextmanager
def handled() -> Iterator[None]:
    """Raise KeyboardInterrupt for every signal that asks a program to end, and see to it that it does end.

    A signal that comes while things are put in order for one before says nothing new. An exception that was lost, as
    one is that is raised while an object is deleted or in a library that catches all, is raised again.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    raised: list[KeyboardInterrupt] = []
    last = float("-inf")

    def end(number: int, _: FrameType | None) -> None:
        nonlocal last
        if _under_way(raised) and time.monotonic() < last + _CALM:
            return
        last = time.monotonic()
        raised.append(KeyboardInterrupt() if number == signal.SIGINT else Terminated(number))
        _ask_again(check)
        raise raised[-1]

    def check(*_: object) -> None:
        if not _under_way(raised):
            raise raised[-1]

    before = {}
    for name in _ENDING:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            before[number] = signal.signal(number, end)  # one that is ignored, as by nohup, stays so
    try:
        yield
    finally:
        if raised:
            _ask_again(None)
        for number, handler in before.items():
            signal.signal(number, handler)


def _ask_again(check: Callable[..., None] | None) -> None:
    """Have ``check`` called every now and then, or no more, where this system can."""
    if hasattr(signal, "setitimer"):
        if check is not None:
            signal.signal(signal.SIGALRM, check)
        signal.setitimer(signal.ITIMER_REAL, 0 if check is None else _PAUSE, _PAUSE)


def _under_way(raised: list[KeyboardInterrupt]) -> bool:
    """Return whether one of the exceptions ``raised`` is being handled by who was interrupted now."""
    error = sys.exc_info()[1]
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if any(error is known for known in raised):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def ended_by(error: BaseException) -> tuple[str, str, int]:
    """Return the word, the hint and the exit code of a command that ``error`` has ended."""
    chain = [error]
    while (cause := chain[-1].__cause__) is not None:
        chain.append(cause)
    hint = next((link.hint for link in chain if isinstance(link, Interrupted)), "the same command starts again")
    number = next((link.number for link in chain if isinstance(link, Terminated)), int(signal.SIGINT))
    word = "interrupted" if number == signal.SIGINT else "terminated"
    return f"{word}; every file written so far is whole", hint, 128 + number
