"""Every setting with its default and meaning, as a commented run file, made from the dataclasses themselves."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Iterator
from typing import Annotated, Any

from msgspec import Meta

from . import toml
from .converting import ConvertSettings
from .errors import SettingsError
from .plugins import HOOKS, Plugins
from .settings import choices
from .tables import TABLES, General

TRAINING_TABLES = ("train", "trainer")
"""The tables that only snn train takes."""


def template(plugins: Plugins, name: str | None = None) -> str:
    """Return a run file with all settings, or, with ``name``, those of one table or of the components of that name."""
    parts = []
    for where, kind in _tables(plugins):
        if name in (None, where) or (name and name in where.split(".")):
            idle = name is None and where.partition(".")[0] in TRAINING_TABLES
            parts.append(_table(where, kind, idle=idle))
    if not parts:
        known = sorted({word for where, _ in _tables(plugins) for word in where.split(".") if word})
        raise SettingsError(f"nothing named {name!r} has settings", hint=f"known: {', '.join(known)}")
    return "\n".join(parts)


def _tables(plugins: Plugins) -> Iterator[tuple[str, type[Any]]]:
    """Yield every table of a run file with the dataclass it is made from; ``convert.CODE`` stands for a code's keys."""
    yield "", General
    for where, table in TABLES.items():
        yield where, table
        if where == "convert":
            codes = plugins.components("code")
            for name in sorted(codes, key=lambda name: name != ConvertSettings.code):  # the default code first
                yield f"convert.{name}", codes[name]
    for kind in HOOKS:
        if kind != "code":
            for name, component in plugins.components(kind).items():
                yield f"{kind}.{name}", component


def _table(where: str, kind: type[Any], *, idle: bool) -> str:
    summary = (inspect.getdoc(kind) or "").partition("\n")[0].replace("``", "")
    hints = typing.get_type_hints(kind, include_extras=True)
    lines = [f"{_line(entry):<40} # {_meaning(hints[entry.name])}".rstrip(" #") for entry in dataclasses.fields(kind)]
    table, _, name = where.partition(".")
    if idle:  # snn run, to which the rest belongs, would refuse them
        lines = [f"# {line}" for line in lines]
    if table != "convert" or not name:
        return "\n".join([f"# {summary}", *([f"[{where}]"] if where else []), *lines]) + "\n"
    if name != ConvertSettings.code:  # only one code's keys can stand in a run file
        lines = [f"# {line}" for line in lines]
    return "\n".join([f'# With code = "{name}", in [convert]: {summary}', *lines]) + "\n"


def _line(field: dataclasses.Field[Any]) -> str:
    default = field.default if field.default is not dataclasses.MISSING else None
    return f"# {field.name} =" if default is None else toml.write({field.name: default}).strip()


def _meaning(hint: Any) -> str:
    """Return the description of a setting, and its choices."""
    found = [inner.description for inner in _metas(hint) if inner.description]
    if allowed := choices(hint):
        found.append(f"One of: {', '.join(map(str, allowed))}.")
    return " ".join(dict.fromkeys(found)).replace("``", "")


def _metas(hint: Any) -> Iterator[Meta]:
    """Yield the metadata of a type, the outermost first."""
    yield from (inner for inner in getattr(hint, "__metadata__", ()) if isinstance(inner, Meta))
    if typing.get_origin(hint) is Annotated:
        yield from _metas(typing.get_args(hint)[0])
