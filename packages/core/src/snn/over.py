"""Which settings a sweep goes over, and which values they take: ``TABLE.KEY=VALUE,VALUE,…`` and ranges."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from . import toml
from .errors import SettingsError

MOST_POINTS = 10_000
_FORM = "as in --over convert.reset=subtract,zero or --over simulate.duration_ms=20:200:20"
_QUOTE = 'put the comma or colon of a value in quotes: \'data.samples="a,b.npz","c.npz"\''
_NUMBER = re.compile(r"[+-]?\d+(_\d+)*(\.\d+(_\d+)*)?([eE][+-]?\d+)?")
_LIKE_RANGE = re.compile(r"[-+.\w]*\d[-+.\w]*(:[-+.\w]*)+")


@dataclass(frozen=True)
class Over:
    """A setting and the values that it takes, one after the other."""

    setting: str
    values: tuple[Any, ...]


def read(texts: Iterable[str]) -> tuple[Over, ...]:
    """Return what each ``TABLE.KEY=VALUES`` says; the points of a sweep are all combinations.

    Raises
    ------
    SettingsError
        One is not of that form, has no values or one twice, or there are too many points; the message names it.
    """
    return checked(_read_one(text) for text in texts)


def checked(overs: Iterable[Over]) -> tuple[Over, ...]:
    """Return ``overs`` where they make a sweep, else raise SettingsError."""
    found = tuple(overs)
    if not found:
        raise SettingsError("nothing to sweep over", hint=_FORM)
    for number, over in enumerate(found):
        if any(over.setting == other.setting for other in found[:number]):
            raise SettingsError(f"--over {over.setting}: given twice", hint="name all its values in one --over")
        _check_values(over)
    points = math.prod(len(over.values) for over in found)
    if points > MOST_POINTS:
        told = " × ".join(str(len(over.values)) for over in found)
        raise SettingsError(
            f"--over: {told} = {points:,} points; a sweep has at most {MOST_POINTS:,}",
            hint="choose fewer values, or sweep one setting after the other",
        )
    return found


def combinations(overs: Iterable[Over]) -> Iterator[dict[str, Any]]:
    """Yield the value of each setting at each point; those of the last setting change fastest.

    Examples
    --------
    >>> list(combinations(read(["a.b=1,2", "c=x,y"])))[:2]
    [{'a.b': 1, 'c': 'x'}, {'a.b': 1, 'c': 'y'}]
    """
    overs = tuple(overs)
    for values in itertools.product(*(over.values for over in overs)):
        yield {over.setting: value for over, value in zip(overs, values, strict=True)}


def assigned(tables: Mapping[str, Any], values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return run-file ``tables`` with the ``values`` of a point."""
    for setting, value in values.items():
        tables = toml.put(tables, toml.keys_of(setting), value, f"--over {setting}")
    return tables


def told(value: object) -> str:
    """Return a value as a user would give it: strings without quotes, the rest as in JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _check_values(over: Over) -> None:
    if not toml.keys_of(over.setting):
        raise SettingsError(f"--over {over.setting}: names no setting", hint=_FORM)
    if not over.values:
        raise SettingsError(f"--over {over.setting}: has no values", hint=_FORM)
    seen = set()
    for value in over.values:
        try:
            word = json.dumps(value, sort_keys=True)
        except (TypeError, ValueError) as error:  # a date, or an object of Python's
            raise SettingsError(f"--over {over.setting}: {value!r} is no setting's value", hint=_FORM) from error
        if word in seen:
            raise SettingsError(f"--over {over.setting}: has the value {told(value)} twice", hint="name it once")
        seen.add(word)


def _read_one(text: str) -> Over:
    setting, equals, values = text.partition("=")
    keys = toml.keys_of(setting)
    if not equals or not keys:
        raise SettingsError(f"--over {text}: not of the form TABLE.KEY=VALUES", hint=_FORM)
    found: list[Any] = []
    for piece in _split(values, text):
        if not piece:
            raise SettingsError(f"--over {text}: a value is missing", hint='an empty string is written ""')
        found += _range(piece, text) if _LIKE_RANGE.fullmatch(piece) else [toml.value_of(piece)]
    return Over(".".join(keys), tuple(found))


def _split(values: str, text: str) -> Iterator[str]:
    """Yield the parts of ``values`` between commas, those within brackets and quotes left alone."""
    start, depth, quote, place = 0, 0, "", 0
    while place < len(values):
        character = values[place]
        if quote:
            place += character == "\\" and quote == '"'  # what it escapes ends nothing
            quote = "" if character == quote else quote
        elif character in "\"'" and not (depth == 0 and values[start:place].strip()):  # an apostrophe opens nothing
            quote = character
        elif character in "[{":
            depth += 1
        elif character in "]}":
            depth -= 1
        elif character == "," and depth <= 0:
            yield values[start:place].strip()
            start = place + 1
        place += 1
    if quote or depth > 0:
        raise SettingsError(f"--over {text}: a quote or bracket is never closed", hint=_QUOTE)
    yield values[start:].strip()


def _range(piece: str, text: str) -> list[int | float]:
    """Return the numbers of ``A:B:S``, counted in decimals so that none drifts."""
    parts = piece.split(":")
    if len(parts) != 3 or not all(_NUMBER.fullmatch(part) for part in parts):
        raise SettingsError(
            f"--over {text}: {piece!r} is no range A:B:S, from A to B in steps of S", hint=f"{_FORM}; {_QUOTE}"
        )
    try:
        first, last, step = (Decimal(part) for part in parts)
        count = (last - first) / step if step else Decimal(-1)
    except InvalidOperation as error:
        raise SettingsError(f"--over {text}: {piece!r} cannot be counted", hint=_FORM) from error
    if count < 0:
        raise SettingsError(f"--over {text}: {piece!r} never comes from A to B", hint="A:B:S is from A to B in steps S")
    if count >= MOST_POINTS:
        raise SettingsError(
            f"--over {text}: {piece!r} has over {MOST_POINTS:,} values", hint="choose larger steps, or a nearer end"
        )
    whole = not any(mark in piece for mark in ".eE")
    numbers = [first + number * step for number in range(int(count) + 1)]
    return [int(number) if whole else float(number) for number in numbers]
