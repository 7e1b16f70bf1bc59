"""Show on a terminal how a verb gets on."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from .. import progress
from ..progress import Tell


@contextmanager
def shown(log: logging.Logger | None = None) -> Iterator[Tell]:
    """Return a `Tell` that prints notes and draws a bar a stage, on stderr; without a terminal, only notes.

    Points of a sweep are a bar on a terminal, and a line each without one.

    Notes go to ``log`` as well.
    """
    console = Console(stderr=True, highlight=False)
    detail = TextColumn("{task.fields[detail]}", style="dim")
    columns = (TextColumn("{task.description:>10}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), detail)
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:

        def tell(step: progress.Progress) -> None:
            if step.note and log:
                log.info("%s: %s", step.stage, step.note)
            if step.note:
                console.print(f"{step.stage}: {step.note}", style="dim", markup=False, soft_wrap=True)
            if step.total:
                if step.stage not in tasks:
                    tasks[step.stage] = bars.add_task(step.stage, total=step.total, detail="")
                bars.update(tasks[step.stage], completed=step.done, total=step.total, detail=_detail(step))
            if isinstance(step, progress.SweepProgress) and step.last:
                line = f"{step.stage}: {step.done} of {step.total}: {step.last}"
                if log:
                    log.info("%s", line)
                if not console.is_terminal or ": failed: " in step.last:
                    console.print(line, markup=False, soft_wrap=True)

        yield tell


def _detail(step: progress.Progress) -> str:
    """Return what is told beside a bar."""
    if not isinstance(step, progress.SweepProgress):
        return ""
    told = [f"{step.running} running at {100 * step.share:.0f} %"] if step.running else []
    return ", ".join([*told, f"{step.failed} failed"] if step.failed else told)
