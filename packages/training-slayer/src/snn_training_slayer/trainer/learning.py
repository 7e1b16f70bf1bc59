"""Epochs: batches of samples, their loss, and how the network does on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from snn.dataset import Dataset
from snn.progress import Progress, Tell
from snn.training import Training
from torch import Tensor

from ..losses import number_of_spikes_loss
from ..neurons import SpikeResponse
from ..response import psp
from .model import Model

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Goal:
    """How many spikes the outputs should give.

    Attributes
    ----------
    true_spikes, false_spikes : float
        Of the output of the right class, and of each other.
    start, stop : int
        The steps in which they count.
    response : SpikeResponse
        By whose response spikes are compared; see `snn_training_slayer.losses`.
    dt_ms : float
    """

    true_spikes: float
    false_spikes: float
    start: int
    stop: int
    response: SpikeResponse
    dt_ms: float

    def loss(self, spikes: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of the output's ``spikes``, (T, B, classes)."""

        def respond(x: Tensor) -> Tensor:
            return psp(x, self.response, self.dt_ms)

        counts = self.true_spikes, self.false_spikes
        return number_of_spikes_loss(spikes, labels, *counts, self.start, self.stop, respond, sampling_time=self.dt_ms)


@dataclass(frozen=True)
class Score:
    """The mean loss of some samples, and the share of them that is right."""

    loss: float
    accuracy: float


class Learner:
    """A model that learns a task.

    Parameters
    ----------
    model : Model
    optimiser : Optimizer
    task : Training
    goal : Goal
    batch : int
        Samples at once.
    """

    def __init__(self, model: Model, optimiser: torch.optim.Optimizer, task: Training, goal: Goal, batch: int) -> None:
        self.model, self.optimiser = model, optimiser
        self._task, self._goal, self._batch = task, goal, batch
        self._device = next(model.parameters()).device

    def scale(self) -> None:
        """Scale the weights for the first samples, as many as are taken at once."""
        first = np.arange(min(self._batch, len(self._task.data)))
        for _, spikes, _ in self._batches(self._task.data, first, 0):
            self.model.scale_to(spikes)

    def learn(self, epoch: int, tell: Tell) -> Score:
        """Go once through all samples, in an order of the epoch's own, and return how it did on the way."""
        data = self._task.data
        order = np.random.default_rng([self._task.seed, epoch]).permutation(len(data))
        mixed = np.random.SeedSequence([self._task.seed, epoch]).generate_state(1)  # a seed has no largest value
        silence = torch.Generator().manual_seed(int(mixed[0]))
        total, right = 0.0, 0
        for done, spikes, labels in self._batches(data, order, epoch - 1):
            self.optimiser.zero_grad(set_to_none=True)
            output = self.model(spikes, silence)
            loss = self._goal.loss(output, labels)
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimiser.step()
            self.model.bound()
            total += float(loss.detach())
            right += _right(output.detach(), labels)
            tell(Progress("batch", done, len(data)))
        return Score(total / len(data), right / len(data))

    @torch.no_grad()
    def score(self, data: Dataset) -> Score:
        """Return how the model does on ``data``, as `snn simulate` presents them."""
        total, right = 0.0, 0
        for _, spikes, labels in self._batches(data, np.arange(len(data)), 0):
            output = self.model(spikes)
            total += float(self._goal.loss(output, labels))
            right += _right(output, labels)
        return Score(total / len(data), right / len(data))

    def _batches(self, data: Dataset, order: Numbers, draw: int) -> Iterator[tuple[int, Tensor, Tensor]]:
        """Yield how many samples are done then, what enters, (T, B, *shape), and the classes, (B,)."""
        for start in range(0, len(order), self._batch):
            places = order[start : start + self._batch]
            stimulus = self._task.encode(data, places, draw)
            entering = torch.from_numpy(np.ascontiguousarray(stimulus.steps(0, stimulus.clock.steps), np.float32))
            labels = torch.from_numpy(np.asarray(data.labels[places], np.int64))
            yield start + len(places), entering.to(self._device), labels.to(self._device)


def _right(spikes: Tensor, labels: Tensor) -> int:
    """Return for how many samples the output with most spikes, the first of equals, is the right one."""
    counts = spikes.sum(0).cpu().numpy()  # NumPy promises the first of equals, as `snn.decoding` does
    return int(((counts.argmax(1) == labels.cpu().numpy()) & (counts.max(1) > 0)).sum())
