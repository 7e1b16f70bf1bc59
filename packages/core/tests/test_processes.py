"""A simulator in a process of its own answers, or it is told in one line what became of it."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from snn.errors import SimulationError
from snn.processes.child import Child
from snn.processes.process import LOG, Process, private_folder
from snn.progress import Progress


@pytest.fixture(autouse=True)
def _worker_is_found(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parent)  # where `failing_worker` is


@pytest.fixture
def told():
    return []


@pytest.fixture
def child(tmp_path, told):
    child = Child("failing_worker", "the worker", tmp_path, kept=True, hint="look", patience_s=20.0, tell=told.append)
    yield child
    child.close()


def test_what_is_asked_is_answered_after_its_progress(child, told):
    value = np.arange(100_000)
    assert (child.ask("echo", value) == value).all()
    assert told == [Progress("echo", 1, 2)]


def test_what_it_prints_is_kept_and_does_not_disturb_the_answers(child, tmp_path):
    for _ in range(3):
        assert child.ask("echo", 1) == 1
    child.close()
    assert (tmp_path / LOG).read_text().count("something to see") == 3


def test_what_fails_is_one_line_and_the_process_goes_on(child):
    with pytest.raises(SimulationError, match=r"^the worker failed to fail: ValueError: no such thing and a long st"):
        child.ask("fail")
    assert child.ask("echo", 1) == 1


def test_a_process_that_ends_is_told_with_its_last_words(child, tmp_path):
    expected = r"^the process of the worker, asked to die, ended with exit code 3: the last words$"
    with pytest.raises(SimulationError, match=expected) as caught:
        child.ask("die", 3)
    assert caught.value.hint == f"look; its log is {tmp_path / LOG}"
    with pytest.raises(SimulationError, match="let go"):
        child.ask("echo", 1)


def test_a_process_that_is_killed_is_told_and_has_been_waited_for(child):
    os.kill(child._process.pid, signal.SIGKILL)
    with pytest.raises(SimulationError, match=r"was ended by SIGKILL"):
        child.ask("echo", 1)
    assert child._process.returncode == -signal.SIGKILL


def test_a_process_that_says_nothing_is_given_up(child):
    child._patience_s = 0.5
    with pytest.raises(SimulationError, match=r"asked to sleep, and has said nothing for 0\.5 s"):
        child.ask("sleep")
    assert child._process.returncode is not None


def test_an_interrupt_ends_the_process(child, monkeypatch):
    def interrupted(word):
        raise KeyboardInterrupt

    monkeypatch.setattr(child, "_hear", interrupted)
    with pytest.raises(KeyboardInterrupt):
        child.ask("echo", 1)
    assert child._process.returncode is not None


def test_it_ends_when_it_is_closed_once_or_twice(child):
    child.ask("echo", 1)
    child.close()
    assert child._process.returncode is not None
    child.close()


def test_it_ends_when_whoever_began_it_is_gone_whatever_it_is_doing(child):
    child.ask("echo", 1)
    child._process.stdin.close()
    assert child._process.wait(20) in (1, -signal.SIGTERM)


def test_it_finds_the_modules_that_this_process_finds_and_none_of_the_folder(child, tmp_path):
    (tmp_path / "numpy.py").write_text("raise SystemExit")
    assert set(map(os.path.abspath, sys.path)) == set(child.ask("path"))


def test_folders_are_its_own_and_temporary_ones_go_with_it(tmp_path):
    assert private_folder(tmp_path, "nest") == tmp_path / "nest"
    assert private_folder(tmp_path, "nest") == tmp_path / "nest-2"
    child = Child("failing_worker", "the worker", private_folder(None, "nest"), kept=False, hint="look")
    assert (child.folder / LOG).exists()
    child.close()
    assert not child.folder.exists()


def program(folder, text, **more):
    return Process([sys.executable, "-c", text], "the program", folder, kept=True, hint="look", **more)


def test_a_program_is_waited_for_and_what_it_prints_is_kept(tmp_path):
    program(tmp_path, "import sys; print('out', flush=True); print('err', file=sys.stderr)").wait(20)
    assert (tmp_path / LOG).read_text().split() == ["out", "err"]


def test_a_program_that_fails_is_told_with_its_exit_code_and_its_last_line(tmp_path):
    with pytest.raises(SimulationError, match=r"^the process of the program ended with exit code 4: no such file$"):
        program(tmp_path, "print('no such file'); raise SystemExit(4)").wait(20)


def test_a_program_that_hangs_is_ended_and_told(tmp_path):
    hanging = program(tmp_path, "import time; print('begun', flush=True); time.sleep(60)")
    with pytest.raises(SimulationError, match=r"^the program has not ended after 1 s") as caught:
        hanging.wait(1.0)
    assert caught.value.hint == f"look; its log is {tmp_path / LOG}"
    assert hanging._process.returncode == -signal.SIGTERM


def test_a_program_that_does_not_end_when_it_is_asked_to_is_ended_by_force(tmp_path):
    text = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    hanging = program(tmp_path, text)
    while not (tmp_path / LOG).read_text():
        time.sleep(0.01)
    hanging.close()
    assert hanging._process.returncode == -signal.SIGKILL


def test_what_a_program_has_started_ends_with_it(tmp_path):
    text = "import subprocess, time; p = subprocess.Popen(['sleep', '60']); print(p.pid, flush=True); time.sleep(60)"
    parent = program(tmp_path, text)
    while not (tmp_path / LOG).read_text().endswith("\n"):
        time.sleep(0.01)
    parent.close()
    stat = Path("/proc") / (tmp_path / LOG).read_text().strip() / "stat"
    assert not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] in "ZX"  # nobody may have buried it yet


def test_a_program_that_is_not_there_is_told(tmp_path):
    with pytest.raises(SimulationError, match=r"^the program cannot be started: /no/such: No such file or directory$"):
        Process(["/no/such"], "the program", tmp_path, kept=True, hint="look")
