"""``snn settings``: every setting, as a commented run file."""

from __future__ import annotations

import click

from ..plugins import Plugins


@click.command("settings")
@click.argument("name", required=False)
@click.pass_obj
def command(plugins: Plugins, name: str | None) -> None:
    """Print every setting with its default and meaning, as a run file; with NAME, those of one table or component."""
    from ..template import template  # noqa: PLC0415  not for --help

    click.echo(template(plugins, name), nl=False)
