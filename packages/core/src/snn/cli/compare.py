"""``snn compare``: runs side by side."""

from __future__ import annotations

from pathlib import Path

import click

from ..plugins import Plugins
from . import options


@click.command("compare")
@click.argument("folders", type=options.PATH, nargs=-1, required=True, metavar="RUN_DIR...")
@options.as_json
@click.pass_obj
def command(plugins: Plugins, folders: tuple[Path, ...], as_json: bool) -> None:
    """Put the runs in the folders RUN_DIR side by side: what they found, and which settings differ."""
    import json  # noqa: PLC0415  not for --help

    from .. import comparing, result_file  # noqa: PLC0415

    results = [result_file.load(folder, plugins.neurons()) for folder in folders]
    rows = comparing.rows(results)
    if as_json:
        found = {row.name: list(row.cells) for row in rows}
        click.echo(json.dumps({"runs": [str(folder) for folder in folders], "rows": found}))
        return
    from rich.console import Console  # noqa: PLC0415  not for --json
    from rich.table import Table  # noqa: PLC0415

    table = Table()
    table.add_column("")
    for name in comparing.titles(folders):
        table.add_column(name, justify="right", overflow="fold")
    section = ""
    for row in rows:
        if section and row.section != section:
            table.add_section()
        section = row.section
        table.add_row(row.name, *(comparing.told(cell, row.unit) for cell in row.cells))
    Console(highlight=False).print(table)
