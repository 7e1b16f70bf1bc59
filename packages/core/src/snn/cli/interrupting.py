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
    ending, complain, before = _Ending(), sys.unraisablehook, {}
    sys.unraisablehook = lambda lost: None if ending.is_of(lost.exc_value) else complain(lost)
    for name in _ENDING:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            before[number] = signal.signal(number, ending.raise_for)  # one that is ignored, as by nohup, stays so
    try:
        yield
    finally:
        ending.rest()
        sys.unraisablehook = complain
        for number, handler in before.items():
            signal.signal(number, handler)


class _Ending:
    """What was raised to end a command."""

    def __init__(self) -> None:
        self._raised: list[KeyboardInterrupt] = []
        self._last = float("-inf")

    def raise_for(self, number: int, _: FrameType | None) -> None:
        """Raise what signal ``number`` asks for, unless the end is under way."""
        if self._under_way and time.monotonic() < self._last + _CALM:
            return
        self._last = time.monotonic()
        self._raised.append(KeyboardInterrupt() if number == signal.SIGINT else Terminated(number))
        if hasattr(signal, "setitimer"):
            signal.signal(signal.SIGALRM, self._raise_again)
            signal.setitimer(signal.ITIMER_REAL, _PAUSE, _PAUSE)
        raise self._raised[-1]

    def rest(self) -> None:
        """Raise nothing any more."""
        if self._raised and hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)

    def is_of(self, error: BaseException | None) -> bool:
        """Return whether ``error`` was raised here."""
        return any(error is known for known in self._raised)

    def _raise_again(self, *_: object) -> None:
        if not self._under_way:
            raise self._raised[-1]

    @property
    def _under_way(self) -> bool:
        """Whether an exception from here is being handled by who was interrupted now."""
        error = sys.exc_info()[1]
        seen: set[int] = set()
        while error is not None and id(error) not in seen:
            if self.is_of(error):
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
