"""``snn report``: tell of a finished run again, without simulating it."""

from __future__ import annotations

from pathlib import Path

import click

from ..plugins import Plugins
from . import options


@click.command("report")
@click.argument("folder", type=options.PATH, metavar="RUN_DIR")
@click.option(
    "--with", "names", multiple=True, metavar="NAME", help="A reporter; may be repeated. Default: those of the run."
)
@options.assignments
@click.pass_obj
def command(plugins: Plugins, folder: Path, names: tuple[str, ...], assignments: tuple[str, ...]) -> None:
    """Tell of the run in RUN_DIR again, with other reporters or other settings of theirs."""
    from .. import result_file, run_file, runs  # noqa: PLC0415  not for --help

    result = result_file.load(folder, plugins.neurons())
    before = {key: result.tables[key] for key in ("report", "reporter") if key in result.tables}
    if names:
        before["report"] = {**before.get("report", {}), "reporters": list(dict.fromkeys(names))}
    run = run_file.build(before, plugins, assignments, uses={"report.reporters", "report.sample", "reporter"})
    for note in runs.missing(run, result):
        click.echo(click.style("note: ", fg="yellow") + note, err=True)
    runs.report(run, result, folder)
