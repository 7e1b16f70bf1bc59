"""``snn plugins``: what is installed, what it offers, and what is wrong with what cannot be used."""

from __future__ import annotations

import os

import click

from ..plugins import HOOKS, Plugins
from . import options


@click.command("plugins")
@options.as_json
@click.pass_obj
def command(plugins: Plugins, as_json: bool) -> None:
    """List the installed plugins, what they offer, and what is wrong with those that cannot be used."""
    # Nothing is computed here, and starting the threads of a BLAS is a tenth of this command's time.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if as_json:
        import json  # noqa: PLC0415  not for the table

        click.echo(json.dumps(_described(plugins), indent=1))
        return
    # Not a rich table: importing rich would be a fifth of this command's time.
    width = max(len(plugin.name) for plugin in plugins.found)
    for plugin in plugins.found:
        state = click.style(plugin.fault, fg="red") if plugin.fault else click.style("ok", fg="green")
        name = click.style(f"{plugin.name:<{width}}", bold=True)
        click.echo(f"{name}  {plugin.distribution} {plugin.version}  {state}")
        for kind in HOOKS:
            if names := [component.name for its_kind, component in plugin.components if its_kind == kind]:
                click.echo(f"{'':<{width}}  {kind:<10}  {', '.join(names)}")


def _described(plugins: Plugins) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for plugin in plugins.found:
        offers: dict[str, dict[str, object]] = {}
        for kind, component in plugin.components:
            more: dict[str, object] = {"requires": list(component().requires)}  # with its defaults
            for word in ("suffixes", "inputs", "functions", "readouts"):
                if hasattr(component, word):
                    more[word] = sorted(getattr(component, word))
            for word in ("layers", "neurons"):
                if hasattr(component, word):
                    more[word] = sorted(layer.__name__ for layer in getattr(component, word))
            offers.setdefault(kind, {})[component.name] = more
        found.append(
            {
                "name": plugin.name,
                "distribution": plugin.distribution,
                "version": plugin.version,
                "fault": plugin.fault,
                "offers": offers,
            }
        )
    return found
