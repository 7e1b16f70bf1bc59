"""The reporter ``plots``: the ancestor's plots as files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from snn.reporting import Needs, Reporter
from snn.result import Result


@dataclass(frozen=True)
class Plots(Reporter):
    """Writes figures as files."""

    name: ClassVar[str] = "plots"
    requires: ClassVar[tuple[str, ...]] = ("matplotlib",)
    needs: ClassVar[Needs] = Needs(sample=True, potentials=True)

    def report(self, result: Result, folder: Path | None) -> None:
        pass
