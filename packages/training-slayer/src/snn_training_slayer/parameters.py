"""The parameters of a network, from a YAML file or a dictionary."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, MutableMapping
from copy import deepcopy
from difflib import get_close_matches
from os import PathLike
from pathlib import Path
from typing import Any

import yaml
from snn.errors import OutputError, SettingsError
from snn.reading import check_regular
from snn.writing import write

_LONGEST = 2**18  # bytes of a file
_MOST_VALUES = 10_000  # of a file, aliases written out
_HINT = "the parameters of a network are in the tables simulation, neuron and training"
_DAMAGES = (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, ArithmeticError, RecursionError)
"""What PyYAML raises on a damaged file, beside its own errors."""


class Parameters(MutableMapping[str, Any]):
    """Parameters by name, in tables: ``parameters["neuron"]["theta"]``.

    Parameters
    ----------
    source : path, or mapping
        A YAML file, of which nothing is executed, or the parameters themselves, which are copied.

    Raises
    ------
    SettingsError
        Where the file cannot be read, or holds no table; with the line where the fault has one.
    """

    def __init__(self, source: str | PathLike[str] | Mapping[str, Any]) -> None:
        self.parameters: dict[str, Any]
        self.parameters = deepcopy(dict(source)) if isinstance(source, Mapping) else _read(Path(source))

    def __getitem__(self, key: str) -> Any:
        if key not in self.parameters:
            raise MissingParameterError(key, self.parameters)
        return self.parameters[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.parameters[key] = value

    def __delitem__(self, key: str) -> None:
        del self.parameters[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.parameters)

    def __len__(self) -> int:
        return len(self.parameters)

    def __repr__(self) -> str:
        return f"Parameters({self.parameters!r})"

    def print(self) -> None:
        """Print the parameters, as they would be saved."""
        sys.stdout.write(self._text("they"))

    def save(self, filename: str | PathLike[str]) -> None:
        """Write the parameters to a YAML file; raise OutputError where one is no number, text, list or table."""
        write(Path(filename), self._text(f"{filename}"))

    def _text(self, place: str) -> str:
        try:
            return yaml.safe_dump(self.parameters, sort_keys=False, allow_unicode=True)
        except (yaml.YAMLError, RecursionError) as error:
            told = " ".join(str(error).split())
            raise OutputError(
                f"{place} cannot be written: {told}", hint="keep numbers, texts, lists and tables alone"
            ) from error


class MissingParameterError(SettingsError, KeyError):
    """There is no parameter of a name; a KeyError, as a dictionary's."""

    def __init__(self, key: object, parameters: Mapping[str, Any]) -> None:
        names = [str(name) for name in parameters]
        near = get_close_matches(str(key), names, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names) or 'none'}"
        super().__init__(f"there is no parameter {key!r}", hint)

    def __str__(self) -> str:
        return str(self.args[0])  # a KeyError would show it in quotation marks


def table_of(parameters: Mapping[Any, Any], *names: str) -> Mapping[Any, Any]:
    """Return the table at ``names``, each in the one before; raise SettingsError where there is none."""
    found: Any = parameters
    for name in names:
        found = found.get(name)
        if not isinstance(found, Mapping):
            raise SettingsError(f"the parameters have no table {': '.join(names)}", hint=_HINT)
    return found


def number_of(
    table: Mapping[Any, Any], name: str, where: str, *, least: float | None = None, most: float = float("inf")
) -> float:
    """Return the number ``name``; raise SettingsError where it is not above 0, or not from ``least`` to ``most``."""
    value = table.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max:
        number = float(value)
        if (number > 0 if least is None else number >= least) and number <= most:
            return number
    needed = "above 0" if least is None else f"of at least {least}"
    needed += "" if most == float("inf") else f" and at most {most}"
    raise SettingsError(f"{where}: {name} is {value!r}, not a number {needed}", hint=_HINT)


def _read(path: Path) -> dict[str, Any]:
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
