"""One contender in a process of its own: its threads and its allocator are no part of the others'.

    python contender.py NAME EXAMPLE.npz BATCH STEPS THREADS OUTPUT.npy

It runs once, writes what it found, and says so; then it answers each line with the seconds that a run takes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import perf_counter

import numpy as np
from networks import Example
from rivals import CONTENDERS


def main(name: str, path: str, batch: str, steps: str, threads: str, output: str) -> None:
    """Answer until there is no more to read."""
    try:
        run = CONTENDERS[name].make(Example.load(Path(path)), int(batch), int(steps), int(threads))
    except ImportError as error:
        _say({"skipped": f"{error.name or error} is not installed"})
        return
    np.save(output, run())
    _say({"rate": run.rate() if hasattr(run, "rate") else None})
    for _ in sys.stdin:
        started = perf_counter()
        run()
        _say({"seconds": perf_counter() - started})


def _say(answer: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
