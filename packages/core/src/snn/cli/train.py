"""``snn train``: a spiking network that learns from samples."""

from __future__ import annotations

from pathlib import Path

import click

from ..plugins import Plugins
from . import options
from .interrupting import hinted


@click.command("train")
@click.argument("run", type=options.PATH, metavar="RUN.toml")
@click.option("--out", type=options.PATH, metavar="DIR", help="The run folder. Default: runs/TIME-NAME.")
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint in the folder that --out names.")
@options.assignments
@click.pass_obj
def command(plugins: Plugins, run: Path, out: Path | None, resume: bool, assignments: tuple[str, ...]) -> None:
    """Train a spiking network on the samples that [train] of RUN.toml names, and keep it in a run folder.

    The folder holds the trained network, trained.snn, ready for snn simulate; training.csv, a row an epoch; and the
    checkpoints from which a training that was ended goes on with --resume.
    """
    if resume and out is None:
        raise click.UsageError("--resume goes on in a folder: name it with --out DIR", click.get_current_context())
    from .. import run_file, runs, training_runs  # noqa: PLC0415  not for --help
    from .log import kept  # noqa: PLC0415
    from .progress import shown  # noqa: PLC0415
    from .trained import show  # noqa: PLC0415

    whole = run_file.read(run, plugins, assignments, run_file.TRAINING)
    folder = out or runs.default_folder(whole)
    with hinted(lambda: _how_to_go_on(folder, named=out is not None, resumed=resume)):
        plan = training_runs.plan(whole, plugins)
        training_runs.check_folder(plan, folder, resume=resume)  # what is no folder of this training gets no log either
        with kept(folder, more=resume) as log, shown(log) as tell:
            trained = training_runs.execute(plan, plugins, folder, tell, resume=resume)
    show(trained)


def _how_to_go_on(folder: Path, *, named: bool, resumed: bool) -> str:
    """Return what to do after an interruption."""
    from .. import training_runs  # noqa: PLC0415  as above

    if training_runs.has_checkpoints(folder):
        words = [*([] if named else ["--out", str(folder)]), *([] if resumed else ["--resume"])]
        return f"go on from the last checkpoint with: {options.again(*words)}"
    if named and (folder / training_runs.CHECKPOINTS).exists():
        return "no checkpoint was kept yet; the same command starts again with another --out"
    return "the same command starts again"
