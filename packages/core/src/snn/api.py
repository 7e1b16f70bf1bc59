"""The verbs for Python: what the commands do, on values instead of files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from . import (
    checking,
    fitting,
    pipeline,
    planning,
    presenting,
    result_file,
    run_file,
    sampling,
    storage,
    sweeping,
    training_runs,
    writing,
)
from . import over as _over
from . import runs as _runs
from .dataset import Dataset
from .errors import DataError, SettingsError
from .network import Network
from .plugins import Plugins
from .progress import Tell, say_nothing
from .result import Result
from .run_file import RunFile
from .swept import Sweep

Data: TypeAlias = (
    "Dataset | str | Path | npt.NDArray[np.generic] | tuple[npt.NDArray[np.generic], npt.NDArray[np.generic]]"
)
"""Samples: a data set, a file or folder, an array (n, *shape), or such an array with labels (n,)."""

Settings: TypeAlias = Mapping[str, Mapping[str, Any]]
"""Tables as in a run file: ``{"convert": {"readout": "spikes"}}``."""


def parse(source: Any, *, frontend: str = "", plugins: Plugins | None = None, tell: Tell = say_nothing) -> Network:
    """Return the network in ``source``: the path of a model file, or a live model of an installed framework."""
    plugins = plugins or Plugins()
    run = run_file.build({"parse": {"frontend": frontend}}, plugins, uses=run_file.PARSING)
    return pipeline.parse(run, _path(source), plugins, tell)


def simplify(network: Network | str | Path, samples: npt.NDArray[np.generic] | None = None) -> Network:
    """Return ``network`` without what changes nothing, proven on ``samples`` (n, *shape) and on noise from 0 to 1."""
    network = _network(network, None)
    data = None if samples is None else fitting.fit(_arrays(samples), network)
    return pipeline.simplified(network, data, say_nothing)


def normalise(
    network: Network | str | Path,
    calibrate: Data | None = None,
    *,
    settings: Settings | None = None,
    plugins: Plugins | None = None,
    tell: Tell = say_nothing,
) -> Network:
    """Return ``network``, simplified where it is not yet, with weights rescaled so that activations are at most 1."""
    plugins = plugins or Plugins()
    network = _network(network, plugins)
    run = run_file.build(_merged(settings, {}), plugins, uses=run_file.NORMALISING)
    data = None
    if calibrate is not None:
        data = fitting.fit(_calibration(run, calibrate, plugins), network, tell, skip_bad=run.data.skip_bad)
    return pipeline.normalised(run, pipeline.simplified(network, data, tell), plugins, data, tell)


def convert(
    source: Any,
    *,
    calibrate: Data | None = None,
    code: str | None = None,
    backend: str | None = None,
    frontend: str | None = None,
    settings: Settings | None = None,
    plugins: Plugins | None = None,
    tell: Tell = say_nothing,
) -> Network:
    """Return the spiking network of ``source``: a model file, a live model or a network of any stage.

    Parameters
    ----------
    source : path, live model or Network
    calibrate : Data
        Typical samples, from which the scales are taken; without them, from the bound of the weights, with a warning.
    code, backend, frontend : str
        Names of installed components: ``rate``, ``inisim`` and the one for the suffix unless given.
    settings : mapping
        Tables as in a run file, before which ``code``, ``backend`` and ``frontend`` go where they are given.
    """
    plugins = plugins or Plugins()
    tables = _merged(
        settings, {"convert": {"code": code}, "simulate": {"backend": backend}, "parse": {"frontend": frontend}}
    )
    run = run_file.build(tables, plugins, uses=run_file.CONVERTING)
    data = None if calibrate is None else _calibration(run, calibrate, plugins)
    network = source if isinstance(source, Network) else pipeline.parse(run, _path(source), plugins, tell)
    return pipeline.prepare(run, network, plugins, data, tell)


def simulate(
    network: Network | str | Path,
    data: Data,
    *,
    backend: str | None = None,
    duration_ms: float | None = None,
    dt_ms: float | None = None,
    batch: int | None = None,
    count: int | None = None,
    seed: int | None = None,
    out: str | Path | None = None,
    settings: Settings | None = None,
    plugins: Plugins | None = None,
    tell: Tell = say_nothing,
) -> Result:
    """Return what a spiking network makes of ``data``; duration and step are those of its code unless given.

    What ``settings`` ask to record is kept in the folder ``out``.
    """
    plugins = plugins or Plugins()
    simulating = {"backend": backend, "duration_ms": duration_ms, "dt_ms": dt_ms, "batch": batch}
    tables = _merged(settings, {"simulate": simulating, "data": {"count": count}})
    if seed is not None:
        tables["seed"] = seed
    run = run_file.build(tables, plugins, uses=run_file.SIMULATING)
    folder = None if out is None else writing.folder(Path(out))
    loaded = _network(network, plugins)
    return _runs.simulate(run, loaded, _samples(run, data, plugins), plugins, tell, folder)


def evaluate(
    network: Network | str | Path,
    data: Data,
    tell: Tell = say_nothing,
    *,
    settings: Settings | None = None,
    plugins: Plugins | None = None,
) -> npt.NDArray[np.int64]:
    """Return the class that the analog network gives each sample, (n,); for a spiking one, the network it came from."""
    plugins = plugins or Plugins()
    run = run_file.build(_merged(settings, {}), plugins, uses=run_file.EVALUATING)
    network = _network(network, plugins)
    analog = network.analog.get("parsed", network) if network.stage == "spiking" else network
    samples = fitting.fit(_samples(run, data, plugins), analog, tell, skip_bad=run.data.skip_bad)
    return presenting.classify(analog, samples, tell)


def read(
    path: str | Path,
    *,
    reader: str | None = None,
    calibration: bool = False,
    settings: Settings | None = None,
    plugins: Plugins | None = None,
) -> Dataset:
    """Return the samples at ``path``, which are read when they are needed; by default with the reader that accepts it.

    ``settings`` are tables as in a run file: those of readers, and what [data] selects.
    """
    plugins = plugins or Plugins()
    key = "normalise_reader" if calibration else "reader"
    uses = run_file.CALIBRATING if calibration else run_file.READING
    run = run_file.build(_merged(settings, {"data": {key: reader}}), plugins, uses=uses)
    return (sampling.calibration if calibration else sampling.read)(run, Path(path), plugins)


def run(
    path: str | Path,
    *assignments: str,
    out: str | Path | None = None,
    plugins: Plugins | None = None,
    tell: Tell = say_nothing,
) -> Result:
    """Do all that the run file ``path`` says, from the model to the report; ``assignments`` are ``TABLE.KEY=VALUE``."""
    plugins = plugins or Plugins()
    whole = run_file.read(Path(path), plugins, assignments)
    folder = _runs.default_folder(whole) if out is None else Path(out)
    result = _runs.execute(whole, plugins, folder, tell)
    _runs.report(whole, result, folder)
    return result


def sweep(
    path: str | Path,
    over: Mapping[str, Sequence[Any]],
    *assignments: str,
    jobs: int | None = None,
    out: str | Path | None = None,
    plugins: Plugins | None = None,
    tell: Tell = say_nothing,
) -> Sweep:
    """Do all that the run file ``path`` says at every combination of the values that settings take.

    Parameters
    ----------
    path : path
    over : mapping of setting to values
        As ``{"convert.reset": ["subtract", "zero"], "simulate.duration_ms": [20, 50, 100]}``.
    assignments : str
        ``TABLE.KEY=VALUE``, for all points.
    jobs : int
        So many processes work side by side, by default as many as there are processors; no result depends on it.
    out : path
        The folder that keeps the sweep; where it holds the same one, ended before its end, that goes on.

    Notes
    -----
    The processes load the plugins that are installed here, without those that ``plugins`` blocks.
    """
    plugins = plugins or Plugins()
    overs = _over.checked(_over.Over(setting, tuple(values)) for setting, values in over.items())
    plan = planning.plan(Path(path), plugins, overs, assignments)
    folder = _runs.default_folder(plan.first, sweeping.SWEEPS) if out is None else Path(out)
    found = sweeping.sweep(plan, plugins, folder, jobs, tell)
    sweeping.report(found, sweeping.reporters(plan, plugins), folder)
    return found


def train(
    data: Data,
    *,
    validate: Data | None = None,
    trainer: str | None = None,
    network: Network | str | Path | None = None,
    duration_ms: float | None = None,
    dt_ms: float | None = None,
    count: int | None = None,
    seed: int | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    settings: Settings | None = None,
    plugins: Plugins | None = None,
    tell: Tell = say_nothing,
) -> Network:
    """Return a spiking network that has learnt the classes of ``data``, and carries the duration and step it learnt in.

    Parameters
    ----------
    data : Data
        What is learnt from: each sample has a class.
    validate : Data
        What is not, but classified after each epoch.
    trainer : str
        The name of a training method; by default the only one that is installed.
    network : Network or path
        One whose graph and neurons are taken; by default the settings of the trainer say what is trained.
    out : path
        The folder that keeps the training: its table of epochs, checkpoints, and in the end trained.snn.
    resume : bool
        Whether to go on from the last checkpoint in ``out``.
    settings : mapping
        Tables as in a run file: ``{"trainer": {"slayer": {…}}, "simulate": {"input": "events"}}``.
    tell : function
        Is given an `snn.progress.EpochProgress` after each epoch.
    """
    plugins = plugins or Plugins()
    tables = _merged(
        settings,
        {"train": {"trainer": trainer, "count": count}, "simulate": {"duration_ms": duration_ms, "dt_ms": dt_ms}},
    )
    if seed is not None:
        tables["seed"] = seed
    for key, value in (("samples", data), ("validate_with", validate)):
        if isinstance(value, (str, Path)):
            tables = _merged(tables, {"train": {key: str(value)}})
    if isinstance(network, (str, Path)):
        tables["source"] = str(network)
    run = run_file.build(tables, plugins, uses=run_file.TRAINING)
    plan = training_runs.plan(run, plugins, network if isinstance(network, Network) else None)
    folder = None if out is None else Path(out)
    if folder is not None:
        training_runs.check_folder(plan, folder, resume=resume)
    elif resume:
        raise SettingsError("a training goes on in a folder, and there is none", hint="name it: out=…")
    if isinstance(data, (str, Path)):
        samples = sampling.training(run, Path(data), plugins)
    else:
        samples = sampling.selected_to_train(run, _arrays(data))
    if validate is None or isinstance(validate, (str, Path)):
        others = None if validate is None else sampling.validation(run, Path(validate), plugins)
    else:
        others = _arrays(validate).first(run.train.validate_count)
    return training_runs.train(plan, samples, others, plugins, tell, folder, resume=resume).network


def load(path: str | Path, *, plugins: Plugins | None = None) -> Network:
    """Return the network in the file ``path``."""
    return storage.load(Path(path), (plugins or Plugins()).neurons())


def save(network: Network, path: str | Path) -> None:
    """Write ``network`` to the file ``path``, whole or not at all."""
    storage.save(network, Path(path))


def load_result(folder: str | Path, *, plugins: Plugins | None = None) -> Result:
    """Return what the finished run in ``folder`` found."""
    return result_file.load(Path(folder), (plugins or Plugins()).neurons())


def report(
    result: Result | str | Path,
    *reporters: str,
    out: str | Path | None = None,
    settings: Settings | None = None,
    plugins: Plugins | None = None,
) -> None:
    """Let ``reporters`` (by default the console) tell of ``result``, or of the finished run in a folder.

    Files go to ``out``, by default to the folder of the run.
    """
    plugins = plugins or Plugins()
    folder = None if isinstance(result, Result) else Path(result)
    found = result if isinstance(result, Result) else load_result(result, plugins=plugins)
    tables = _merged(settings, {"report": {"reporters": list(reporters) or ["console"]}})
    run = run_file.build(tables, plugins, uses={"report.reporters", "reporter"})
    _runs.report(run, found, folder if out is None else writing.folder(Path(out)))


def _path(source: Any) -> Any:
    return Path(source) if isinstance(source, str) else source


def _network(network: Network | str | Path, plugins: Plugins | None) -> Network:
    return network if isinstance(network, Network) else load(network, plugins=plugins)


def _samples(run: RunFile, data: Data, plugins: Plugins) -> Dataset:
    if isinstance(data, (str, Path)):
        return sampling.read(run, Path(data), plugins)
    return sampling.selected(run, _arrays(data))


def _calibration(run: RunFile, data: Data, plugins: Plugins) -> Dataset:
    if isinstance(data, (str, Path)):
        return sampling.calibration(run, Path(data), plugins)
    return _arrays(data).first(run.data.normalise_count)


def _arrays(
    data: Dataset | npt.NDArray[np.generic] | tuple[npt.NDArray[np.generic], npt.NDArray[np.generic]],
) -> Dataset:
    if isinstance(data, Dataset):
        return data
    parts = data if isinstance(data, tuple) else (data, None)
    if len(parts) != 2:
        raise DataError(f"the data are a tuple of {len(parts)}; needed: (samples, labels)")
    try:
        samples, labels = (None if part is None else np.asarray(part) for part in parts)
    except (ValueError, TypeError) as error:  # lists of different lengths
        raise DataError(f"the data are no arrays: {error}") from error
    if samples is None:
        raise DataError("there are no samples")
    return checking.from_arrays(samples, labels, "the samples given")


def _merged(settings: Settings | None, own: Settings) -> dict[str, Any]:
    """Return the tables of ``settings``, and over them those of the function's own arguments that are given."""
    if settings is not None and not isinstance(settings, Mapping):
        raise SettingsError(f"settings must be a mapping of tables, got {type(settings).__name__}")
    tables: dict[str, Any] = dict(settings or {})
    for name, table in own.items():
        given = {key: value for key, value in table.items() if value is not None}
        if given:
            before = tables.get(name, {})
            tables[name] = {**before, **given} if isinstance(before, Mapping) else before
    return tables
