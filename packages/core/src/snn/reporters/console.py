"""Print a table of what a run found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ..reporting import Reporter
from ..result import Result

if TYPE_CHECKING:
    from rich.table import Table

_MARKS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)  # the steps that are shown, and the last


@dataclass(frozen=True)
class Console(Reporter):
    """Prints accuracy over time, agreement and operations as a table."""

    name: ClassVar[str] = "console"

    def report(self, result: Result, folder: Path | None) -> None:
        from rich.console import Console as Terminal  # noqa: PLC0415  not for those who never print

        terminal = Terminal(highlight=False)
        terminal.print(_over_time(result))
        terminal.print(_summary(result))
        if folder is not None:
            terminal.print(f"results in {folder}", soft_wrap=True)


def _over_time(result: Result) -> Table:
    from rich.table import Table  # noqa: PLC0415  as above

    table = Table(title=f"{result.name} on {result.backend}: {result.samples} samples", title_justify="left")
    for heading in ("time", "accuracy", "", "agreement", "operations"):
        table.add_column(heading, justify="left" if not heading else "right")
    accuracy, agreement, operations = result.accuracy, result.agreement, result.operations
    for step in [mark for mark in _MARKS if mark < result.steps] + [result.steps]:
        table.add_row(
            f"{step * result.clock.dt_ms:g} ms",
            _percent(None if accuracy is None else float(accuracy[step - 1])),
            "" if accuracy is None else "█" * round(20 * float(accuracy[step - 1])),
            _percent(None if agreement is None else float(agreement[step - 1])),
            "–" if operations is None else _count(float(operations[step - 1].mean())),
        )
    return table


def _summary(result: Result) -> Table:
    from rich.table import Table  # noqa: PLC0415  as above

    table = Table(show_header=False, box=None)
    accuracy = result.accuracy
    table.add_row("analog accuracy", _percent(result.analog_accuracy))
    table.add_row("spiking accuracy", _percent(None if accuracy is None else float(accuracy[-1])))
    agreement = result.agreement
    table.add_row("agreement", _percent(None if agreement is None else float(agreement[-1])))
    if result.operations_per_sample is not None:
        told = _count(result.operations_per_sample)
        if result.analog_operations:
            ratio = result.operations_per_sample / result.analog_operations
            analog = _count(result.analog_operations)
            told += f", {ratio:.2f} × the analog network's {analog} multiply-adds"
        table.add_row("operations", told)
    table.add_row("decided for good", f"after {result.latency_ms.mean():.3g} ms on average")
    table.add_row("simulated in", f"{result.seconds:.2f} s")
    return table


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.2f} %"


def _count(number: float) -> str:
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number:.3g}"
