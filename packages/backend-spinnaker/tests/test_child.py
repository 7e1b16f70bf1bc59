"""A simulator in a process of its own answers, or it is told in one line what became of it."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest
from snn.errors import SimulationError
from snn.progress import Progress, say_nothing
from snn_backend_spinnaker.child import Child


@pytest.fixture
def child(tmp_path):
    child = Child("failing_worker", "worker", tmp_path)
    yield child
    child.close()


def test_what_is_asked_is_answered_after_its_progress(child):
    told = []
    value = np.arange(100_000)
    assert (child.ask("echo", value, told.append) == value).all()
    assert told == [Progress("echo", 1, 2)]


def test_what_it_prints_is_kept_and_does_not_disturb_the_answers(child, tmp_path):
    for _ in range(3):
        assert child.ask("echo", 1, say_nothing) == 1
    child.close()
    assert (tmp_path / "worker.txt").read_text().count("something to see") == 3


def test_what_fails_is_one_line_and_the_process_goes_on(child):
    with pytest.raises(SimulationError, match=r"^worker failed: ValueError: no such thing$") as caught:
        child.ask("fail", None, say_nothing)
    assert "worker.txt" in caught.value.hint
    assert child.ask("echo", 1, say_nothing) == 1


def test_a_process_that_ends_is_told_with_its_last_words(child):
    with pytest.raises(SimulationError, match=r"^worker ended before it answered \(exit code 3\); .*: the last words$"):
        child.ask("die", 3, say_nothing)


def test_an_interrupt_is_for_whoever_asks(child):
    assert child.ask("echo", 1, say_nothing) == 1
    os.kill(child._process.pid, signal.SIGINT)
    assert child.ask("echo", 2, say_nothing) == 2


def test_it_ends_when_it_is_closed_once_or_twice(child):
    child.ask("echo", 1, say_nothing)
    child.close()
    assert child._process.poll() is not None
    child.close()
    with pytest.raises(SimulationError, match="let go"):
        child.ask("echo", 1, say_nothing)


def test_it_ends_when_whoever_began_it_is_gone(child):
    child.ask("echo", 1, say_nothing)
    child._process.stdin.close()
    assert child._process.wait(10) == 0
