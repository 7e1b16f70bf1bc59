"""What a training told of its epochs, and the table it is kept in."""

from __future__ import annotations

import csv
import dataclasses
import io
import math
from dataclasses import dataclass
from pathlib import Path

from . import writing
from .errors import OutputError
from .progress import EpochProgress
from .reading import check_regular

FILE = "training.csv"
_LONGEST = 2**26  # bytes


@dataclass(frozen=True)
class Epoch:
    """The columns of the table; accuracies are shares, from 0 to 1, and None is what was not looked at."""

    epoch: int
    loss: float
    accuracy: float
    validation_loss: float | None = None
    validation_accuracy: float | None = None
    seconds: float = 0.0

    @property
    def worth(self) -> float:
        """The accuracy that counts: on what was not learnt from, where there is such."""
        worth = self.accuracy if self.validation_accuracy is None else self.validation_accuracy
        return -math.inf if math.isnan(worth) else worth


COLUMNS = tuple(field.name for field in dataclasses.fields(Epoch))


@dataclass(frozen=True)
class Epochs:
    """The epochs of a training, in order."""

    rows: tuple[Epoch, ...] = ()

    def after(self, step: EpochProgress) -> Epochs:
        """Return these and the epoch that ``step`` tells of; it, and what comes after it, is replaced."""
        values = {name: getattr(step, name) for name in COLUMNS if name != "epoch"}
        plain = {name: None if value is None else float(value) for name, value in values.items()}
        own = Epoch(int(step.epoch), **plain)  # type: ignore[arg-type]  # none is None but those that may be
        return Epochs((*(row for row in self.rows if row.epoch < own.epoch), own))

    @property
    def validated(self) -> bool:
        """Whether there are accuracies on samples that were not learnt from."""
        return any(row.validation_accuracy is not None for row in self.rows)

    @property
    def counted(self) -> tuple[Epoch, ...]:
        """Those that can be compared: all, or, where some were validated, these."""
        return tuple(row for row in self.rows if row.validation_accuracy is not None) if self.validated else self.rows

    @property
    def best(self) -> Epoch | None:
        """The first of those with the highest accuracy."""
        return max(self.counted, key=lambda row: row.worth, default=None)


def save(epochs: Epochs, path: Path) -> None:
    """Write the table to ``path``, whole or not at all."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for epoch in epochs.rows:
        rows.writerow(["" if value is None else value for value in dataclasses.astuple(epoch)])
    writing.write(path, text.getvalue())


def load(path: Path) -> Epochs:
    """Return what `save` has written to ``path``; nothing, where there is no such file."""
    if not path.exists():
        return Epochs()
    try:
        check_regular(path, _LONGEST)
        rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
        if tuple(rows[:1][0] if rows else ()) != COLUMNS:
            raise ValueError(f"its columns are not {', '.join(COLUMNS)}")  # noqa: TRY301  told as the others
        return Epochs(tuple(_epoch(row) for row in rows[1:]))
    except (OSError, ValueError, csv.Error) as error:
        raise OutputError(f"{path} cannot be read: {error}", hint="move it away to go on without it") from error


def _epoch(row: list[str]) -> Epoch:
    number, *values = row
    if len(values) != len(COLUMNS) - 1:
        raise ValueError(f"a row has {len(row)} columns, not {len(COLUMNS)}")
    loss, accuracy, validation_loss, validation_accuracy, seconds = (
        float(value) if value else None for value in values
    )
    if loss is None or accuracy is None or seconds is None:
        raise ValueError("a row lacks the loss, the accuracy or the seconds")
    return Epoch(int(number), loss, accuracy, validation_loss, validation_accuracy, seconds)
