"""What every plugin offers: a frozen dataclass with a name, settings for fields, and one verb."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

from . import settings


@dataclass(frozen=True)
class Component(ABC):
    """A named, configured step of the pipeline.

    The fields of a subclass are its settings: each has a type, a default and, where it helps, a bound and a
    description (``Annotated[float, Meta(gt=0, description="…")]``).  Users set them in the table
    ``[<kind>.<name>]`` of a run file, with ``--set``, or as keyword arguments in Python.

    Attributes
    ----------
    name : str
        One lower-case word, unique within its kind: what users type.
    requires : tuple of str
        Modules that only the verb imports, each followed by what to install for it where that differs:
        ``("nest: nest-simulator",)``. Nothing else in the plugin may import them, so that listing plugins stays fast
        and works where they are missing.
    deviations : mapping of str to str
        The names of checks (`snn.testing`) that it is known to fail, each with the reason and the measured size.
    trial : mapping of str to object
        Settings that have no default but are needed to check it on the golden task; `snn check` has them where none
        are set.
    """

    name: ClassVar[str]
    requires: ClassVar[tuple[str, ...]] = ()
    deviations: ClassVar[Mapping[str, str]] = MappingProxyType({})
    trial: ClassVar[Mapping[str, Any]] = MappingProxyType({})

    def __post_init__(self) -> None:
        """Raise SettingsError where a field has the wrong type or is out of bounds, however the component is made."""
        settings.check(self)
