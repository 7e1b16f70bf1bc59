"""What a reporter promises: to tell what is there, and to write only where it is told to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ..dataset import UNKNOWN
from ..reporting import Reporter
from ..result import Result
from . import golden_results as golden
from .outcome import require, require_installed


@contextmanager
def _elsewhere() -> Iterator[Path]:
    """Work in an empty folder, with a folder ``run`` in it, and without a terminal."""
    before = Path.cwd()
    with TemporaryDirectory() as name, redirect_stdout(StringIO()):
        home = Path(name)
        (home / "run").mkdir()
        os.chdir(home)
        try:
            yield home
        finally:
            os.chdir(before)


def _report(reporter: Reporter, result: Result, *, times: int = 1) -> None:
    """Have ``result`` reported into a folder, and require that nothing else is touched."""
    require_installed("reporter", reporter)
    with _elsewhere() as home:
        kept = home / "run" / "kept-by-somebody-else.txt"
        kept.write_text("as it was", encoding="utf-8")
        for _ in range(times):
            reporter.report(result, home / "run")
        beside = sorted(path.name for path in home.iterdir() if path.name != "run")
        require(not beside, f"it wrote outside its folder: {', '.join(beside)}")
        require(kept.is_file() and kept.read_text(encoding="utf-8") == "as it was", "it touched another's file")


def writes_only_into_its_folder(reporter: Reporter) -> None:
    """Write into the folder it is given, and leave what else is there."""
    _report(reporter, golden.result())


def writes_nothing_without_a_folder(reporter: Reporter) -> None:
    """Write no file where the run keeps none."""
    require_installed("reporter", reporter)
    with _elsewhere() as home:
        reporter.report(golden.result(), None)
        found = sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.name != "run")
        require(not found, f"it wrote {', '.join(found)}")


def reports_again(reporter: Reporter) -> None:
    """Report into a folder that it has written to before."""
    _report(reporter, golden.result(), times=2)


def works_without_operations(reporter: Reporter) -> None:
    """Report what a backend found that does not count operations."""
    _report(reporter, replace(golden.result(), operations=None))


def works_without_labels(reporter: Reporter) -> None:
    """Report on samples whose class is known of some or of none."""
    labels = golden.result().labels.copy()
    labels[1] = UNKNOWN
    _report(reporter, replace(golden.result(), labels=labels))
    _report(reporter, replace(golden.result(), labels=np.full_like(labels, UNKNOWN)))


def works_without_analog(reporter: Reporter) -> None:
    """Report on a network that was never analog."""
    spiking = {"spiking": golden.result().networks["spiking"]}
    _report(reporter, replace(golden.result(), networks=spiking, analog=None, analog_operations=None))


def works_while_undecided(reporter: Reporter) -> None:
    """Report on a network that has not decided for any class in the only step of the run."""
    result = golden.result()
    undecided = np.full_like(result.spiking[:1], -1)
    operations = np.zeros((1, result.samples))
    _report(reporter, replace(result, spiking=undecided, operations=operations, clock=golden.one_step()))


def leaves_the_result_alone(reporter: Reporter) -> None:
    """Change nothing in the result."""
    result, before = golden.result(), golden.result()
    _report(reporter, result)
    for name in ("labels", "analog", "spiking", "operations"):
        np.testing.assert_array_equal(getattr(result, name), getattr(before, name), err_msg=name)


def tells_of_a_sweep(reporter: Reporter) -> None:
    """Tell of a sweep, or let it pass: write into the folder it is given only, and again if asked again."""
    require_installed("reporter", reporter)
    sweep = golden.sweep()
    unlabelled = [replace(p, measures={**p.measures, "accuracy": None}) for p in sweep.points if p.status == "done"]
    with _elsewhere() as home:
        for told in (sweep, sweep, replace(sweep, points=tuple(unlabelled)), replace(sweep, points=sweep.failed)):
            reporter.sweep(told, home / "run")
        beside = sorted(path.name for path in home.iterdir() if path.name != "run")
        require(not beside, f"it wrote outside its folder: {', '.join(beside)}")
