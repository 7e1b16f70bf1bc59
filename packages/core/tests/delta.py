"""A plugin with a trainer in plain NumPy, for the tests: one layer, that learns by the delta rule from spike counts."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from msgspec import Meta
from snn import writing
from snn.hookspecs import hookimpl
from snn.layers import Dense, Flatten, Input
from snn.network import Network
from snn.neurons import IntegrateFire
from snn.progress import EpochProgress, Progress, say_nothing
from snn.settings import PositiveFloat, PositiveInt
from snn.training import Trainer

BATCH = 16
FILE = "last.npz"


@dataclass(frozen=True)
class Delta(Trainer):
    """Trains one layer of neurons by the delta rule."""

    name: ClassVar[str] = "delta"
    epochs: PositiveInt = 8
    rate: PositiveFloat = 0.5
    pause: Annotated[float, Meta(ge=0, description="Seconds that an epoch waits, for tests that end it.")] = 0.0
    fault: str = ""

    def train(self, task, tell=say_nothing):
        random = np.random.default_rng(task.seed)
        size = int(np.prod(task.data.shape))
        weight, bias, done = random.normal(0, 0.1, (task.classes, size)), np.zeros(task.classes), 0
        if task.resume and (task.folder / FILE).exists():
            with np.load(task.folder / FILE) as kept:
                weight, bias, done = kept["weight"], kept["bias"], int(kept["epoch"])
        for epoch in range(done + 1, self.epochs + 1):
            begin, order = time.perf_counter(), np.random.default_rng([task.seed, epoch]).permutation(len(task.data))
            for start in range(0, len(order), BATCH):
                tell(Progress("batch", start, len(order)))
                places = order[start : start + BATCH]
                x, rates = self.rates(task, task.data, places, weight, bias, epoch)
                error = np.eye(task.classes)[task.data.labels[places]] - rates
                weight, bias = weight + self.rate * error.T @ x / BATCH, bias + self.rate * error.mean(axis=0)
            time.sleep(self.pause)
            loss, accuracy = self.judged(task, task.data, weight, bias)
            others = (None, None) if task.validation is None else self.judged(task, task.validation, weight, bias)
            seconds = time.perf_counter() - begin
            tell(
                EpochProgress(
                    epoch=epoch,
                    epochs=self.epochs,
                    loss=loss,
                    accuracy=accuracy,
                    validation_loss=others[0],
                    validation_accuracy=others[1],
                    seconds=seconds,
                )
            )
            if task.folder is not None:
                buffer = io.BytesIO()
                np.savez(buffer, weight=weight, bias=bias, epoch=epoch)
                writing.write(task.folder / FILE, buffer.getvalue())
        return self.network(task, weight, bias)

    def rates(self, task, data, places, weight, bias, draw=0):
        """Return the mean input, (batch, size), and the spikes a millisecond of the neurons, (batch, classes)."""
        stimulus = task.encode(data, places, draw)
        clock, count = task.clock, np.zeros((len(places), len(weight)))
        potential, total = np.zeros_like(count), np.zeros((len(places), weight.shape[1]))
        for step in range(clock.steps):
            x = stimulus.steps(step, step + 1)[0].reshape(len(places), -1).astype(np.float64)
            total += x
            potential += x @ weight.T + bias * clock.dt_ms
            spikes = potential >= 1
            potential -= spikes
            count += spikes
        return total / clock.duration_ms, count / clock.duration_ms

    def judged(self, task, data, weight, bias):
        parts = [
            self.rates(task, data, np.arange(s, min(s + 64, len(data))), weight, bias)[1]
            for s in range(0, len(data), 64)
        ]
        rates = np.concatenate(parts)
        loss = ((np.eye(task.classes)[data.labels] - rates) ** 2).mean()
        return loss, (rates.argmax(axis=1) == data.labels).mean()

    def network(self, task, weight, bias):
        if self.fault == "gives nothing":
            return None
        layers = [Input(name="input", shape=task.data.shape)]
        if len(task.data.shape) > 1:
            layers.append(Flatten(name="flat", inputs=("input",)))
        layers.append(Dense(name="dense", inputs=(layers[-1].name,), weight=weight, bias=bias))
        if self.fault == "gives no neurons":
            return Network(tuple(layers), ("trained by the delta rule",))
        layers.append(IntegrateFire(name="out", inputs=("dense",)))
        return Network(tuple(layers), ("trained by the delta rule",), stage="spiking", clock=task.clock)


@hookimpl
def snn_trainers():
    return [Delta]
