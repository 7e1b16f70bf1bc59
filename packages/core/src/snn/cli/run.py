"""``snn run``: everything a run file says."""

from __future__ import annotations

from pathlib import Path

import click

from ..plugins import Plugins
from . import options
from .interrupting import hinted


@click.command("run")
@click.argument("run", type=options.PATH, metavar="RUN.toml")
@click.option("--out", type=options.PATH, metavar="DIR", help="The run folder. Default: runs/TIME-NAME.")
@options.assignments
@click.pass_obj
def command(plugins: Plugins, run: Path, out: Path | None, assignments: tuple[str, ...]) -> None:
    """Do all that RUN.toml says, from model file to report, and keep it in a run folder."""
    from .. import run_file, runs  # noqa: PLC0415  not for --help
    from .log import kept  # noqa: PLC0415
    from .progress import shown  # noqa: PLC0415

    whole = run_file.read(run, plugins, assignments)
    folder = out or runs.default_folder(whole)
    with hinted(lambda: _how_to_go_on(folder)), kept(folder) as log:
        with shown(log) as tell:
            result = runs.execute(whole, plugins, folder, tell)
        runs.report(whole, result, folder)  # once the bars are gone, which would be drawn into the tables


def _how_to_go_on(folder: Path) -> str:
    """Return what to do after an interruption: what was converted need not be converted again."""
    spiking = folder / "4-spiking.snn"
    if options.recordings_in(folder):
        return f"{folder} keeps what was recorded so far; the same command starts again with another --out"
    if not spiking.exists():
        return "the same command starts again"
    again = options.again("--set", f"source={spiking.absolute()}")
    return f"the same command starts again; what was converted is kept, to go on from there: {again}"
