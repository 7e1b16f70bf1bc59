"""A training from its run file, and the folder that it keeps."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import checking, epochs, fitting, presenting, runs, sampling, stimuli, storage, toml, writing
from .clock import Clock
from .dataset import Dataset
from .differing import differences
from .epochs import Epochs
from .errors import DataError, OutputError, PluginError, SettingsError
from .labels import UNKNOWN
from .network import Network
from .neurons import Neuron
from .plugins import Plugins, check_requirements, raised_by
from .progress import EpochProgress, Progress, Tell, say_nothing
from .run_file import TRAINING, RunFile
from .training import Training

TRAINED = "trained.snn"
CHECKPOINTS = "checkpoints"
_RUN, _ENVIRONMENT, _LOG = "run.toml", "environment.json", "log.txt"
_MOST_CLASSES = 2**16  # without a network that says how many there are
_ANOTHER = "name another folder with --out, or none"


@dataclass(frozen=True, eq=False)
class Trained:
    """What came of a training."""

    network: Network
    epochs: Epochs
    run: RunFile
    folder: Path | None


@dataclass(frozen=True, eq=False)
class Plan:
    """A training to come: its run, the network that it begins with, its clock, and what a folder keeps of all that."""

    run: RunFile
    network: Network | None
    clock: Clock
    tables: Mapping[str, Any]
    environment: Mapping[str, Any]


def plan(run: RunFile, plugins: Plugins, network: Network | None = None) -> Plan:
    """Return what is going to be done; ``network`` goes before the source of ``run``.

    Raises
    ------
    SnnError
        There is no trainer, or it cannot work here; the source is no network file; the clock does not fit.
    """
    trainer = run.trainer
    check_requirements("trainer", trainer)
    source = run.path(run.general.source)
    if run.general.source and not source.name.endswith(storage.SUFFIX):
        raise SettingsError(
            f"source: {source} is no {storage.SUFFIX}; training begins with the graph and neurons of one, or with none",
            hint="make one: snn parse, or snn convert",
        )
    if network is None and run.general.source:
        network = storage.load(source, plugins.neurons())
    clock = presenting.clock_of(run, network)
    tables = run.tables(TRAINING)
    tables["train"]["trainer"] = trainer.name
    tables["simulate"] |= {"duration_ms": clock.duration_ms, "dt_ms": clock.dt_ms}
    read = (run.general.source, run.train.samples, run.train.validate_with)
    environment = {
        **runs.installation(plugins),
        "seed": run.general.seed,
        "files": {str(path): runs.digest(path) for path in runs.files(run, *read)},
    }
    return Plan(run, network, clock, tables, environment)


def check_folder(plan: Plan, folder: Path, *, resume: bool) -> None:
    """Raise OutputError where ``folder`` cannot keep what is planned or, to ``resume``, holds nothing to go on with."""
    writing.check_folder(folder)
    held = {entry.name for entry in folder.iterdir() if entry.name[0] != "."} - {_LOG} if folder.is_dir() else set()
    if not resume:
        if {_RUN, CHECKPOINTS} <= held:
            raise OutputError(f"{folder} holds a training already", hint=f"go on with it: --resume; or {_ANOTHER}")
        if held:
            raise OutputError(f"{folder} holds something already", hint=_ANOTHER)
        return
    if _RUN not in held:
        raise OutputError(f"{folder} holds no training to go on with", hint="the same command without --resume begins")
    if not has_checkpoints(folder):
        raise OutputError(
            f"{folder / CHECKPOINTS} holds no checkpoint to go on from",
            hint="begin again, without --resume and with another --out",
        )
    if lines := _differences(plan, folder):
        raise OutputError("\n".join([f"{folder} holds another training", *lines]), hint=_ANOTHER)


def has_checkpoints(folder: Path) -> bool:
    """Return whether a trainer has kept something in ``folder``."""
    place = folder / CHECKPOINTS
    return place.is_dir() and any(entry.name[0] != "." for entry in place.iterdir())


def execute(plan: Plan, plugins: Plugins, folder: Path, tell: Tell = say_nothing, *, resume: bool = False) -> Trained:
    """Do all that a run file says on training; ``folder`` has been checked, and keeps it.

    The folder is made once the samples have been looked at, so that a training that is refused leaves nothing behind.
    """
    run = plan.run
    if not run.train.samples:
        raise SettingsError(
            "[train] samples: the run file names no samples", hint='add samples = "train.npz" to [train]'
        )
    data = sampling.training(run, run.path(run.train.samples), plugins)
    validation = None
    if run.train.validate_with:
        validation = sampling.validation(run, run.path(run.train.validate_with), plugins)
    return train(plan, data, validation, plugins, tell, folder, resume=resume)


def train(
    plan: Plan,
    data: Dataset,
    validation: Dataset | None,
    plugins: Plugins,
    tell: Tell = say_nothing,
    folder: Path | None = None,
    *,
    resume: bool = False,
) -> Trained:
    """Return what the trainer of the run makes of ``data``; ``folder`` has been checked."""
    run, trainer = plan.run, plan.run.trainer
    for note in run.notes:
        tell(Progress("train", note=note))
    task = Training(
        data=_checked(plan, data, tell),
        folder=None if folder is None else folder / CHECKPOINTS,
        seed=run.general.seed,
        resume=resume,
        clock=plan.clock,
        network=plan.network,
        encode=stimuli.encoder(run, plan.clock),
    )
    if validation is not None:
        task = dataclasses.replace(task, validation=_checked(plan, validation, tell, task))
    with contextlib.ExitStack() as stack:
        kept = Epochs()
        if folder is not None:
            kept = _made(plan, folder, tell, resume=resume)
            stack.enter_context(writing.alone(folder / _RUN, f"the training in {folder}"))
        stack.enter_context(raised_by("trainer", trainer, plugins))
        history = _History(kept, None if folder is None else folder / epochs.FILE, tell)
        network = _finished(plan, task, trainer.train(task, history.tell))
    if folder is not None:
        storage.save(network, folder / TRAINED)
        _write(folder / _ENVIRONMENT, {**plan.environment, "digests": {"trained": storage.digest(network)}})
    return Trained(network, history.epochs, run, folder)


class _History:
    """Keeps the table of epochs as they are told."""

    def __init__(self, epochs: Epochs, path: Path | None, tell: Tell) -> None:
        self.epochs, self._path, self._tell = epochs, path, tell

    def tell(self, step: Progress) -> None:
        """Take note of ``step``, and pass it on."""
        if isinstance(step, EpochProgress):
            self.epochs = self.epochs.after(step)
            if self._path is not None:
                epochs.save(self.epochs, self._path)
        self._tell(step)


def _made(plan: Plan, folder: Path, tell: Tell, *, resume: bool) -> Epochs:
    """Make ``folder`` what a training has at its beginning, and return the epochs it has been through."""
    if not resume:
        writing.folder(folder / CHECKPOINTS)
        writing.write(folder / _RUN, toml.write(plan.tables))
        _write(folder / _ENVIRONMENT, plan.environment)
        return Epochs()
    before = _environment(folder)
    ours, theirs = ({key: of.get(key) for key in ("plugins", "python", "numpy")} for of in (plan.environment, before))
    for line in differences(theirs, ours):
        tell(Progress("train", note=f"{line}: the network may not be that of a training in one go"))
    return epochs.load(folder / epochs.FILE)


def _checked(plan: Plan, data: Dataset, tell: Tell, task: Training | None = None) -> Dataset:
    """Return ``data``, every sample of which has been looked at and has a class; with ``task``, to validate it."""
    run = plan.run
    if not len(data):
        raise DataError(f"{data.name}: there are no samples")
    _check_labels(data, _MOST_CLASSES if task is None else task.classes)
    if task is not None and plan.network is None and data.shape != task.data.shape:
        raise DataError(
            f"{data.name}: samples have shape {data.shape}; those of {task.data.name} {task.data.shape}",
            hint="choose samples of one kind in train.samples and train.validate_with",
        )
    if plan.network is not None:
        data = fitting.fit(data, plan.network, tell, skip_bad=run.data.skip_bad)
    data = checking.check(data, skip_bad=run.data.skip_bad, tell=tell)
    stimuli.check(run, data)
    stimuli.warn(run, data, plan.clock)
    return data


def _check_labels(data: Dataset, classes: int) -> None:
    unknown = np.flatnonzero(data.labels == UNKNOWN)
    if len(unknown):
        raise DataError(
            f"{data.name}: the class of sample {data.numbers[unknown[0]]} is not known; such samples: {len(unknown)}",
            hint="training needs the class of each sample; docs/data.md says where they are looked for",
        )
    wrong = np.flatnonzero((data.labels < 0) | (data.labels >= classes))
    if len(wrong):
        raise DataError(
            f"{data.name}: label {data.labels[wrong[0]]} of sample {data.numbers[wrong[0]]} is no class, which are "
            f"0 to {classes - 1}; such labels: {len(wrong)}",
            hint="classes are numbered from 0; those to validate with are among those to learn from",
        )


def _finished(plan: Plan, task: Training, network: Network) -> Network:
    """Return ``network``, which a trainer has given, with the clock of the training and a note of how it was made."""
    trainer = plan.run.trainer
    if fault := _fault(task, network):
        raise PluginError(
            f"trainer {trainer.name!r} gave what is no spiking network for its samples: {fault}",
            hint=f"that is a fault of the trainer; snn check {trainer.name} tries its promises",
        )
    clock, entering = task.clock, plan.run.simulate.input
    note = (
        f"trained by {trainer.name!r} with seed {task.seed} on {len(task.data)} samples of "
        f"{Path(task.data.name).name}, shown for {clock.duration_ms:g} ms in steps of {clock.dt_ms:g} ms as {entering}"
    )
    return dataclasses.replace(network.replace(network.layers, note), clock=clock)


def _fault(task: Training, network: object) -> str:
    """Return why ``network`` is not what a trainer gives, in a phrase; empty where it is."""
    if not isinstance(network, Network):
        return f"it is a {type(network).__name__}"
    if network.stage != "spiking":
        return f"its stage is {network.stage}"
    if not any(isinstance(layer, Neuron) for layer in network.layers):
        return "it has no neurons"
    shape, classes = network.shapes[network.input.name], int(np.prod(network.shapes[network.output.name]))
    if shape != task.data.shape:
        return f"it takes samples of shape {shape}, not {task.data.shape}"
    return "" if classes >= task.classes else f"it has {classes} outputs for {task.classes} classes"


def _differences(plan: Plan, folder: Path) -> list[str]:
    """Return a line on each thing in which the training in ``folder`` is not the one that is planned."""
    before, now = toml.read(folder / _RUN), json.loads(json.dumps(plan.tables))
    shared = before.get("reader", {}).keys() & now.get("reader", {}).keys()
    for tables in (before, now):  # a name changes nothing, nor does a reader that was installed since
        tables.pop("name", None)
        tables["reader"] = {name: table for name, table in tables.get("reader", {}).items() if name in shared}
    lines = differences(before, now)
    old, new = _environment(folder).get("files", {}), plan.environment["files"]
    return lines + [f"file {path} has changed" for path in new if path in old and old[path] != new[path]]


def _environment(folder: Path) -> dict[str, Any]:
    path = folder / _ENVIRONMENT
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict) or not isinstance(found.get("files", {}), dict):
            raise ValueError("it is no table")  # noqa: TRY004, TRY301  told as the others
    except (OSError, ValueError) as error:
        raise OutputError(f"{path} cannot be read: {error}", hint=_ANOTHER) from error
    return found


def _write(path: Path, content: object) -> None:
    writing.write(path, json.dumps(content, indent=1) + "\n")
