"""Statistics of training and of testing together: printed, drawn, saved and loaded."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from os import PathLike, fspath
from pathlib import Path

from snn.errors import DataError

from ..utils import original_spelling
from .drawing import draw, save_figure
from .epochs import LearningStatistic, alias
from .files import read_rows, write_rows


class LearningStatistics:
    """Statistics of training and of testing.

    Attributes
    ----------
    training, testing : LearningStatistic
    """

    def __init__(self) -> None:
        self.lines_printed = 0
        self.training = LearningStatistic()
        self.testing = LearningStatistic()

    linesPrinted = alias("lines_printed")  # noqa: N815

    def update(self) -> None:
        """End the epoch: log what was counted, and begin to count anew; what was printed stays on the screen."""
        self.training.update()
        self.testing.update()
        self.lines_printed = 0

    @original_spelling
    def print(
        self,
        epoch: int,
        iter: int | None = None,  # noqa: A002  the original's name
        time_elapsed: float | None = None,
        header: Sequence[str] | str | None = None,
        footer: Sequence[str] | str | None = None,
    ) -> None:
        """Print the epoch so far; in a terminal, over what was printed of it before.

        Parameters
        ----------
        epoch : int
        iter : int or None
            The batch.
        time_elapsed : float or None
            Since the epoch began, s.
        header, footer : lines, or None
            What stands before and after.
        """
        first = f"Epoch {epoch}"
        first += "" if iter is None else f", batch {iter}"
        first += "" if time_elapsed is None else f", {float(time_elapsed):.3f} s"
        counted = [self.training.displayed("Training"), self.testing.displayed("Testing")]
        lines = [*_lines(header), first, *filter(None, counted), *_lines(footer)]
        if sys.stdout.isatty() and self.lines_printed:
            sys.stdout.write(f"\033[{self.lines_printed}A\033[J")
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        sys.stdout.flush()
        self.lines_printed = len(lines)

    @original_spelling
    def plot(self, figures: tuple[int, int] = (1, 2), save_fig: bool = False, path: str | PathLike[str] = "") -> None:
        """Draw losses and accuracies over epochs into pyplot's figures of two numbers.

        Parameters
        ----------
        figures : (int, int)
            The figure of losses, and that of accuracies.
        save_fig : bool
            Write them to ``path`` with loss.png and accuracy.png appended.
        path : str
            A folder that ends with a slash, or the beginning of the files' names.
        """
        for number, name in zip(figures, ("loss", "accuracy"), strict=True):
            draw(number, name, {"training": _log(self.training, name), "testing": _log(self.testing, name)})
            if save_fig:
                save_figure(number, f"{fspath(path)}{name}.png")

    def save(self, filename: str | PathLike[str] = "") -> None:
        """Write ``filename`` with loss.txt and accuracy.txt appended: a line an epoch, training and testing.

        An epoch without samples is nan; `numpy.loadtxt` reads the files, and `load` reads them back without loss.
        """
        for name in ("loss", "accuracy"):
            rows = zip(_log(self.training, name), _log(self.testing, name), strict=True)
            write_rows(Path(f"{fspath(filename)}{name}.txt"), rows)

    @original_spelling
    def load(self, filename: str | PathLike[str] = "", num_epoch: int | None = None) -> None:
        """Take what `save` wrote for the epochs that were, to go on from there; ``num_epoch`` takes the first so many.

        Raises
        ------
        DataError
            Where a file cannot be read; the statistics stay as they are.
        """
        losses, accuracies = (read_rows(Path(f"{fspath(filename)}{name}.txt")) for name in ("loss", "accuracy"))
        if len(losses) != len(accuracies):
            told = f"{filename}loss.txt has {len(losses)} epochs, and accuracy.txt {len(accuracies)}"
            raise DataError(told, hint="are both of the same training?")
        read = LearningStatistic(), LearningStatistic()
        for loss, accuracy in list(zip(losses, accuracies, strict=True))[:num_epoch]:
            for statistic, *values in zip(read, loss, accuracy, strict=True):
                statistic.log(*values)
        self.training, self.testing = read
        self.lines_printed = 0


def _log(statistic: LearningStatistic, name: str) -> list[float | None]:
    return statistic.loss_log if name == "loss" else statistic.accuracy_log


def _lines(text: Sequence[str] | str | None) -> list[str]:
    return [] if text is None else text.splitlines() if isinstance(text, str) else list(text)
