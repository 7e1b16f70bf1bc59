"""``snn parse``, ``simplify`` and ``normalise``: one verb each, from file to file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..plugins import Plugins
from . import options

if TYPE_CHECKING:
    from ..dataset import Dataset
    from ..network import Network
    from ..progress import Tell
    from ..run_file import RunFile


@click.command("parse")
@click.argument("model", type=options.PATH)
@options.output
@options.frontend
@options.assignments
@click.pass_obj
def parse(plugins: Plugins, model: Path, out: Path | None, frontend: str | None, assignments: tuple[str, ...]) -> None:
    """Read MODEL and write the network as its framework had it, by default to MODEL.parsed.snn."""
    from .. import pipeline, run_file, storage  # noqa: PLC0415  not for --help
    from ..errors import ParseError  # noqa: PLC0415
    from .progress import shown  # noqa: PLC0415

    given = options.tables(parse__frontend=frontend)
    run = run_file.build(given, plugins, assignments, uses=run_file.PARSING)
    path = options.target(out, model, ".parsed.snn")
    if model.name.endswith(storage.SUFFIX):
        raise ParseError(f"{model} is a network already", hint="parse the model it came from, or go on: snn simplify")
    with shown() as tell:
        storage.save(pipeline.parse(run, model, plugins, tell), path)
    click.echo(f"wrote {path}")


@click.command("simplify")
@click.argument("network", type=options.PATH)
@options.output
@options.calibrate
@options.assignments
@click.pass_obj
def simplify(
    plugins: Plugins, network: Path, out: Path | None, calibrate: Path | None, assignments: tuple[str, ...]
) -> None:
    """Fold and drop layers of NETWORK, prove that nothing changed, and write NETWORK.simplified.snn."""
    from .. import pipeline, run_file, storage  # noqa: PLC0415  not for --help
    from .progress import shown  # noqa: PLC0415

    run = run_file.build({}, plugins, assignments, uses=run_file.CALIBRATING)
    path = options.target(out, network, ".simplified.snn")
    with shown() as tell:
        loaded = _before("simplified", network, plugins)
        data = _calibration(run, calibrate, loaded, plugins, tell)
        storage.save(pipeline.simplified(loaded, data, tell), path)
    click.echo(f"wrote {path}")


@click.command("normalise")
@click.argument("network", type=options.PATH)
@options.output
@options.calibrate
@options.assignments
@click.pass_obj
def normalise(
    plugins: Plugins, network: Path, out: Path | None, calibrate: Path | None, assignments: tuple[str, ...]
) -> None:
    """Rescale the weights of NETWORK, simplified first if need be, and write NETWORK.normalised.snn."""
    from .. import pipeline, run_file, storage  # noqa: PLC0415  not for --help
    from .progress import shown  # noqa: PLC0415

    run = run_file.build({}, plugins, assignments, uses=run_file.NORMALISING)
    path = options.target(out, network, ".normalised.snn")
    with shown() as tell:
        loaded = _before("normalised", network, plugins)
        data = _calibration(run, calibrate, loaded, plugins, tell)
        simple = pipeline.simplified(loaded, data, tell)
        storage.save(pipeline.normalised(run, simple, plugins, data, tell), path)
    click.echo(f"wrote {path}")


def _calibration(run: RunFile, path: Path | None, network: Network, plugins: Plugins, tell: Tell) -> Dataset | None:
    """Return the calibration samples at ``path`` in the shape of the input of ``network``, or None without a path."""
    from .. import fitting, sampling  # noqa: PLC0415  not for --help

    if path is None:
        return None
    return fitting.fit(sampling.calibration(run, path, plugins), network, tell, skip_bad=run.data.skip_bad)


def _before(stage: str, path: Path, plugins: Plugins) -> Network:
    """Return the network in the file ``path``, which must not have come to ``stage`` yet."""
    from .. import storage  # noqa: PLC0415  not for --help
    from ..errors import ConversionError  # noqa: PLC0415
    from ..network import STAGES  # noqa: PLC0415

    loaded = storage.load(path, plugins.neurons())
    if STAGES.index(loaded.stage) >= STAGES.index(stage):
        raise ConversionError(f"{path} is {loaded.stage} already", hint="start again from an earlier stage")
    return loaded
