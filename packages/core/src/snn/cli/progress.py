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
    """Return a `Tell` that prints notes and draws a bar a stage, on stderr; without a terminal, notes only.

    Notes go to ``log`` as well.
    """
    console = Console(stderr=True, highlight=False)
    columns = (TextColumn("{task.description:>10}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:

        def tell(step: progress.Progress) -> None:
            if step.note and log:
                log.info("%s: %s", step.stage, step.note)
            if step.note:
                console.print(f"{step.stage}: {step.note}", style="dim", markup=False, soft_wrap=True)
            if step.total:
                if step.stage not in tasks:
                    tasks[step.stage] = bars.add_task(step.stage, total=step.total)
                bars.update(tasks[step.stage], completed=step.done, total=step.total)

        yield tell
