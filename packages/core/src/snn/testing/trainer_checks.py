"""What a trainer promises: a spiking network that has learnt, and that can be had again."""

from __future__ import annotations

import contextlib
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from .. import checking, storage
from ..clock import Clock
from ..decoding import decode
from ..encoding import ConstantCurrent
from ..errors import UnsupportedLayer
from ..network import Network
from ..neurons import Neuron
from ..progress import EpochProgress, Progress, Tell, say_nothing
from ..simulating import Backend, Recording
from ..training import Trainer, Training
from . import reference
from .outcome import CannotRun, require, require_installed
from .running import record

_CLOCK = Clock(duration_ms=50.0, dt_ms=1.0)
_CHANCE = 0.5
_LEARNT = 0.9
_MANY = 4  # epochs, from which on one half of them leaves a checkpoint


def _task(seed: int = 0, folder: Path | None = None, *, resume: bool = False) -> Training:
    """Return a task that one layer can learn: which half of eight elements is brighter."""
    random = np.random.default_rng(5)
    labels = np.arange(64) % 2
    samples = random.random((64, 8)) * 0.3
    samples[labels == 0, :4] += 0.6
    samples[labels == 1, 4:] += 0.6
    data = checking.from_arrays(samples.astype(np.float32), labels.astype(np.int64), "golden task")
    return Training(data=data, validation=data, folder=folder, seed=seed, resume=resume, clock=_CLOCK)


def _train(trainer: Trainer, task: Training | None = None, tell: Tell = say_nothing) -> Network:
    require_installed("trainer", trainer)
    return trainer.train(task or _task(), tell)


def gives_a_spiking_network(trainer: Trainer) -> None:
    """Give a network of stage ``spiking``, with neurons, for the samples, their classes and the clock."""
    network = _train(trainer)
    require(network.stage == "spiking", f"the stage is {network.stage}, not spiking")
    require(any(isinstance(layer, Neuron) for layer in network.layers), "the network has no neurons")
    shape = network.shapes[network.input.name]
    require(shape == _task().data.shape, f"the input has shape {shape}, and the samples {_task().data.shape}")
    classes = int(np.prod(network.shapes[network.output.name]))
    require(classes == 2, f"the output has {classes} classes, and the task 2")
    require(network.clock == _CLOCK, f"the clock is {network.clock}, and that of the training {_CLOCK}")
    require(network.provenance, "the provenance does not say how it was trained")


def can_be_kept(trainer: Trainer) -> None:
    """Give a network that its file gives back."""
    network = _train(trainer)
    kinds = {type(layer) for layer in network.layers if isinstance(layer, Neuron) and layer.plugin}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "trained.snn"
        storage.save(network, path)
        again = storage.load(path, kinds)
    require(storage.digest(again) == storage.digest(network), "the network read from the file is another one")


def learns(trainer: Trainer, runs_on: Backend | None = None) -> None:
    """Learn a task that one layer can: at least nine in ten of the samples it was trained on, where five are chance."""
    task = _task()
    network = _train(trainer, task)
    samples = np.asarray(task.data.samples, np.float32)
    stimulus = ConstantCurrent(samples, np.arange(len(samples)), _CLOCK)
    if runs_on is not None:
        try:
            runs_on.check(network)
        except UnsupportedLayer as error:
            require(False, f"the backend that is to run it does not: {error}")
        recording = record(runs_on, network, stimulus)
    else:
        _known(network)
        recording = Recording(reference.simulate(network, stimulus).output)
    share = float((decode(recording, network.output)[-1] == task.data.labels).mean())
    require(share >= _LEARNT, f"{100 * share:.0f} % of the samples are right; chance is {100 * _CHANCE:.0f} %")


def _known(network: Network) -> None:
    """Raise CannotRun where the reference does not know a kind of neuron."""
    for layer in network.layers:
        if isinstance(layer, Neuron) and not isinstance(layer, reference.NEURONS):
            raise CannotRun(f"no backend is given that runs {layer.kind}; runs_on of the suite names one")


def repeats_itself(trainer: Trainer) -> None:
    """Give the same weights for the same seed."""
    digests = [storage.digest(_train(trainer, _task(seed=4))) for _ in range(2)]
    require(digests[0] == digests[1], "two trainings with the same seed give different networks")


def tells_how_far_it_is(trainer: Trainer) -> None:
    """Tell each epoch as an `EpochProgress`, from the first on, with its numbers; and no more parts than there are."""
    told: list[Progress] = []
    _train(trainer, tell=told.append)
    epochs = [one for one in told if isinstance(one, EpochProgress)]
    require(epochs, "it tells no EpochProgress")
    numbers = [one.epoch for one in epochs]
    require(numbers == list(range(1, len(numbers) + 1)), f"it tells of the epochs {numbers}")
    require(all(one.done <= one.total for one in told if one.total), "it tells of more parts than there are")
    for one in epochs:
        require(np.isfinite(one.loss), f"the loss of epoch {one.epoch} is {one.loss}")
        for share in (one.accuracy, one.validation_accuracy):
            require(share is None or 0 <= share <= 1, f"an accuracy of epoch {one.epoch} is {share}, no share")
        require(one.seconds >= 0, f"epoch {one.epoch} took {one.seconds} s")
    require(any(one.validation_accuracy is not None for one in epochs), "it never tells how it does on validation data")


def leaves_the_task_alone(trainer: Trainer) -> None:
    """Change neither samples nor labels."""
    task, before = _task(), _task()
    _train(trainer, task)
    np.testing.assert_array_equal(task.data.samples, before.data.samples, err_msg="samples")
    np.testing.assert_array_equal(task.data.labels, before.data.labels, err_msg="labels")


class _Stop(Exception):  # noqa: N818  nothing has gone wrong
    """Ends a training."""


def resumes(trainer: Trainer) -> None:
    """Go on where it was ended, to the very weights of a training in one go; begin where nothing is kept."""
    epochs: list[EpochProgress] = []

    def count(step: Progress) -> None:
        if isinstance(step, EpochProgress):
            epochs.append(step)
            if ends and len(epochs) == ends:
                raise _Stop

    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        ends = 0
        whole = _train(trainer, _task(seed=3, folder=Path(one), resume=True), count)
        total, ends = len(epochs), max(1, len(epochs) // 2)
        epochs.clear()
        with contextlib.suppress(_Stop):
            _train(trainer, _task(seed=3, folder=Path(other)), count)
            require(False, "it goes on although who is told of its progress has raised an exception")
        epochs.clear()
        ends = 0
        again = _train(trainer, _task(seed=3, folder=Path(other), resume=True), count)
        require(storage.digest(again) == storage.digest(whole), "ended and resumed, it gives another network")
        if total >= _MANY:
            require(len(epochs) < total, f"ended after {total // 2} of {total} epochs, it begins anew")
