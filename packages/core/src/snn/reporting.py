"""Tell what a run found."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from .component import Component
from .result import Result
from .simulating import Record


@dataclass(frozen=True)
class Needs:
    """What a run must record for a reporter, beside the output.

    Attributes
    ----------
    record : Record
    """

    record: Record = field(default_factory=Record)


@dataclass(frozen=True)
class Reporter(Component):
    """A way to tell what a run found."""

    needs: ClassVar[Needs] = Needs()

    @abstractmethod
    def report(self, result: Result, folder: Path | None) -> None:
        """Print, or write files into ``folder``, which exists; None where the run keeps no files."""
