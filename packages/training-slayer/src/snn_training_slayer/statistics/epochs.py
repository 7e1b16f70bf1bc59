"""What is counted over an epoch, and what is kept of it."""

from __future__ import annotations

from typing import Any


def alias(name: str) -> Any:
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

    lossSum, correctSamples, numSamples = alias("loss_sum"), alias("correct_samples"), alias("num_samples")  # noqa: N815
    minloss, maxAccuracy = alias("min_loss"), alias("max_accuracy")  # noqa: N815
    bestLoss, bestAccuracy = alias("best_loss"), alias("best_accuracy")  # noqa: N815
    lossLog, accuracyLog = alias("loss_log"), alias("accuracy_log")  # noqa: N815

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
        self.log(self.loss(), self.accuracy())
        self.reset()

    def log(self, loss: float | None, accuracy: float | None) -> None:
        """Add an epoch with this loss and accuracy, and tell whether they are the best."""
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
