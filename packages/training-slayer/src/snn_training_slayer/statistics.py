"""How training goes: losses and accuracies of each epoch, printed, plotted and kept."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from snn.errors import DataError, OutputError, SettingsError
from snn.reading import check_regular
from snn.writing import write

from .utils import original_spelling

_LONGEST = 2**24  # bytes of a file of statistics


def _alias(name: str) -> Any:
    """Return the attribute ``name`` under another name."""
    return property(lambda self: getattr(self, name), lambda self, value: setattr(self, name, value))


class LearningStatistic:
    """What is counted over an epoch of training or of testing; the user adds to the first three after each batch.

    Attributes
    ----------
    loss_sum : float
    correct_samples : int
    num_samples : int
    min_loss, max_accuracy : float or None
        The best of all epochs; None before the first.
    best_loss, best_accuracy : bool
        Whether the last epoch had it.
    loss_log, accuracy_log : list of float or None
        A value an epoch, None for one without samples.
    """

    def __init__(self) -> None:
        self.min_loss: float | None = None
        self.max_accuracy: float | None = None
        self.best_loss = self.best_accuracy = False
        self.loss_log: list[float | None] = []
        self.accuracy_log: list[float | None] = []
        self.reset()

    lossSum, correctSamples, numSamples = _alias("loss_sum"), _alias("correct_samples"), _alias("num_samples")  # noqa: N815
    minloss, maxAccuracy = _alias("min_loss"), _alias("max_accuracy")  # noqa: N815
    bestLoss, bestAccuracy = _alias("best_loss"), _alias("best_accuracy")  # noqa: N815
    lossLog, accuracyLog = _alias("loss_log"), _alias("accuracy_log")  # noqa: N815

    def reset(self) -> None:
        """Begin to count anew, as for an epoch; what is logged stays."""
        self.loss_sum = 0.0
        self.correct_samples = 0
        self.num_samples = 0

    def loss(self) -> float | None:
        """Return the loss a sample so far in the epoch; None without samples."""
        return float(self.loss_sum) / self.num_samples if self.num_samples else None

    def accuracy(self) -> float | None:
        """Return the share of correct samples so far in the epoch; None without samples, or where none are counted."""
        return float(self.correct_samples) / self.num_samples if self.num_samples else None

    def update(self) -> None:
        """End the epoch: log its loss and accuracy, tell whether they are the best, and reset."""
        self._log(self.loss(), self.accuracy())
        self.reset()

    def _log(self, loss: float | None, accuracy: float | None) -> None:
        self.loss_log.append(loss)
        self.accuracy_log.append(accuracy)
        self.best_loss = loss is not None and (self.min_loss is None or loss < self.min_loss)
        self.best_accuracy = accuracy is not None and (self.max_accuracy is None or accuracy > self.max_accuracy)
        self.min_loss = loss if self.best_loss else self.min_loss
        self.max_accuracy = accuracy if self.best_accuracy else self.max_accuracy

    def displayed(self, name: str) -> str:
        """Return a line of the epoch so far and the best before it; nothing without samples."""
        loss, accuracy = self.loss(), self.accuracy()
        if loss is None or accuracy is None:
            return ""
        lowest = "" if self.min_loss is None else f" (min = {self.min_loss:.5g})"
        highest = "" if self.max_accuracy is None else f" (max = {self.max_accuracy:.5g})"
        return f"{name:<8} loss = {loss:<11.5g}{lowest:<22} accuracy = {accuracy:<9.5g}{highest}".rstrip()


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

    linesPrinted = _alias("lines_printed")  # noqa: N815

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
        try:
            from matplotlib import pyplot as plt  # noqa: PLC0415  an extra of the package
        except ImportError as error:
            raise SettingsError("Matplotlib is needed to plot", hint="pip install matplotlib") from error
        for number, name in zip(figures, ("loss", "accuracy"), strict=True):
            figure = plt.figure(number)
            figure.clf()
            axes = figure.add_subplot()
            for label, statistic in (("training", self.training), ("testing", self.testing)):
                values = [(epoch, value) for epoch, value in enumerate(_log(statistic, name)) if value is not None]
                if values:
                    axes.plot(*zip(*values, strict=True), label=label)
                    axes.legend()
            axes.set_xlabel("epoch")
            axes.set_ylabel(name)
            if save_fig:
                try:
                    figure.savefig(f"{fspath(path)}{name}.png")
                except OSError as error:
                    raise OutputError(f"{path}{name}.png cannot be written: {error.strerror or error}") from error

    def save(self, filename: str | PathLike[str] = "") -> None:
        """Write ``filename`` with loss.txt and accuracy.txt appended: a line an epoch, training and testing.

        An epoch without samples is nan; `numpy.loadtxt` reads the files, and `load` reads them back without loss.
        """
        for name in ("loss", "accuracy"):
            rows = zip(_log(self.training, name), _log(self.testing, name), strict=True)
            lines = [f"{_text(training):>24} {_text(testing):>24}\n" for training, testing in rows]
            write(Path(f"{fspath(filename)}{name}.txt"), f"#{'training':>23} {'testing':>24}\n{''.join(lines)}")

    @original_spelling
    def load(self, filename: str | PathLike[str] = "", num_epoch: int | None = None) -> None:
        """Take what `save` wrote for the epochs that were, to go on from there; ``num_epoch`` takes the first so many.

        Raises
        ------
        DataError
            Where a file cannot be read; the statistics stay as they are.
        """
        losses, accuracies = (_rows(Path(f"{fspath(filename)}{name}.txt")) for name in ("loss", "accuracy"))
        if len(losses) != len(accuracies):
            told = f"{filename}loss.txt has {len(losses)} epochs, and accuracy.txt {len(accuracies)}"
            raise DataError(told, hint="are both of the same training?")
        read = LearningStatistic(), LearningStatistic()
        for loss, accuracy in list(zip(losses, accuracies, strict=True))[:num_epoch]:
            for statistic, *values in zip(read, loss, accuracy, strict=True):
                statistic._log(*values)  # noqa: SLF001  of the same module
        self.training, self.testing = read
        self.lines_printed = 0


def _log(statistic: LearningStatistic, name: str) -> list[float | None]:
    return statistic.loss_log if name == "loss" else statistic.accuracy_log


def _lines(text: Sequence[str] | str | None) -> list[str]:
    return [] if text is None else text.splitlines() if isinstance(text, str) else list(text)


def _text(value: float | None) -> str:
    return "nan" if value is None else repr(value)


def _rows(path: Path) -> list[tuple[float | None, float | None]]:
    rows: list[tuple[float | None, float | None]] = []
    try:
        check_regular(path, _LONGEST)
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}", hint="save writes it") from error
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        values: list[float] = []
        with suppress(ValueError):
            values = [float(word) for word in words]
        if len(values) != 2:
            raise DataError(f"{path}, line {number}: no two numbers", hint="save writes training, then testing")
        rows.append((None if values[0] != values[0] else values[0], None if values[1] != values[1] else values[1]))
    return rows
