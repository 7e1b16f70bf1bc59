"""The stages that the points of a sweep share: what each depends on, and how a task makes it from file to file."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import fitting, pipeline, presenting, run_file, runs, sampling, storage, writing
from .dataset import Dataset
from .network import Network
from .plugins import Plugins
from .progress import Tell
from .run_file import CALIBRATING, CONVERTING, EVALUATING, NORMALISING, PARSING, RunFile
from .simulating import Backend
from .summary import summary

POINT = "point"
"""What a task does that simulates: the others make a stage."""

PLACING = PARSING | NORMALISING | {"convert", "seed"}
"""What has an effect on placing neurons: all that has one on converting but the backend and the clock."""


@dataclass(frozen=True)
class Task:
    """One thing for a process to do; plain values, so that it can be sent to one.

    Attributes
    ----------
    does : str
        A stage, or ``point``.
    tables : mapping
        The run file of the point, or of one of those that share the stage, every default spelt out.
    target : str
        The file to write; the folder of a point.
    source : str
        The file of the network that it begins with; empty where that is the model itself.
    classes : str
        The file of what the analog network makes of the samples, for a point.
    fitted : bool
        Whether the source is as the backend will have it.
    """

    does: str
    tables: Mapping[str, Any]
    target: str
    source: str = ""
    classes: str = ""
    fitted: bool = False

    @property
    def needs(self) -> tuple[str, ...]:
        """The files that have to be there before."""
        return tuple(path for path in (self.source, self.classes) if path)


def tasks(run: RunFile, folder: Path, target: Path, digests: Mapping[str, str], spiking: bool) -> tuple[Task, ...]:
    """Return what is to be done for a run, its stages before it, in order; equal runs share equal stages.

    Parameters
    ----------
    run : RunFile
    folder : Path
        Where stages are kept.
    target : Path
        The folder of the point.
    digests : mapping of path to SHA-256
        Of every file that is read, and of what is installed, under ``""``.
    spiking : bool
        Whether the source is a spiking network already, which has no stages before it.
    """
    tables = plain(run.tables())
    source, calibration, samples = (
        [digests.get(str(path), "") for path in runs.files(run, name)]
        for name in (run.general.source, run.data.normalise_with, run.data.samples)
    )

    def stage(name: str, uses: frozenset[str], before: str, *others: object, suffix: str = storage.SUFFIX) -> Task:
        told = [name, digests.get("", ""), source, run_file.part(tables, uses), others]
        key = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]
        return Task(name, tables, str(folder / f"{name}-{key}{suffix}"), before)

    if spiking:
        return (Task(POINT, tables, str(target), fitted=True),)
    made = [stage("simplified", PARSING | CALIBRATING, "", calibration)]
    made.append(stage("normalised", PARSING | NORMALISING, made[-1].target, calibration))
    made.append(stage("placed", PLACING, made[-1].target, calibration))
    fits = _fits(run)
    if fits:
        tried = frozenset({"simulate"}) if _calibrates(run) else frozenset()  # trials are shown as samples will be
        made.append(stage("fitted", CONVERTING | tried, made[-1].target, calibration))
    seen = stage("evaluated", EVALUATING, made[0].target, samples, suffix=".npy")
    point = Task(POINT, tables, str(target), made[-1].target, seen.target, fitted=fits)
    return (*made, seen, point)


def plain(tables: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``tables`` as they come out of JSON: tuples and sets as lists."""
    listed: dict[str, Any] = json.loads(json.dumps(tables, default=sorted))
    return listed


def perform(task: Task, plugins: Plugins, tell: Tell, processors: int | None) -> dict[str, Any]:
    """Do a task, write what it makes, and return the measures of a point; of a stage there are none."""
    run = dataclasses.replace(run_file.build(task.tables, plugins), processors=processors)
    if task.does == POINT:
        return _simulate(run, task, plugins, tell)
    if task.does == "simplified":
        network = pipeline.parse(run, Path(run.general.source), plugins, tell)
        made = pipeline.simplified(network, _calibration(run, network, plugins, tell), tell)
    else:
        network = storage.load(Path(task.source), plugins.neurons())
        if task.does == "evaluated":
            _evaluate(run, network, Path(task.target), plugins, tell)
            return {}
        made = _made(task.does, run, network, plugins, tell)
    storage.save(made, Path(task.target))
    return {}


def _made(stage: str, run: RunFile, network: Network, plugins: Plugins, tell: Tell) -> Network:
    """Return ``network`` at ``stage``."""
    if stage == "placed":
        return pipeline.placed(run, network, plugins, tell)
    data = _calibration(run, network.analog.get("parsed", network), plugins, tell)
    if stage == "normalised":
        return pipeline.normalised(run, network, plugins, data, tell)
    return pipeline.fitted(run, network, plugins, data, tell)


def _evaluate(run: RunFile, network: Network, path: Path, plugins: Plugins, tell: Tell) -> None:
    """Write what the parsed network makes of the samples, (2, samples), or nothing where there is no parsed network."""
    parsed = network.analog.get("parsed")
    found = np.empty((2, 0), np.int64)
    if parsed is not None:
        data = sampling.read(run, Path(run.data.samples), plugins)
        data = fitting.fit(data, parsed, tell, skip_bad=run.data.skip_bad)
        found = np.stack(presenting.ranked(parsed, data, tell))
    buffer = io.BytesIO()
    np.save(buffer, found, allow_pickle=False)
    writing.write(path, buffer.getvalue())


def _simulate(run: RunFile, task: Task, plugins: Plugins, tell: Tell) -> dict[str, Any]:
    """Simulate and report a point into its folder, which is made anew, and return its measures."""
    folder = Path(task.target)
    shutil.rmtree(folder, ignore_errors=True)  # what an attempt before left
    writing.folder(folder)
    network = storage.load(Path(task.source or run.general.source), plugins.neurons())
    if not task.fitted:
        network = pipeline.fitted(run, network, plugins, None, tell)
    known: presenting.Ranked | None = None
    if task.classes and (found := np.load(task.classes, allow_pickle=False)).size:
        known = found[0], found[1]
    data = sampling.read(run, Path(run.data.samples), plugins)
    result = runs.simulate(run, network, data, plugins, tell, folder, known=known)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):  # several points at once would print into one another
        runs.report(run, result, folder)
    if printed.getvalue():
        writing.write(folder / "report.txt", printed.getvalue())
    return summary(result)


def _calibration(run: RunFile, network: Network, plugins: Plugins, tell: Tell) -> Dataset | None:
    if not run.data.normalise_with:
        return None
    data = sampling.calibration(run, Path(run.data.normalise_with), plugins)
    return fitting.fit(data, network, tell, skip_bad=run.data.skip_bad)


def _calibrates(run: RunFile) -> bool:
    return run.code.calibrates and not run.simulate.duration_ms


def _fits(run: RunFile) -> bool:
    """Return whether what follows the placing of neurons takes time, or samples: else each point does it for itself."""
    return _calibrates(run) or type(run.backend).fit is not Backend.fit
