"""Find, check, load, block and list plugins, and the components that they offer."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.metadata import Distribution, EntryPoint, entry_points, version
from importlib.util import find_spec
from typing import Any

import pluggy
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from . import hookspecs, settings
from .component import Component
from .errors import PluginError, SnnError

HOOKS: Mapping[str, str] = {
    "frontend": "snn_frontends",
    "reader": "snn_readers",
    "normaliser": "snn_normalisers",
    "code": "snn_codes",
    "backend": "snn_backends",
    "reporter": "snn_reporters",
    "trainer": "snn_trainers",
}
"""The hook that lists each kind of component."""

BLOCK = "SNN_BLOCK"


@dataclass(frozen=True)
class Plugin:
    """An installed plugin, what it offers, and, if it cannot be used, why."""

    name: str
    distribution: str
    version: str
    fault: str = ""
    components: tuple[tuple[str, type[Component]], ...] = field(default=(), repr=False)


class Plugins:
    """The plugins of this environment; nothing is loaded before it is asked for.

    Parameters
    ----------
    blocked : names of plugins
        Left out, beside those named in the environment variable SNN_BLOCK.
    """

    def __init__(self, blocked: Iterable[str] = ()) -> None:
        named = (name.strip() for name in os.environ.get(BLOCK, "").split(","))
        self.blocked = {*blocked, *filter(None, named)}

    @cached_property
    def found(self) -> tuple[Plugin, ...]:
        """All plugins, by name, core's own first."""
        from . import builtin  # noqa: PLC0415  imports every verb

        manager = pluggy.PluginManager(hookspecs.GROUP)
        manager.add_hookspecs(hookspecs)
        manager.register(builtin, name="core")
        core = Plugin("core", "snn-core", version("snn-core"))
        entries = {
            (entry.name, entry.dist.name): (entry, entry.dist)
            for entry in entry_points(group=hookspecs.GROUP)
            if entry.dist is not None
        }
        taken = Counter([name for name, _ in entries] + ["core"])
        others = [
            self._load(manager, entry, distribution, alone=taken[entry.name] == 1)
            for entry, distribution in entries.values()
        ]
        found = (core, *sorted(others, key=lambda plugin: plugin.name))
        return tuple(plugin if plugin.fault else _offered(manager, plugin) for plugin in found)

    def _load(
        self, manager: pluggy.PluginManager, entry: EntryPoint, distribution: Distribution, *, alone: bool
    ) -> Plugin:
        plugin = Plugin(entry.name, distribution.name, distribution.version)
        if entry.name in self.blocked:
            return replace(plugin, fault="blocked")
        if not alone:  # the order of loading must not decide
            return replace(plugin, fault=f"another distribution also calls its plugin {entry.name!r}; uninstall one")
        try:
            if needs := _unmet(distribution):
                return replace(plugin, fault=f"needs {needs}, found snn-core {version('snn-core')}")
            manager.register(entry.load(), name=entry.name)
            manager.check_pending()
        except (Exception, SystemExit) as error:  # noqa: BLE001  a broken plugin must not take the others down
            if manager.has_plugin(entry.name):
                manager.unregister(name=entry.name)
            return replace(plugin, fault=f"{type(error).__name__}: {error}")
        return plugin

    def components(self, kind: str) -> Mapping[str, type[Any]]:
        """Return the components of a kind (``frontend``, ``backend``, …) by name."""
        offered: dict[str, tuple[type[Any], Plugin]] = {}
        for plugin in self.found:
            for its_kind, component in plugin.components:
                if its_kind != kind:
                    continue
                if component.name in offered:
                    rival = offered[component.name][1]
                    raise PluginError(
                        f"{rival.distribution} and {plugin.distribution} both offer a {kind} named {component.name!r}",
                        hint=f"uninstall one, or block it: SNN_BLOCK={plugin.name}",
                    )
                offered[component.name] = component, plugin
        return {name: component for name, (component, _) in sorted(offered.items())}

    def component(self, kind: str, name: str) -> type[Any]:
        """Return the component of a kind by its name."""
        components = self.components(kind)
        if name not in components:
            faulty = [f"{plugin.name} ({plugin.fault})" for plugin in self.found if plugin.fault]
            more = f"; left out: {', '.join(faulty)}" if faulty else ""
            raise PluginError(
                f"no {kind} {name!r} is installed", hint=f"installed: {', '.join(components) or 'none'}{more}"
            )
        return components[name]

    def neurons(self) -> list[type[Any]]:
        """Return the kinds of neurons that plugins bring with their codes."""
        return [kind for code in self.components("code").values() for kind in code.neurons if kind.plugin]

    def origin(self, component: type[Any]) -> Plugin:
        """Return the plugin that offers ``component``."""
        return next(plugin for plugin in self.found if any(found is component for _, found in plugin.components))


@contextmanager
def raised_by(kind: str, component: Component, plugins: Plugins) -> Iterator[None]:
    """Add to any exception from inside which component of which distribution raised it."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, SnnError) and hasattr(error, "add_note"):  # Python 3.11
            plugin = plugins.origin(type(component))
            error.add_note(f"raised by {kind} {component.name!r} of {plugin.distribution} {plugin.version}")
        raise


def check_requirements(kind: str, component: Component) -> None:
    """Raise PluginError where a module that ``component`` needs is missing, saying what to install."""
    missing = []
    for requirement in component.requires:
        module, _, package = requirement.partition(":")
        if not _is_there(module.strip()):
            missing.append(package.strip() or module)
    if missing:
        raise PluginError(
            f"{kind} {component.name!r} needs {', '.join(missing)}", hint=f"pip install {' '.join(missing)}"
        )


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):  # the package it is in is missing, or was put together by hand
        return False


def _offered(manager: pluggy.PluginManager, plugin: Plugin) -> Plugin:
    """Return ``plugin`` with its components; one whose hook raises is at fault, and takes no other down."""
    components = []
    for kind, hook in HOOKS.items():
        for implementation in getattr(manager.hook, hook).get_hookimpls():
            if implementation.plugin_name != plugin.name:
                continue
            try:
                offered = list(implementation.function())
                for component in offered:
                    _check_component(component)
            except (Exception, SystemExit) as error:  # noqa: BLE001  as above
                return replace(plugin, fault=f"{hook}: {type(error).__name__}: {error}")
            components += [(kind, component) for component in offered]
    return replace(plugin, components=tuple(components))


def _check_component(component: object) -> None:
    """Raise TypeError where ``component`` is no class that can be built from an empty table, as every run does."""
    if not (isinstance(component, type) and issubclass(component, Component)):
        raise TypeError(f"{component!r} is no component class")
    if not isinstance(getattr(component, "name", None), str):
        raise TypeError(f"{component.__name__} has no name")
    settings.read({}, component, component.name)


def _unmet(distribution: Distribution) -> str:
    for text in distribution.requires or ():
        requirement = Requirement(text)
        if canonicalize_name(requirement.name) != "snn-core":
            continue
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        if not requirement.specifier.contains(version("snn-core"), prereleases=True):
            return str(requirement)
    return ""
