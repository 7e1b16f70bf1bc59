"""``snn check``: whether a component keeps its promises on this machine."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from ..plugins import HOOKS, Plugins
from .interrupting import hinted

if TYPE_CHECKING:
    from ..component import Component
    from ..testing import Outcome

_MARKS = {"ok": ("ok  ", "green"), "failed": ("FAIL", "red"), "skipped": ("skip", "yellow")}


@click.command("check")
@click.argument("name")
@click.pass_obj
def command(plugins: Plugins, name: str) -> None:
    """Check that the component NAME keeps its promises on this machine, with its settings as they are.

    Where components of several kinds have the name, all are checked. A check that cannot be made here is skipped, with
    the reason, and is no pass. Exits with 1 where a promise is broken.
    """
    tally: Counter[str] = Counter()
    with hinted(lambda: "the same command starts again; checks leave nothing behind"):
        for kind, component in _named(name, plugins):
            click.secho(f"{kind} {name}", bold=True)
            tally.update(_check(kind, component))
    colour = "red" if tally["failed"] else "green"
    click.secho(f"{tally['ok']} ok, {tally['failed']} failed, {tally['skipped']} skipped", fg=colour)
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


def _check(kind: str, component: type[Component]) -> list[str]:
    """Make each check, print a line for it, and return the states."""
    from ..testing import checks_for, perform  # noqa: PLC0415  not before the command runs

    instance = component()
    states: list[str] = []
    for check in checks_for(kind, instance):
        outcome = perform(check, instance)
        _print(outcome)
        states.append(outcome.state)
    return states


def _print(outcome: Outcome) -> None:
    mark, colour = _MARKS[outcome.state]
    told = f" ({outcome.reason})" if outcome.state == "skipped" else ""
    click.secho(mark, fg=colour, nl=False)
    click.echo(f"  {outcome.check}{told}")
    if outcome.state == "failed":
        for line in outcome.reason.splitlines():
            click.echo(f"      {line}".rstrip())
