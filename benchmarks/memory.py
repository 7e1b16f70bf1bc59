"""Measure what the engine needs besides time to simulate: memory, recording, and time to get ready: see README.md."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
from networks import EXAMPLES
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).resolve().parent


def child(samples: int, steps: int, *, record: int, turns: int, threads: int) -> None:
    """Simulate the golden CNN, and say how long it took and how much memory at most.

    ``record``: 1 keeps the spikes of all layers, 2 lists them too.
    """
    started = perf_counter()
    from snn.clock import Clock  # noqa: PLC0415  that imports are slow is part of what is measured
    from snn.converting import convert  # noqa: PLC0415
    from snn.encoding import ConstantCurrent  # noqa: PLC0415
    from snn.neurons import IntegrateFire  # noqa: PLC0415
    from snn.simulating import Record, Setup  # noqa: PLC0415
    from snn_backend_inisim.backend import IniSim  # noqa: PLC0415

    example = EXAMPLES["golden"]()
    network = convert(example.network())
    spikes = {layer.name for layer in network.layers if isinstance(layer, IntegrateFire)} if record else set()
    clock = Clock(duration_ms=steps, dt_ms=1)
    simulator = IniSim(threads=threads).build(network, Setup(clock=clock, record=Record(spikes=frozenset(spikes))))
    ready = perf_counter() - started
    times, events = [], 0
    for _ in range(turns):
        begin = perf_counter()
        for start in range(0, samples, 100):  # the batch of a run file
            batch = example.batch(samples)[start : start + 100]
            recording = simulator.run(ConstantCurrent(batch, np.arange(start, start + len(batch)), clock))
            if record > 1:
                events = sum(len(events.neuron) for events in recording.spikes.values())
        times.append(perf_counter() - begin)
    told = {
        "ready": ready,
        "build": simulator.facts()["build_seconds"],
        "times": times,
        "peak": _peak(),
        "events": events,
    }
    sys.stdout.write(json.dumps(told) + "\n")


def _peak() -> int:
    """Return the most memory that this process has held, in bytes."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def ask(
    cache: str, samples: int, steps: int, *, record: int = 0, turns: int = 1, threads: int = 0
) -> dict[str, object]:
    """Return what a child process tells; it finds compiled kernels in the folder ``cache``."""
    words = [str(samples), str(steps), str(record), str(turns), str(threads)]
    done = subprocess.run(  # noqa: S603  the command is ours
        [sys.executable, str(HERE / "memory.py"), "--child", *words],
        env={**os.environ, "NUMBA_CACHE_DIR": cache},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)  # type: ignore[no-any-return]  # a table by what `child` writes


def main() -> None:
    """Run all measurements and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--steps", type=int, nargs=2, default=[100, 1000], help="of the short and of the long run")
    parser.add_argument("--turns", type=int, default=5, help="of the runs with and without recording")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--child", nargs=5, type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        samples, steps, record, turns, threads = chosen.child
        child(samples, steps, record=record, turns=turns, threads=threads)
        return
    table = Table("measured on the golden CNN", "value", title="inisim")
    with tempfile.TemporaryDirectory() as cache:
        cold, warm = (ask(cache, 1, 1, threads=chosen.threads) for _ in range(2))
        table.add_row("kernels compiled: build", f"{cold['build']:.1f} s")
        table.add_row("kernels found on disk: build", f"{warm['build']:.2f} s")
        table.add_row("kernels found on disk: imports and build", f"{warm['ready']:.2f} s")
        table.add_section()
        short, long = (ask(cache, chosen.samples, steps, threads=chosen.threads) for steps in chosen.steps)
        for steps, told in zip(chosen.steps, (short, long), strict=True):
            peak = int(str(told["peak"])) / 1e6
            table.add_row(f"peak of the process, {chosen.samples} samples, {steps} steps", f"{peak:,.0f} MB")
        table.add_row("long / short", f"{int(str(long['peak'])) / int(str(short['peak'])):.3f}")
        table.add_section()
        medians = []
        whats = "nothing recorded", "spikes of all layers recorded", "recorded, and listed as events"
        for record, what in enumerate(whats):
            told = ask(cache, 100, 50, record=record, turns=chosen.turns, threads=chosen.threads)
            medians.append(statistics.median(told["times"]))  # type: ignore[call-overload]  # a list of seconds
            table.add_row(f"100 samples, 50 steps, {what}", f"{1e3 * medians[-1]:.1f} ms")
        table.add_row("recorded / not", f"{medians[1] / medians[0]:.2f}")
        table.add_row(f"recorded and listed ({told['events']:,} events) / not", f"{medians[2] / medians[0]:.2f}")
    Console(width=None if sys.stdout.isatty() else 100).print(table)


if __name__ == "__main__":
    main()
