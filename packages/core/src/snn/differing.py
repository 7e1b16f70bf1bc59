"""Tell in what two trees of settings differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import over


def differences(before: Mapping[str, Any], now: Mapping[str, Any], name: str = "") -> list[str]:
    """Return a line on each value that is not the same in both; ``name`` stands before its key.

    Examples
    --------
    >>> differences({"simulate": {"input": "current"}, "seed": 1}, {"simulate": {"input": "events"}, "seed": 1})
    ['simulate.input: current there, events now']
    """
    old, new = _flat(before), _flat(now)
    return [
        f"{name}{key}: {_told(old.get(key))} there, {_told(new.get(key))} now"
        for key in {**old, **new}
        if old.get(key) != new.get(key)
    ]


def _flat(table: Mapping[str, Any], where: str = "") -> dict[str, Any]:
    """Return the values of nested tables, each under ``TABLE.KEY``."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        found |= _flat(value, f"{where}{key}.") if isinstance(value, Mapping) else {f"{where}{key}": value}
    return found


def _told(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ",".join(map(over.told, value))
    return "nothing" if value is None else over.told(value)
