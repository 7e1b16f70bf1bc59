"""The one door through which every settings table passes: TOML values in, a frozen dataclass out."""

from __future__ import annotations

import dataclasses
import difflib
import sys
import types
import typing
from collections.abc import Collection, Mapping
from typing import Annotated, Any, TypeAlias, TypeVar

import msgspec
from msgspec import Meta

from .errors import SettingsError

T = TypeVar("T")

PositiveFloat: TypeAlias = Annotated[float, Meta(gt=0, le=sys.float_info.max)]  # TOML knows inf
PositiveInt: TypeAlias = Annotated[int, Meta(ge=1)]
Share: TypeAlias = Annotated[float, Meta(ge=0, le=1)]


def read(table: Mapping[str, Any], kind: type[T], where: str) -> T:
    """Check ``table`` against the dataclass ``kind`` and build it.

    All faults are reported together, each with its key.

    Raises
    ------
    SettingsError
        A key is unknown, a value has the wrong type or is out of bounds, or the values do not go together.

    Examples
    --------
    >>> @dataclasses.dataclass(frozen=True)
    ... class Settings:
    ...     duration_ms: PositiveFloat = 200.0
    >>> read({"duration_ms": 50}, Settings, "backend.echo").duration_ms
    50.0
    >>> read({"duraton_ms": 50}, Settings, "backend.echo")
    Traceback (most recent call last):
        ...
    snn.errors.SettingsError: [backend.echo] duraton_ms: unknown key; did you mean 'duration_ms'?
    """
    if not isinstance(table, Mapping):
        raise SettingsError(f"[{where}] must be a table, got {table!r}", hint=f"write it as [{where}], with keys below")
    fields = _fields(kind)
    faults, values = [], {}
    for key, value in table.items():
        if key not in fields:
            faults.append(unknown(str(key), fields))
            continue
        try:
            plain = value.item() if getattr(value, "shape", None) == () else value  # a number of NumPy's, from Python
            values[key] = msgspec.convert(plain, fields[key])
        except msgspec.ValidationError as error:
            faults.append(_misfit(key, fields[key], value, error))
    if not faults:
        try:
            return kind(**values)
        except (TypeError, ValueError) as error:  # a required key is missing, or __post_init__ refused
            faults.append(str(error))
    raise _error(faults, where)


def check(component: object) -> None:
    """Raise SettingsError where a field of a dataclass has a value that its type or bounds do not allow."""
    faults = []
    for name, hint in _fields(type(component)).items():
        value = getattr(component, name)
        try:
            msgspec.convert(value, hint)
        except msgspec.ValidationError as error:
            faults.append(_misfit(name, hint, value, error))
    if faults:
        raise _error(faults, type(component).__name__)


def _misfit(key: str, hint: Any, value: object, error: msgspec.ValidationError) -> str:
    """Return the fault of a ``value`` that does not fit ``hint``, with the choices where there are any."""
    if allowed := choices(hint):
        return f"{key}: {value!r} is none of {', '.join(map(repr, allowed))}"
    if isinstance(value, str) and (named := _named(hint)):
        return f"{key}: {value!r} is no number and none of {', '.join(map(repr, named))}"
    return f"{key}: {error}, got {value!r}"


def choices(hint: Any) -> tuple[object, ...]:
    """Return the values that a type allows by name: those of its Literal."""
    if typing.get_origin(hint) is typing.Literal:
        return typing.get_args(hint)
    if typing.get_origin(hint) is Annotated:
        return choices(typing.get_args(hint)[0])
    return ()


def _named(hint: Any) -> tuple[object, ...]:
    """Return the values that a type allows by name beside numbers."""
    inner = typing.get_args(hint)[0] if typing.get_origin(hint) is Annotated else hint
    if typing.get_origin(inner) not in (typing.Union, types.UnionType):
        return ()
    return tuple(value for member in typing.get_args(inner) for value in choices(member))


def _fields(kind: type[Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(kind, include_extras=True)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def _error(faults: list[str], where: str) -> SettingsError:
    return SettingsError("\n".join(f"[{where}] {fault}" for fault in faults), hint="snn settings lists every key")


def unknown(key: str, known: Collection[str]) -> str:
    """Return the fault of a ``key`` that is none of ``known``, with the nearest one."""
    near = difflib.get_close_matches(key, known, n=1)
    more = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known) or 'none'}"
    return f"{key}: unknown key; {more}"
