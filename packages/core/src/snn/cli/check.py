"""``snn check``: whether a component keeps its promises on this machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from ..plugins import HOOKS, Plugins
from . import options
from .interrupting import hinted

if TYPE_CHECKING:
    from ..component import Component
    from ..testing import Outcome

_MARKS = {
    "ok": ("ok  ", "green"),
    "deviates": ("dev ", "yellow"),
    "failed": ("FAIL", "red"),
    "skipped": ("skip", "yellow"),
}


@click.command("check")
@click.argument("name")
@options.assignments
@click.pass_obj
def command(plugins: Plugins, name: str, assignments: tuple[str, ...]) -> None:
    """Check that the component NAME keeps its promises on this machine.

    Its settings are the defaults, or those that it names for this, but for those of --set, as in
    --set backend.NAME.KEY=VALUE.

    Where components of several kinds have the name, all are checked. A check that cannot be made here is skipped, with
    the reason, and is no pass. Exits with 1 where a promise is broken, but for deviations that the component tells
    itself.
    """
    tally: Counter[str] = Counter()
    with hinted(lambda: "the same command starts again; checks leave nothing behind"):
        for kind, component in _configured(name, plugins, assignments):
            click.secho(f"{kind} {name}", bold=True)
            tally.update(_check(kind, component))
    colour = "red" if tally["failed"] else "green"
    deviates = f", {tally['deviates']} deviating as is known" if tally["deviates"] else ""
    click.secho(f"{tally['ok']} ok{deviates}, {tally['failed']} failed, {tally['skipped']} skipped", fg=colour)
    if tally["failed"]:
        raise click.exceptions.Exit(1)


def _named(name: str, plugins: Plugins) -> list[tuple[str, type[Component]]]:
    """Return the components called ``name``, each with its kind."""
    from ..errors import PluginError  # noqa: PLC0415  not before the command runs

    offered = {kind: plugins.components(kind) for kind in HOOKS}
    found = [(kind, components[name]) for kind, components in offered.items() if name in components]
    if not found:
        known = "; ".join(f"{kind}s {', '.join(names)}" for kind, names in offered.items() if names)
        faulty = ", ".join(f"{plugin.name} ({plugin.fault})" for plugin in plugins.found if plugin.fault)
        more = f"; left out: {faulty}" if faulty else ""
        raise PluginError(f"no component {name!r} is installed", hint=f"installed: {known}{more}")
    return found


def _configured(name: str, plugins: Plugins, assignments: tuple[str, ...]) -> list[tuple[str, Component]]:
    """Return the components called ``name``, each with its kind, as ``assignments`` set them."""
    from .. import settings, toml  # noqa: PLC0415  as above
    from ..errors import SettingsError  # noqa: PLC0415

    tables: Mapping[str, Any] = {}
    for assignment in assignments:
        tables = toml.assign(tables, assignment)
    named = dict(_named(name, plugins))
    for kind, table in tables.items():
        strange = [key for key in table if key != name] if kind in named and isinstance(table, Mapping) else [kind]
        if strange:
            raise SettingsError(
                f"{kind}: --set has no effect on {name!r}", hint=f"write --set {next(iter(named))}.{name}.KEY=VALUE"
            )
    return [
        (kind, settings.read({**component.trial, **tables.get(kind, {}).get(name, {})}, component, f"{kind}.{name}"))
        for kind, component in named.items()
    ]


def _check(kind: str, component: Component) -> list[str]:
    """Make each check, print a line for it, and return the states."""
    from ..testing import checks_for, perform  # noqa: PLC0415  not before the command runs

    states: list[str] = []
    for check in checks_for(kind, component):
        outcome = perform(check, component)
        _print(outcome)
        states.append(outcome.state)
    return states


def _print(outcome: Outcome) -> None:
    mark, colour = _MARKS[outcome.state]
    told = f" ({outcome.reason})" if outcome.state in ("skipped", "deviates") else ""
    click.secho(mark, fg=colour, nl=False)
    click.echo(f"  {outcome.check}{told}")
    if outcome.state == "failed":
        for line in outcome.reason.splitlines():
            click.echo(f"      {line}".rstrip())
