"""Compare the time of a simulation with that of as many analog passes, and with other simulators: see README.md."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from networks import EXAMPLES
from rich.console import Console
from rich.table import Table
from rivals import CONTENDERS
from snn.network import Array

HERE = Path(__file__).resolve().parent
STEP_LOOP = "PyTorch, step by step"  # what the classes of the others are compared with
SLOWING = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")  # some images set them, for other machines
KEEPING = dict.fromkeys(("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"), "1000000000")
QUIET = 0.5  # of the load of the last minute
ANCESTOR = (
    "SNN toolbox 0.6: not run, since its old TensorFlow needs an environment of its own. On the golden CNN it was once "
    "measured at 162 us of CPU a sample and step at batch 100, and 6,975 us at batch 1."
)


@dataclass(frozen=True)
class Measurement:
    """What was found of a contender; times in milliseconds, of all steps."""

    example: str
    batch: int
    contender: str
    skipped: str = ""
    median: float = 0.0
    times: tuple[float, ...] = ()
    ratio: float | None = None
    agreement: float | None = None
    rate: float | None = None


class Child:
    """A contender's process."""

    def __init__(
        self, name: str, example: Path, batch: int, steps: int, threads: int, folder: Path, python: str
    ) -> None:
        self.name = name
        self.output = folder / f"{len(list(folder.iterdir()))}.npy"
        words = [name, str(example), str(batch), str(steps), str(threads), str(self.output)]
        self._process = subprocess.Popen(  # noqa: S603  the command is ours, the interpreter the user's
            [python, str(HERE / "contender.py"), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(threads),
        )
        self.first = self._answer()
        self.skipped = self.first.get("skipped", "")

    def milliseconds(self) -> float:
        """Return how long a run takes."""
        if self._process.stdin is None:
            raise RuntimeError("the process has no input")
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        return 1e3 * self._answer()["seconds"]

    def classes(self) -> Array:
        """Return the class it gives each sample."""
        return np.load(self.output).argmax(axis=1)

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _answer(self) -> dict[str, object]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        return json.loads(line) if line else {"skipped": "its process failed; the reason is above"}


def environment(threads: int) -> dict[str, str]:
    """Return the environment in which contenders are at their best."""
    kept = {name: value for name, value in os.environ.items() if name not in SLOWING}
    return {**kept, **KEEPING, "OMP_NUM_THREADS": str(threads), "NUMBA_NUM_THREADS": str(threads)}


def measure(key: str, batch: int, chosen: argparse.Namespace, console: Console) -> list[Measurement]:
    """Return what all contenders do with an example, by turns."""
    example = EXAMPLES[key]()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        example.save(folder / "example.npz")
        children = []
        for contender in chosen.contenders:
            with console.status(f"{example.name}, batch {batch}: {contender}"):
                children.append(
                    Child(contender, folder / "example.npz", batch, chosen.steps, chosen.threads, folder, chosen.python)
                )
        times: dict[str, list[float]] = {child.name: [] for child in children if not child.skipped}
        for turn in range(chosen.turns):
            for child in children:
                if not child.skipped:
                    with console.status(f"{example.name}, batch {batch}, turn {turn + 1}: {child.name}"):
                        times[child.name].append(child.milliseconds())
        for child in children:
            child.close()
        return _measurements(example.name, batch, children, times)


def _measurements(example: str, batch: int, children: list[Child], times: dict[str, list[float]]) -> list[Measurement]:
    medians = {name: statistics.median(each) for name, each in times.items()}
    yardstick = min((medians[name] for name in medians if CONTENDERS[name].analog), default=None)
    reference = next((child.classes() for child in children if child.name == STEP_LOOP and not child.skipped), None)
    found = []
    for child in children:
        if child.skipped:
            found.append(Measurement(example, batch, child.name, str(child.skipped)))
            continue
        same = None if reference is None else float((child.classes() == reference).mean())
        found.append(
            Measurement(
                example,
                batch,
                child.name,
                median=medians[child.name],
                times=tuple(times[child.name]),
                ratio=None if yardstick is None else medians[child.name] / yardstick,
                agreement=same,
                rate=child.first.get("rate"),  # type: ignore[arg-type]  # a number or nothing
            )
        )
    return found


def table(found: list[Measurement], steps: int, turns: int, threads: int) -> Table:
    """Return the table of all measurements."""
    made = Table(title=f"{steps} steps, {threads} threads, medians of {turns} turns")
    for column in ("network", "batch", "contender", "ms", "from", "to", "/ best analog", "same class", "spikes"):
        made.add_column(column, justify="left" if column in ("network", "contender") else "right")
    before = None
    for each in found:
        here = (each.example, str(each.batch))
        if before not in (None, here):
            made.add_section()
        first = here if here != before else ("", "")
        before = here
        if each.skipped:
            made.add_row(*first, each.contender, f"[dim]{each.skipped}[/dim]")
            continue
        made.add_row(
            *first,
            each.contender,
            *(f"{value:,.2f}" for value in (each.median, min(each.times), max(each.times))),
            "" if each.ratio is None else f"{each.ratio:.2f}",
            "" if each.agreement is None else f"{100 * each.agreement:.0f} %",
            "" if each.rate is None else f"{100 * each.rate:.1f} %",
        )
    return made


def keep(chosen: argparse.Namespace, load: float, found: list[Measurement]) -> None:
    """Write what was measured so far, and under what circumstances."""
    kept = {"platform": platform.platform(), "load": load, "settings": {**vars(chosen), "json": str(chosen.json)}}
    chosen.json.write_text(json.dumps({**kept, "found": [asdict(each) for each in found]}, indent=1))


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", nargs="+", choices=EXAMPLES, default=list(EXAMPLES))
    parser.add_argument("--batches", nargs="+", type=int, default=[100, 1])
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    parser.add_argument("--turns", type=int, default=5, help="the median of so many is given")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--python", default=sys.executable, help="the interpreter of the contenders (default: this one)"
    )
    parser.add_argument("--json", type=Path, help="keep everything measured in this file")
    chosen = parser.parse_args()
    load = os.getloadavg()[0]
    console = Console(width=None if sys.stdout.isatty() else 120)
    found: list[Measurement] = []
    for key in chosen.networks:
        for batch in chosen.batches:
            found += measure(key, batch, chosen, console)
            if chosen.json:
                keep(chosen, load, found)
    console.print(table(found, chosen.steps, chosen.turns, chosen.threads))
    console.print(
        f"Contenders run with {', '.join(f'{n}={v}' for n, v in KEEPING.items())}, without {' and '.join(SLOWING)},"
    )
    console.print("each in a process of its own, by turns. Spikes: of a neuron in a step, in the step loop.")
    console.print(ANCESTOR)
    if load > QUIET:
        console.print(f"[bold]The machine was not quiet[/bold]: its load was {load:.1f} before. Times are of no use.")


if __name__ == "__main__":
    main()
