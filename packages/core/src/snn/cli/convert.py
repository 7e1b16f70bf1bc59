"""``snn convert``: from a model file to a spiking network file, in one command."""

from __future__ import annotations

from pathlib import Path

import click

from ..plugins import Plugins
from . import options


@click.command("convert")
@click.argument("model", type=options.PATH)
@options.output
@options.frontend
@click.option("--backend", metavar="NAME", help="The simulator it is for; its limits are checked. Default: inisim.")
@options.calibrate
@click.option("--code", metavar="CODE", help="The spike code. Default: rate.")
@options.assignments
@click.pass_obj
def command(
    plugins: Plugins,
    model: Path,
    out: Path | None,
    frontend: str | None,
    backend: str | None,
    calibrate: Path | None,
    code: str | None,
    assignments: tuple[str, ...],
) -> None:
    """Convert MODEL into a spiking network.

    MODEL is a file of any installed frontend, or a .snn of any stage. Without --calibrate the scales come from the
    bound of the weights, and the network needs many more steps.
    """
    from .. import pipeline, run_file, sampling, storage  # noqa: PLC0415  not for --help
    from .progress import shown  # noqa: PLC0415

    given = options.tables(parse__frontend=frontend, simulate__backend=backend, convert__code=code)
    run = run_file.build(given, plugins, assignments, uses=run_file.CONVERTING)
    path = options.target(out, model)
    with shown() as tell:
        data = None if calibrate is None else sampling.calibration(run, calibrate, plugins)
        network = pipeline.parse(run, model, plugins, tell)
        spiking = pipeline.prepare(run, network, plugins, data, tell)
        storage.save(spiking, path)
    click.echo(f"wrote {path}")
