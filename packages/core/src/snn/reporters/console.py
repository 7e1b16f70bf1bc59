"""Print a table of what a run found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ..measures.layer import LayerMeasures
from ..reporting import Needs, Reporter
from ..result import Result
from ..swept import Sweep
from .amounts import count, percent

if TYPE_CHECKING:
    from rich.table import Table

_MARKS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)  # the steps that are shown, and the last

_SHOWN_SHARE = 0.01  # of the deviation, from which on a part of it is spoken of


@dataclass(frozen=True)
class Console(Reporter):
    """Prints accuracy over time, layers with their error budgets, operations and energy; of a sweep, its points."""

    name: ClassVar[str] = "console"
    needs: ClassVar[Needs] = Needs(simulated=False)

    def report(self, result: Result, folder: Path | None) -> None:
        from rich.console import Console as Terminal  # noqa: PLC0415  not for those who never print

        terminal = Terminal(highlight=False)
        if result.not_simulated:
            terminal.print(_facts(result))
            told = f"nothing was simulated, so there is no accuracy: {result.not_simulated}"
            terminal.print(told, style="yellow", soft_wrap=True, markup=False)
            if folder is not None:
                terminal.print(f"results in {folder}", soft_wrap=True)
            return
        terminal.print(_over_time(result))
        if result.layers:
            terminal.print(_by_layer(result))
            reasons = dict.fromkeys(layer.unsplit for layer in result.layers if layer.unsplit and not layer.compared)
            for reason in reasons:
                terminal.print(f"note: layers are not compared with the analog network: {reason}", soft_wrap=True)
        terminal.print(_summary(result))
        if result.advice is not None:
            terminal.print(f"note: {result.advice.text}", style="yellow", soft_wrap=True, markup=False)
        if folder is not None:
            terminal.print(f"results in {folder}", soft_wrap=True)

    def sweep(self, sweep: Sweep, folder: Path) -> None:
        from rich.console import Console as Terminal  # noqa: PLC0415  as above

        from .sweeps import errors, table  # noqa: PLC0415  as above

        terminal = Terminal(highlight=False)
        terminal.print(table(sweep, terminal.width))
        for line in errors(sweep):
            terminal.print(line, style="red", markup=False, soft_wrap=True)
        terminal.print(f"results in {folder}", soft_wrap=True)


def _facts(result: Result) -> Table:
    """Return what the backend told of the network that it built, a row a fact."""
    from rich.markup import escape  # noqa: PLC0415  as above
    from rich.table import Table  # noqa: PLC0415

    table = Table(title=f"{result.name} on {result.backend}: built, not simulated", title_justify="left")
    table.add_column("fact", overflow="fold")
    table.add_column("", overflow="fold")
    for name, value in result.facts.items():
        told = name.replace("_", " ")
        if isinstance(value, Mapping):
            for key, entry in value.items():
                table.add_row(escape(f"{told}, {key}"), escape(str(entry)))
        else:
            table.add_row(escape(told), escape(str(value)))
    return table


def _over_time(result: Result) -> Table:
    from rich.table import Table  # noqa: PLC0415  as above

    table = Table(title=f"{result.name} on {result.backend}: {result.samples} samples", title_justify="left")
    for heading in ("time", "accuracy", "", "agreement", "operations"):
        table.add_column(heading, justify="left" if not heading else "right")
    accuracy, agreement, operations = result.accuracy, result.agreement, result.operations
    for step in [mark for mark in _MARKS if mark < result.steps] + [result.steps]:
        table.add_row(
            f"{step * result.clock.dt_ms:g} ms",
            percent(None if accuracy is None else float(accuracy[step - 1])),
            "" if accuracy is None else "█" * round(20 * float(accuracy[step - 1])),
            percent(None if agreement is None else float(agreement[step - 1])),
            "–" if operations is None else count(float(operations[step - 1].mean())),
        )
    return table


def _by_layer(result: Result) -> Table:
    """Return what each layer of neurons did, and the two parts that add most to its deviation."""
    from rich.markup import escape  # noqa: PLC0415  as above
    from rich.table import Table  # noqa: PLC0415

    table = Table(title="layers, compared with the analog network", title_justify="left")
    table.add_column("layer", overflow="fold")
    for heading in ("correlation", "deviation"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("of which", no_wrap=True)
    for heading in ("silent", "full"):
        table.add_column(heading, justify="right", no_wrap=True)
    for layer in result.layers:
        table.add_row(
            escape(layer.name),
            "–" if layer.correlation is None else f"{layer.correlation:.4f}",
            "–" if layer.deviation is None else f"{layer.deviation.mean_absolute:.4f}",
            _parts(layer),
            *(_of(number, layer.neurons) for number in (layer.silent, layer.saturated)),
        )
    return table


def _parts(layer: LayerMeasures) -> str:
    """Return the parts of the error budget that add most to the deviation, in words."""
    whole = 0.0 if layer.deviation is None else layer.deviation.mean_absolute
    if not layer.budget or not whole:
        return "–"
    shares = {part: error.share / whole for part, error in layer.budget.items()}
    most = sorted(shares, key=lambda part: shares[part], reverse=True)[:2]
    return "\n".join(f"{part} {100 * shares[part]:.0f} %" for part in most if shares[part] >= _SHOWN_SHARE)


def _of(number: int | None, neurons: int) -> str:
    """Return a number of neurons as a share.

    Examples
    --------
    >>> _of(1, 300), _of(299, 300), _of(300, 300)
    ('0.33 %', '99.7 %', '100 %')
    """
    if number is None:
        return "–"
    share = 100 * number / neurons
    return f"{share:.2g} %" if share < 99 else f"{share:.3g} %"  # two digits would make 1e+02 of it


def _summary(result: Result) -> Table:
    from rich.table import Table  # noqa: PLC0415  as above

    table = Table(show_header=False, box=None)
    accuracy = result.accuracy
    table.add_row("analog accuracy", percent(result.analog_accuracy))
    table.add_row("spiking accuracy", percent(None if accuracy is None else float(accuracy[-1])) + _interval(result))
    k = min(result.top_k, result.classes)
    if k > 1 and (top := result.top(k)) is not None:
        table.add_row(f"among the first {k}", f"{percent(float(top[-1]))}, analog {percent(result.analog_top(k))}")
    agreement = result.agreement
    table.add_row("agreement", percent(None if agreement is None else float(agreement[-1])))
    if result.operations_per_sample is not None:
        told = count(result.operations_per_sample)
        if result.analog_operations:
            ratio = result.operations_per_sample / result.analog_operations
            analog = count(result.analog_operations)
            told += f", {ratio:.2f} × the analog network's {analog} multiply-adds"
        table.add_row("operations", told)
    for estimate in result.energy:
        told = f"{estimate.spiking * 1e6:.3g} µJ"
        if estimate.analog is not None:
            told += f", analog {estimate.analog * 1e6:.3g} µJ"
        table.add_row(f"energy, {estimate.name}", told)
    table.add_row("decided for good", f"after {result.latency_ms.mean():.3g} ms on average")
    table.add_row("simulated in", f"{result.seconds:.2f} s")
    return table


def _interval(result: Result) -> str:
    interval = result.accuracy_interval
    if interval is None:
        return ""
    low, high = (100 * float(end) for end in interval[:, -1])
    return f" (95 % interval: {low:.2f} to {high:.2f} %)"
