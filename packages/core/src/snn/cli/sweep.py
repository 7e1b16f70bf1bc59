"""``snn sweep``: a run file, over values of its settings."""

from __future__ import annotations

from pathlib import Path

import click

from ..plugins import Plugins
from . import options
from .interrupting import hinted


@click.command("sweep")
@click.argument("run", type=options.PATH, metavar="RUN.toml")
@click.option(
    "--over",
    "overs",
    multiple=True,
    required=True,
    metavar="TABLE.KEY=VALUES",
    help="Values between commas, as in convert.reset=subtract,zero; A:B:S is from A to B, with B, in steps of S.",
)
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Points at once. Default: one a processor.")
@click.option(
    "--out",
    type=options.PATH,
    metavar="DIR",
    help="The folder; of an ended sweep, to go on. Default: sweeps/TIME-NAME.",
)
@click.option("--with", "others", multiple=True, metavar="NAME", help="Another reporter, for the sweep as a whole.")
@options.assignments
@click.pass_obj
def command(
    plugins: Plugins,
    run: Path,
    overs: tuple[str, ...],
    jobs: int | None,
    out: Path | None,
    others: tuple[str, ...],
    assignments: tuple[str, ...],
) -> None:
    """Do all that RUN.toml says at every combination of the values of --over, and tell what they make of it.

    Stages that a setting does not touch are done once. A point that fails is told, and the others go on. A sweep that
    was ended goes on where it was with the same command and --out.
    """
    from .. import over, planning, runs, sweeping  # noqa: PLC0415  not for --help
    from ..errors import SnnError  # noqa: PLC0415
    from .log import kept  # noqa: PLC0415
    from .progress import shown  # noqa: PLC0415

    plan = planning.plan(run, plugins, over.read(overs), assignments)
    reporters = sweeping.reporters(plan, plugins, others)
    folder = out or runs.default_folder(plan.first, sweeping.SWEEPS)
    again = options.again() if out else options.again("--out", str(folder))
    with hinted(lambda: f"go on with: {again}"):
        planning.begin(plan, folder)  # what is no folder of this sweep gets no log either
        with kept(folder) as log, shown(log) as tell:
            found = sweeping.sweep(plan, plugins, folder, jobs, tell)
        sweeping.report(found, reporters, folder)
    if found.failed:
        raise SnnError(
            f"{len(found.failed)} of {len(found.points)} points failed; the first: {found.failed[0].label}: "
            f"{found.failed[0].error}",
            hint=f"to try them again: {again}",
        )
