"""Read and write TOML: run files, and the values of ``--set``."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
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
    keys = keys_of(path)
    if not equals or not keys:
        raise SettingsError(
            f"--set {assignment}: not of the form TABLE.KEY=VALUE", hint="as in --set simulate.batch=10"
        )
    return put(tables, keys, value_of(text), f"--set {assignment}")


def keys_of(path: str) -> tuple[str, ...]:
    """Return the keys of ``TABLE.KEY``, or none where one is missing.

    Examples
    --------
    >>> keys_of("simulate.duration_ms")
    ('simulate', 'duration_ms')
    """
    keys = tuple(key.strip() for key in path.split("."))
    return keys if all(keys) else ()


def value_of(text: str) -> Any:
    """Return the value that ``text`` is in TOML; what is none is taken as a string."""
    try:
        return tomllib.loads(f"value = {text.strip()}")["value"]
    except _UNREADABLE:
        return text.strip()


def put(tables: Mapping[str, Any], keys: Sequence[str], value: object, told: str) -> dict[str, Any]:
    """Return ``tables`` with ``value`` at ``keys``; ``told`` is what asks for it, for messages."""
    first, *rest = keys
    if not rest:
        return {**tables, first: value}
    inner = tables.get(first, {})
    if not isinstance(inner, Mapping):
        raise SettingsError(f"{told}: {first!r} is a value, not a table", hint="snn settings lists every key")
    return {**tables, first: put(inner, rest, value, told)}


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
