"""A training from its beginning, or its last checkpoint, to its end: an epoch after the other, each kept."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import torch
from snn.errors import SettingsError
from snn.progress import EpochProgress, Tell
from snn.training import Training

from . import checkpoint
from .checkpoint import Checkpoint
from .learning import Learner


class Course:
    """The epochs of a training.

    Parameters
    ----------
    learner : Learner
    task : Training
    mark : mapping
        What has to be the same for a training to go on.
    epochs : int
        How many there are at most.
    patience : int
        After how many without a better validation it ends; 0: it does not.
    """

    def __init__(
        self, learner: Learner, task: Training, mark: Mapping[str, Any], *, epochs: int, patience: int
    ) -> None:
        self._learner, self._task, self._mark = learner, task, mark
        self._epochs, self._patience = epochs, patience

    def last(self) -> Checkpoint | None:
        """Return the checkpoint to go on from, and bring the learner to it; None where training begins.

        Raises
        ------
        SettingsError
            It is of another training.
        DataError
            It is damaged.
        """
        if not self._task.resume or self._task.folder is None:
            return None
        found = checkpoint.load(self._task.folder)
        if found is None:
            return None
        if strange := [key for key in {**self._mark, **found.task} if self._mark.get(key) != found.task.get(key)]:
            key, then, now = strange[0], found.task.get(strange[0]), self._mark.get(strange[0])
            raise SettingsError(
                f"the checkpoint is of another training: its {key} is {then!r}, and now {now!r}",
                hint="train again without --resume, into another folder",
            )
        checkpoint.put_model(self._learner.model, found.arrays, "model")
        checkpoint.put_optimiser(self._learner.optimiser, found.arrays, found.scalars)
        return found

    def run(self, last: Checkpoint | None, tell: Tell) -> Checkpoint:
        """Train the epochs after ``last``, and return the checkpoint of the end."""
        if last is None:
            last = Checkpoint(0, self._mark, checkpoint.model_arrays(self._learner.model, "best"))
        # on CUDA: sums with all bits of float32, and the same in each run
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
            while last.epoch < self._epochs and not self._enough(last):
                last = self._epoch(last, tell)
        return last

    def _enough(self, last: Checkpoint) -> bool:
        waited = last.epoch - last.best_epoch
        return bool(self._patience) and self._task.validation is not None and waited >= self._patience

    def _epoch(self, last: Checkpoint, tell: Tell) -> Checkpoint:
        """Train one epoch more, tell of it, and then keep it, so that no epoch that is kept was not told of."""
        epoch, started = last.epoch + 1, time.perf_counter()
        score = self._learner.learn(epoch, tell)
        validation = None if self._task.validation is None else self._learner.score(self._task.validation)
        tell(
            EpochProgress(
                epoch=epoch,
                epochs=self._epochs,
                loss=score.loss,
                accuracy=score.accuracy,
                validation_loss=None if validation is None else validation.loss,
                validation_accuracy=None if validation is None else validation.accuracy,
                seconds=time.perf_counter() - started,
            )
        )
        better = validation is None or last.best is None or validation.accuracy > last.best
        model = self._learner.model
        optimiser, scalars = checkpoint.optimiser_arrays(self._learner.optimiser)
        best = {name: value for name, value in last.arrays.items() if name.startswith("best/")}
        arrays = {
            **optimiser,
            **checkpoint.model_arrays(model, "model"),
            **(checkpoint.model_arrays(model, "best") if better else best),
        }
        now = Checkpoint(
            epoch=epoch,
            task=last.task,
            arrays={name: value.copy() for name, value in arrays.items()},  # training goes on in the same memory
            best=validation.accuracy if better and validation is not None else last.best,
            best_epoch=epoch if better else last.best_epoch,
            scalars=scalars,
        )
        if self._task.folder is not None:
            now.save(self._task.folder)
        return now
