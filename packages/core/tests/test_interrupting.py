"""A program that is told to end does: its handlers, and exceptions that were lost."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest
from click import Abort
from snn.cli.interrupting import Interrupted, Terminated, ended_by, handled, hinted

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="signals are of POSIX")


def ended(work, number=signal.SIGINT):
    """Return the exception with which ``work`` ends, told to at its beginning."""
    try:
        with handled():
            try:
                os.kill(os.getpid(), number)
                time.sleep(10)
            finally:
                work()
    except KeyboardInterrupt as error:
        return error
    raise AssertionError("nobody ended it")


def test_a_signal_ends_what_is_done_and_handlers_are_put_back():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    assert type(ended(lambda: None)) is KeyboardInterrupt
    assert type(ended(lambda: None, signal.SIGTERM)) is Terminated
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_second_signal_does_not_disturb_the_cleaning_up():
    cleaned = []

    def clean():
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.3)  # more than the time after which an exception that was lost is raised again
        cleaned.append("all")

    ended(clean)
    assert cleaned == ["all"]


def test_an_exception_that_was_lost_is_raised_again():
    lost = []

    def careless():
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(10)
        except BaseException as error:  # noqa: BLE001  as some libraries do
            lost.append(error)

    def work():
        with handled():
            careless()
            time.sleep(10)
            raise AssertionError("nobody ended it")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert len(lost) == 1


def test_what_was_ignored_stays_ignored():
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with handled():
            os.kill(os.getpid(), signal.SIGTERM)
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


def test_other_threads_leave_signals_alone():
    found = []

    def work():
        with handled():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [signal.getsignal(signal.SIGINT)]


def test_the_end_is_told_with_its_hint_and_code():
    def end(error):
        try:
            with hinted(lambda: "go on so"):
                raise error
        except Interrupted as interrupted:
            aborted = Abort()
            aborted.__cause__ = interrupted
            return ended_by(aborted)

    said = "every file written so far is whole"
    assert end(KeyboardInterrupt()) == (f"interrupted; {said}", "go on so", 130)
    assert end(Terminated(15)) == (f"terminated; {said}", "go on so", 143)
    assert ended_by(KeyboardInterrupt()) == (f"interrupted; {said}", "the same command starts again", 130)
