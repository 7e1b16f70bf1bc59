"""Tables in YAML files, of which nothing is executed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from snn.errors import OutputError, SettingsError
from snn.reading import check_regular

_LONGEST = 2**18  # bytes of a file
_MOST_VALUES = 10_000  # of a file, aliases written out
_HINT = "the parameters of a network are in the tables simulation, neuron and training"
_DAMAGES = (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, ArithmeticError, RecursionError)
"""What PyYAML raises on a damaged file, beside its own errors."""


def text_of(table: Mapping[str, Any], place: str) -> str:
    """Return numbers, texts, lists and tables as YAML; raise OutputError with ``place`` for anything else."""
    try:
        return yaml.safe_dump(table, sort_keys=False, allow_unicode=True)
    except (yaml.YAMLError, RecursionError) as error:
        told = " ".join(str(error).split())
        hint = "keep numbers, texts, lists and tables alone"
        raise OutputError(f"{place} cannot be written: {told}", hint=hint) from error


def read_table(path: Path) -> dict[str, Any]:
    """Return the table that a YAML file holds; raise SettingsError with the line of a fault that has one."""
    try:
        check_regular(path, _LONGEST)
        found = _parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror or error}", hint=_HINT) from error
    except _DAMAGES as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        told = getattr(error, "problem", None) or " ".join(str(error).split()) or type(error).__name__
        raise SettingsError(f"{path}{line}: {told}", hint="is it YAML, a line NAME: VALUE for each?") from error
    if not isinstance(found, dict):
        raise SettingsError(f"{path} holds no table of parameters", hint=_HINT)
    return found


def _parse(text: str) -> Any:
    """Return what the YAML ``text`` holds; raise one of ``_DAMAGES`` where it is none."""
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _count(node, {})
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _count(node: yaml.Node, known: dict[int, int]) -> int:
    """Return how many values ``node`` has with its aliases written out, and refuse many, and names given twice."""
    number = id(node)
    if number in known:
        if not known[number]:
            raise _error("an alias stands for what it is in", node)
        return known[number]
    known[number] = 0
    total, names = 1, set()
    for item in node.value if isinstance(node, yaml.CollectionNode) else ():
        for part in item if isinstance(item, tuple) else (item,):
            total += _count(part, known)
        if isinstance(item, tuple) and isinstance(item[0], yaml.ScalarNode) and item[0].value != "<<":
            name = item[0].tag, item[0].value
            if name in names:
                raise _error(f"{item[0].value} is given twice", item[0])
            names.add(name)
        if total > _MOST_VALUES:
            raise _error(f"there are more than {_MOST_VALUES} values", node)
    known[number] = total
    return total


def _error(told: str, node: yaml.Node) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=told, problem_mark=node.start_mark)
