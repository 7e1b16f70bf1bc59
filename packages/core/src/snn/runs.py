"""A whole run from its run file, and the folder that it keeps."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import logging
import platform
import shlex
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from . import checking, fitting, pipeline, presenting, result_file, sampling, showing, stimuli, storage, toml, writing
from .dataset import Dataset
from .errors import ConversionWarning, SettingsError
from .network import STAGES, Network
from .plugins import Plugins, check_requirements
from .progress import Progress, Tell, say_nothing
from .result import Result
from .run_file import RunFile

RUNS = Path("runs")
_PART = 2**20  # bytes of a file that are hashed at once
_LOG = logging.getLogger(__name__)


def execute(run: RunFile, plugins: Plugins, folder: Path, tell: Tell = say_nothing) -> Result:
    """Do all that ``run`` says but the reporting, and return what was found; ``folder`` keeps it.

    The folder is made once the model has been converted, so that a run that is refused leaves nothing behind. Each file
    in it is written whole.
    """
    check(run)
    writing.check_folder(folder)
    for note in run.notes:
        tell(Progress("run", note=note))
    data = sampling.read(run, run.path(run.data.samples), plugins)
    calibration = None
    if run.data.normalise_with:
        calibration = sampling.calibration(run, run.path(run.data.normalise_with), plugins)
    parsed = pipeline.parse(run, run.path(run.general.source), plugins, tell)
    fitting.fitted_view(data, parsed)  # what is wrong is told before anything is computed
    data = checking.check(data, skip_bad=run.data.skip_bad, tell=tell)
    networks: dict[str, Network] = {parsed.stage: parsed}

    if parsed.stage == "spiking":
        tell(Progress("run", note="the source is a spiking network: [normalise] and [convert] have no effect"))
        spiking = parsed
    else:
        fitted = None if calibration is None else fitting.fit(calibration, parsed, tell, skip_bad=run.data.skip_bad)
        simple = pipeline.simplified(parsed, fitted, tell)
        pipeline.rehearse(run, simple)
        scaled = pipeline.normalised(run, simple, plugins, fitted, tell)
        spiking = pipeline.converted(run, scaled, plugins, fitted, tell)
        networks |= {network.stage: network for network in (simple, scaled, spiking)}

    return simulate(run, spiking, data, plugins, tell, folder, networks)


def simulate(
    run: RunFile,
    spiking: Network,
    data: Dataset,
    plugins: Plugins,
    tell: Tell = say_nothing,
    folder: Path | None = None,
    networks: Mapping[str, Network] | None = None,
    known: presenting.Ranked | None = None,
) -> Result:
    """Return what ``spiking`` makes of ``data``; ``folder`` keeps that, the settings and the ``networks`` by stage.

    ``known`` is what is known of the parsed network already, as for `presenting.simulate`.
    """
    check_requirements("backend", run.backend)
    clock = presenting.clock_of(run, spiking)
    data = sampling.selected(run, data)
    fitting.fitted_view(data, spiking)  # a wrong shape is told before all samples are looked at
    data = checking.check(data, skip_bad=run.data.skip_bad, tell=tell)
    stimuli.check(run, data)
    showing.check(run, data)
    tables = run.tables()
    tables["simulate"] |= {"duration_ms": clock.duration_ms, "dt_ms": clock.dt_ms}
    if folder is not None:
        writing.folder(folder)
        writing.write(folder / "run.toml", toml.write(tables))
        kept = {"spiking": spiking, **(networks or {})}
        for number, stage in enumerate(STAGES, 1):
            if stage in kept:
                storage.save(kept[stage], folder / f"{number}-{stage}.snn")
        writing.write(folder / "environment.json", json.dumps(environment(run, plugins, kept), indent=1) + "\n")
    result = presenting.simulate(run, spiking, data, plugins, tell, folder, known)
    result = dataclasses.replace(
        result,
        shown=None if result.not_simulated else showing.show(run, spiking, data, clock, plugins, tell),
        tables=tables,
        command="" if folder is None else f"snn run {shlex.quote(str(folder / 'run.toml'))}",
    )
    if folder is not None:
        result_file.save(result, folder)
    return result


def check(run: RunFile) -> None:
    """Raise SettingsError where ``run`` names no model or samples, PluginError where a reporter cannot work here."""
    if not run.general.source:
        raise SettingsError("source: the run file names no model", hint='add source = "model.keras" at its top')
    if not run.data.samples:
        raise SettingsError("[data] samples: the run file names no samples", hint='add samples = "test.npz" to [data]')
    for reporter in run.reporters:
        check_requirements("reporter", reporter)


def default_folder(run: RunFile, place: Path = RUNS) -> Path:
    """Return the folder of a run that starts now: ``runs/<time>-<name>``, with a number if that is taken."""
    stem = f"{time.strftime('%Y%m%d-%H%M%S')}-{run.general.name}"
    names = (stem if not number else f"{stem}-{number}" for number in itertools.count())
    return next(place / name for name in names if not (place / name).exists())


def report(run: RunFile, result: Result, folder: Path | None) -> None:
    """Let every reporter of ``run`` tell of ``result``; of a network that was only built, those that can."""
    for reporter in run.reporters:
        if result.not_simulated and reporter.needs.simulated:
            told = f"reporter {reporter.name!r} has nothing to tell: nothing was simulated"
            warnings.warn(told, ConversionWarning, stacklevel=2)
            continue
        _LOG.info("reporting with %s", reporter.name)
        reporter.report(result, folder)


def missing(run: RunFile, result: Result) -> list[str]:
    """Return what reporters of ``run`` need that ``result`` does not hold, a line a reporter."""
    shown = result.shown
    found: list[str] = []
    if result.not_simulated:
        return found
    for reporter in run.reporters:
        lacks = "a sample in detail" if reporter.needs.sample and shown is None else ""
        if reporter.needs.potentials and not (shown and any(layer.potentials is not None for layer in shown.layers)):
            lacks = "potentials of a sample"
        if lacks:
            found.append(
                f"the run kept no {lacks.removeprefix('a ')}, which reporter {reporter.name!r} shows: run it again "
                f"with {reporter.name!r} among report.reporters"
            )
    return found


def environment(run: RunFile, plugins: Plugins, networks: Mapping[str, Network]) -> dict[str, Any]:
    """Return what a run depended on besides its run file."""
    return {
        **installation(plugins),
        "seed": run.general.seed,
        "digests": {stage: storage.digest(network) for stage, network in networks.items()},
        "files": {str(path): digest(path) for path in files(run)},
    }


def installation(plugins: Plugins) -> dict[str, Any]:
    """Return the versions of what is installed here."""
    return {
        "plugins": {
            plugin.name: f"{plugin.distribution} {plugin.version}" for plugin in plugins.found if not plugin.fault
        },
        "python": platform.python_version(),
        "numpy": np.__version__,
        "platform": platform.platform(),
    }


def files(run: RunFile, *names: str) -> list[Path]:
    """Return the absolute path of each file or folder that the run reads, or of those that ``names`` stand for."""
    wanted = names or (run.general.source, run.data.samples, run.data.normalise_with)
    paths = [run.path(name).absolute() for name in wanted if name]
    if run.general.source in wanted and run.general.source:
        paths += [file.absolute() for file in pipeline.files(run, run.path(run.general.source))]
    paths = list(dict.fromkeys(paths))
    return [path for path in paths if path.is_file() or path.is_dir()]


def digest(path: Path) -> str:
    """Return the SHA-256 of the file ``path``; a folder's is that of its files and their names."""
    whole = hashlib.sha256()
    if path.is_dir():
        for file in sorted(file for file in path.rglob("*") if file.is_file()):
            whole.update(f"{file.relative_to(path).as_posix()} {digest(file)}\n".encode(errors="surrogateescape"))
        return whole.hexdigest()
    with path.open("rb") as stream:
        while part := stream.read(_PART):
            whole.update(part)
    return whole.hexdigest()
