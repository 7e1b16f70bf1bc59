"""Read and write TOML: run files, and the values of ``--set``."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .errors import SettingsError
from .reading import check_regular

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_LONGEST = 2**20  # bytes; nobody writes a longer run file
_UNREADABLE = (ValueError, RecursionError)  # numbers too long and lists too deep are no TOMLDecodeError


def read(path: Path) -> dict[str, Any]:
    """Return the tables of the file ``path``."""
    try:
        check_regular(path, _LONGEST)
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))  # some editors put a mark before the text
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be read: {error.strerror or error}", hint="is it the right path?"
        ) from error
    except _UNREADABLE as error:
        raise SettingsError(f"{path} is no TOML: {error}", hint="docs/run-file.md shows a whole run file") from error


def assign(tables: Mapping[str, Any], assignment: str) -> dict[str, Any]:
    """Return ``tables`` with ``TABLE.KEY=VALUE`` set; a value that is no TOML is taken as a string.

    Examples
    --------
    >>> assign({}, "simulate.duration_ms=50")
    {'simulate': {'duration_ms': 50}}
    >>> assign({"convert": {"code": "ttfs"}}, "convert.code=rate")
    {'convert': {'code': 'rate'}}
    """
    path, equals, text = assignment.partition("=")
    keys = [key.strip() for key in path.split(".")]
    if not equals or not all(keys):
        raise SettingsError(
            f"--set {assignment}: not of the form TABLE.KEY=VALUE", hint="as in --set simulate.batch=10"
        )
    try:
        value = tomllib.loads(f"value = {text.strip()}")["value"]
    except _UNREADABLE:
        value = text.strip()
    return _with(tables, keys, value, assignment)


def _with(table: Mapping[str, Any], keys: list[str], value: Any, assignment: str) -> dict[str, Any]:
    first, *rest = keys
    if not rest:
        return {**table, first: value}
    inner = table.get(first, {})
    if not isinstance(inner, Mapping):
        raise SettingsError(
            f"--set {assignment}: {first!r} is a value, not a table", hint="snn settings lists every key"
        )
    return {**table, first: _with(inner, rest, value, assignment)}


def write(tables: Mapping[str, Any], where: str = "") -> str:
    """Return ``tables`` as TOML; keys whose value is None are left out."""
    lines = [
        f"{_key(key)} = {_value(value)}"
        for key, value in tables.items()
        if not isinstance(value, Mapping) and value is not None
    ]
    parts = ["\n".join(lines) + "\n"] if lines else []
    for key, value in tables.items():
        if isinstance(value, Mapping):
            path = f"{where}{_key(key)}"
            inner = write(value, f"{path}.")
            nested = all(isinstance(entry, Mapping) for entry in value.values()) and value
            parts.append(inner if nested else f"[{path}]\n{inner}")
    return "\n".join(parts)


def _key(key: str) -> str:
    plain = key.isascii() and key.replace("_", "").replace("-", "").isalnum()
    return key if plain else _value(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return float.__repr__(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return "[" + ", ".join(_value(entry) for entry in value) + "]"
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
