"""``snn parity``: one network on several backends, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..plugins import Plugins
from . import options

if TYPE_CHECKING:
    from ..parity import Parity


@click.command("parity")
@click.argument("network", type=options.PATH)
@options.samples
@click.option("--backends", required=True, metavar="NAME,NAME", help="The backends; all are compared with the first.")
@click.option("--duration", type=float, metavar="MS", help="How long a sample is shown. Default: as the code asks.")
@click.option("--dt", type=float, metavar="MS", help="The time step. Default: as the code asks.")
@options.assignments
@options.as_json
@click.pass_obj
def command(
    plugins: Plugins,
    network: Path,
    data: Path,
    subset: str | None,
    per_class: int | None,
    count: int | None,
    skip_bad: bool,
    backends: str,
    duration: float | None,
    dt: float | None,
    assignments: tuple[str, ...],
    as_json: bool,
) -> None:
    """Compare what several backends make of the spiking NETWORK: spikes by layer, outputs, classes, seconds."""
    import dataclasses  # noqa: PLC0415  not for --help
    import json  # noqa: PLC0415

    from .. import run_file, sampling, storage  # noqa: PLC0415
    from ..parity import parity  # noqa: PLC0415
    from .progress import shown  # noqa: PLC0415

    names = [name.strip() for name in backends.split(",") if name.strip()]
    given = options.tables(
        simulate__backend=names[0] if names else None,
        simulate__duration_ms=duration,
        simulate__dt_ms=dt,
        data__subset=subset,
        data__per_class=per_class,
        data__count=count,
        data__skip_bad=skip_bad or None,
    )
    run = run_file.build(given, plugins, assignments, uses=run_file.COMPARING)
    with shown() as tell:
        loaded = storage.load(network, plugins.neurons())
        found = parity(run, loaded, sampling.read(run, data, plugins), names, plugins, tell)
    if as_json:
        click.echo(json.dumps({"network": str(network), "backends": [dataclasses.asdict(side) for side in found]}))
    else:
        _print(f"{network}, compared with {names[0]}", found)


def _print(title: str, found: Sequence[Parity]) -> None:
    from rich.console import Console  # noqa: PLC0415  not for --json
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    from ..reporters.amounts import count, percent  # noqa: PLC0415

    ran = [side for side in found if not side.fault]
    table = Table(title=escape(title), title_justify="left")
    table.add_column("", overflow="fold")
    for side in ran:
        table.add_column(side.backend, justify="right", overflow="fold")
    for name in ran[0].layers:
        cells = [side.layers[name] for side in ran]
        told = [f"{count(cell.count)} spikes, {count(cell.difference)} off" for cell in cells[1:]]
        table.add_row(escape(name), f"{count(cells[0].count)} spikes", *told)
    table.add_section()
    if len(ran) > 1:
        table.add_row("outputs, largest difference", "", *(f"{side.output:.3g}" for side in ran[1:]))
        table.add_row("agreement", "", *(percent(side.agreement) for side in ran[1:]))
    table.add_row("accuracy", *(percent(side.accuracy) for side in ran))
    table.add_row("seconds", *(f"{side.seconds:.3g}" for side in ran))
    table.add_row("to build", *(f"{side.build_seconds:.3g}" for side in ran))
    console = Console(highlight=False)
    console.print(table)
    for side in found:
        if side.fault:
            console.print(f"{side.backend} did not run: {side.fault}", markup=False, soft_wrap=True)
