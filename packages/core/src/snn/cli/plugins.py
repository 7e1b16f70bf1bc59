"""``snn plugins``: what is installed, what it offers, and what is wrong with what cannot be used."""

from __future__ import annotations

import click

from ..plugins import HOOKS, Plugins
from . import options


@click.command("plugins")
@options.as_json
@click.pass_obj
def command(plugins: Plugins, as_json: bool) -> None:
    """List the installed plugins, what they offer, and what is wrong with those that cannot be used."""
    if as_json:
        import json  # noqa: PLC0415  not for the table

        click.echo(json.dumps(_described(plugins), indent=1))
        return
    from rich.console import Console  # noqa: PLC0415  not for --help
    from rich.table import Table  # noqa: PLC0415

    table = Table("plugin", "distribution", "version", "offers", "state", box=None)
    for plugin in plugins.found:
        offers = "\n".join(
            f"{kind} {', '.join(component.name for its, component in plugin.components if its == kind)}"
            for kind in HOOKS
            if any(its == kind for its, _ in plugin.components)
        )
        table.add_row(plugin.name, plugin.distribution, plugin.version, offers, plugin.fault or "ok")
    Console(highlight=False).print(table)


def _described(plugins: Plugins) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for plugin in plugins.found:
        offers: dict[str, dict[str, object]] = {}
        for kind, component in plugin.components:
            more: dict[str, object] = {"requires": list(component.requires)}
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
