"""Processes that do tasks: their answers, their deaths, and that none is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from snn.workers import Workers

ORDER = {"task": {"does": "simplified", "tables": {"source": "none.keras"}, "target": "none.snn"}, "processors": None}


def outcome(workers):
    while (message := workers.hear()).word != "outcome":
        pass
    return message


def test_an_error_is_an_answer_and_the_process_does_the_next_task():
    with Workers(1) as workers:
        first = workers.give(ORDER)
        assert not workers.free
        found = outcome(workers)
        assert (found.worker, workers.free) == (first, True)
        assert "none.keras" in found.content["error"]
        assert found.content["hint"]
        assert workers.give({"task": {"strange": 1}, "processors": None}) == first
        found = outcome(workers)
        assert found.content["error"].startswith("TypeError: ")
        assert "Traceback" in found.content["traceback"]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="of POSIX")
def test_a_process_that_is_killed_fails_its_task_and_another_takes_its_place():
    with Workers(1) as workers:
        number = workers.give(ORDER)
        process = workers._processes[number].popen
        process.kill()
        found = outcome(workers)
        if "none.keras" not in found.content["error"]:  # it was not done yet
            assert found.content["error"].startswith("its process was ended by SIGKILL")
        assert workers.free
        assert workers.give(ORDER) != number
        assert "none.keras" in outcome(workers).content["error"]
    assert all(process.popen.poll() is not None for process in workers._processes.values())


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="of POSIX")
def test_processes_end_with_who_started_them():
    code = "import time; from snn.workers import Workers; w = Workers(1); w._start()\n"
    code += "print(w._processes[1].popen.pid, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        worker = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 30
    while there(worker):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def there(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
