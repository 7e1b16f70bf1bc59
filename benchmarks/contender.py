"""One contender in a process of its own: its threads and its allocator are no part of the others'.

    python contender.py NAME EXAMPLE.npz BATCH STEPS THREADS OUTPUT.npy

It runs once, writes what it found, and says so; then it answers each line with the seconds that a run takes: the mean
of as many runs as fill a third of a second, after one that is not counted, because the contender before has had the
caches, and its threads may still wait in a loop. A run of over a second is measured alone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from networks import Example
from rivals import CONTENDERS

LONG_ENOUGH = 0.33  # seconds of measured runs
MOST_RUNS = 200


def main(name: str, path: str, batch: str, steps: str, threads: str, output: str) -> None:
    """Answer until there is no more to read."""
    try:
        run = CONTENDERS[name].make(Example.load(Path(path)), int(batch), int(steps), int(threads))
    except ImportError as error:
        _say({"skipped": f"{error.name or error} is not installed"})
        return
    once = _timed(run, 1, output)
    count = max(1, min(MOST_RUNS, int(LONG_ENOUGH / once)))
    _say({"rate": run.rate() if hasattr(run, "rate") else None})
    for _ in sys.stdin:
        if once < 1:
            _timed(run, 1)
        _say({"seconds": _timed(run, count)})


def _timed(run: Callable[[], Any], count: int, output: str = "") -> float:
    """Return the mean seconds of ``count`` runs; write what the last has found to ``output``."""
    started = perf_counter()
    for _ in range(count):
        found = run()
    seconds = (perf_counter() - started) / count
    if output:
        np.save(output, found)
    return seconds


def _say(answer: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
