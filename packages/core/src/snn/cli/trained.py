"""Show on a terminal what came of a training: a few epochs, a picture of all, and what to do next."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.style import Style
from rich.table import Table
from rich.text import Text

from .. import toml
from ..epochs import Epoch, Epochs
from ..reporters.amounts import percent
from ..run_file import ENTERING, RunFile
from ..tables import SimulateSettings
from ..training_runs import TRAINED, Trained

_ROWS = 5  # of the picture
_WIDTH = 60  # of its columns, at most
_MARKS = 8  # epochs in the table, about
_BLOCKS = " ▁▂▃▄▅▆▇█"


def show(trained: Trained) -> None:
    """Print what came of a training that has a folder."""
    terminal = Console(highlight=False)
    epochs, best = trained.epochs, trained.epochs.best
    if best is not None:
        terminal.print(_table(epochs, best))
        if len(epochs.counted) > 1:
            terminal.print(_picture(epochs, best, terminal.width))
        what = "validation samples" if epochs.validated else "samples that it learnt from"
        last = epochs.rows[-1]
        terminal.print(
            f"best in epoch {best.epoch}: {percent(best.worth)} of the {what} right; "
            f"{sum(row.seconds for row in epochs.rows):.3g} s for {last.epoch} epochs",
            soft_wrap=True,
        )
    terminal.print(f"the trained network, and all else, in {trained.folder}", soft_wrap=True, markup=False)
    terminal.print(Text.assemble(("hint: ", "cyan"), f"try it: {_next(trained)}"), soft_wrap=True)


def _table(epochs: Epochs, best: Epoch) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    heads = ["epoch", "loss", "right"] + (["validation loss", "validation right"] if epochs.validated else [])
    for head in [*heads, "seconds", ""]:
        table.add_column(head, justify="left" if not head else "right")
    for row in _chosen(epochs.rows, best):
        cells = [str(row.epoch), f"{row.loss:.4g}", percent(row.accuracy)]
        if epochs.validated:
            loss = row.validation_loss
            cells += ["–" if loss is None else f"{loss:.4g}", percent(row.validation_accuracy)]
        mark = "best" if row.epoch == best.epoch else ""
        table.add_row(*cells, f"{row.seconds:.3g}", mark, style="green" if mark else "")
    return table


def _chosen(rows: Sequence[Epoch], best: Epoch) -> list[Epoch]:
    """Return the first, the best, the last and a few others."""
    step = max(1, len(rows) // _MARKS)
    return [row for place, row in enumerate(rows) if place % step == 0 or row is best or row is rows[-1]]


def _picture(epochs: Epochs, best: Epoch, width: int) -> Text:
    """Return the accuracy of each epoch as a bar; where there are more than columns, the highest of some is shown."""
    rows = epochs.counted
    columns = min(len(rows), _WIDTH, max(10, width - 20))
    groups = [rows[place * len(rows) // columns : (place + 1) * len(rows) // columns] for place in range(columns)]
    finite = [row.worth for row in rows if row.worth >= 0] or [0.0]
    low, high = min(finite), max(finite)
    bars = [max(1.0, _share(max(row.worth for row in group), low, high) * _ROWS * 8) for group in groups]
    wide = max(1, min(4, _WIDTH // columns))
    picture = Text("accuracy on validation samples\n" if epochs.validated else "accuracy on the samples learnt from\n")
    for level in reversed(range(_ROWS)):
        told = {_ROWS - 1: percent(high), 0: percent(low)}.get(level, "")
        picture.append(f"{told:>9} ┤")
        for group, bar in zip(groups, bars, strict=True):
            block = _BLOCKS[round(min(8.0, max(0.0, bar - 8 * level)))]
            picture.append(block * wide, Style(color="green" if best in group else "cyan"))
        picture.append("\n")
    first, last = f"epoch {rows[0].epoch}", str(rows[-1].epoch)
    picture.append(f"{'':>9}  {first}{last:>{max(len(last) + 1, columns * wide - len(first))}}")
    return picture


def _share(value: float, low: float, high: float) -> float:
    """Return where ``value`` is between ``low`` and ``high``; what is no number is below."""
    if value < low:
        return 0.0
    return 1.0 if high <= low else (value - low) / (high - low)


def _next(trained: Trained) -> str:
    """Return the command that simulates the network on what it was validated with, presented as in the training."""
    run = trained.run
    samples = run.train.validate_with or run.train.samples
    words = ["snn", "simulate", str((trained.folder or run.folder) / TRAINED), "--data", str(run.path(samples))]
    if run.general.seed:
        words += ["--seed", str(run.general.seed)]
    if run.data.skip_bad:
        words.append("--skip-bad")
    for setting in _presented(run):
        words += ["--set", setting]
    return shlex.join(words)


def _presented(run: RunFile) -> Iterator[str]:
    """Yield the settings of reading and presenting samples that are not the defaults, as for ``--set``."""
    chosen = run.train.validate_reader if run.train.validate_with else run.train.reader
    if chosen:
        yield f"data.reader={chosen}"
    for name, reader in run.readers.items():
        if not chosen or name == chosen:
            yield from _changed(f"reader.{name}", reader, type(reader)())
    yield from (text for text in _changed("simulate", run.simulate, SimulateSettings()) if _key(text) in ENTERING)


def _changed(where: str, ours: object, default: object) -> Iterator[str]:
    for field in dataclasses.fields(ours):  # type: ignore[arg-type]  # settings are dataclasses
        value = getattr(ours, field.name)
        if value != getattr(default, field.name):
            told = toml.write({field.name: value}).strip().partition(" = ")[2]
            plain = isinstance(value, str) and toml.value_of(value) == value
            yield f"{where}.{field.name}={value if plain else told}"


def _key(setting: str) -> str:
    return setting.partition("=")[0].rpartition(".")[2]
