"""The parameters of a network, from a YAML file or a dictionary."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, MutableMapping
from copy import deepcopy
from difflib import get_close_matches
from os import PathLike
from pathlib import Path
from typing import Any

from snn.errors import SettingsError
from snn.writing import write

from .parameter_files import read_table, text_of

_HINT = "the parameters of a network are in the tables simulation, neuron and training"


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
        self.parameters = deepcopy(dict(source)) if isinstance(source, Mapping) else read_table(Path(source))

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
        sys.stdout.write(text_of(self.parameters, "they"))

    def save(self, filename: str | PathLike[str]) -> None:
        """Write the parameters to a YAML file; raise OutputError where one is no number, text, list or table."""
        write(Path(filename), text_of(self.parameters, f"{filename}"))


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
