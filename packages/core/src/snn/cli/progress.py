"""Show on a terminal how a verb gets on."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from .. import progress
from ..progress import Tell
from ..reporters.amounts import percent


@contextmanager
def shown(log: logging.Logger | None = None) -> Iterator[Tell]:
    """Return a `Tell` that prints notes and draws a bar a stage, on stderr; without a terminal, only notes.

    Points of a sweep, and epochs of a training, are a bar on a terminal, and a line each without one.

    Notes go to ``log`` as well.
    """
    console = Console(stderr=True, highlight=False)
    detail = TextColumn("{task.fields[detail]}", style="dim")
    columns = (TextColumn("{task.description:>10}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), detail)
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:

        def tell(step: progress.Progress) -> None:
            for line, always, style in _lines(step):
                if log:
                    log.info("%s: %s", step.stage, line)
                if always or not console.is_terminal:
                    console.print(f"{step.stage}: {line}", style=style, markup=False, soft_wrap=True)
            if step.total:
                if step.stage not in tasks:
                    tasks[step.stage] = bars.add_task(step.stage, total=step.total, detail="")
                bars.update(tasks[step.stage], completed=step.done, total=step.total, detail=_detail(step))

        yield tell


def _lines(step: progress.Progress) -> Iterator[tuple[str, bool, str]]:
    """Yield each line on ``step``, whether a terminal with bars shows it too, and its style."""
    if step.note:
        yield step.note, True, "dim"
    if isinstance(step, progress.SweepProgress) and step.last:
        yield f"{step.done} of {step.total}: {step.last}", ": failed: " in step.last, ""
    if isinstance(step, progress.EpochProgress):
        yield f"epoch {step.epoch} of {step.epochs}: {_epoch(step)}", False, ""


def _detail(step: progress.Progress) -> str:
    """Return what is told beside a bar."""
    if isinstance(step, progress.EpochProgress):
        validated = "" if step.validation_accuracy is None else f", validation {percent(step.validation_accuracy)}"
        return f"loss {step.loss:.3g}, {percent(step.accuracy)}{validated}"
    if not isinstance(step, progress.SweepProgress):
        return ""
    told = [f"{step.running} running at {100 * step.share:.0f} %"] if step.running else []
    return ", ".join([*told, f"{step.failed} failed"] if step.failed else told)


def _epoch(step: progress.EpochProgress) -> str:
    """Return what an epoch came to."""
    told = f"loss {step.loss:.4g}, {percent(step.accuracy)} right"
    if step.validation_accuracy is not None:
        loss = "" if step.validation_loss is None else f"loss {step.validation_loss:.4g}, "
        told += f"; validation: {loss}{percent(step.validation_accuracy)} right"
    return f"{told}; {step.seconds:.3g} s"
