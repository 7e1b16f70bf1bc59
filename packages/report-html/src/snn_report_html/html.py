"""The reporter ``html``: a page of its own that shows what a run found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from msgspec import Meta
from snn import writing
from snn.reporting import Needs, Reporter
from snn.result import Result
from snn.swept import Sweep


@dataclass(frozen=True)
class Html(Reporter):
    """Writes a page to look at: verdict, accuracy, layers, spikes, work, confusion, networks and settings."""

    name: ClassVar[str] = "html"
    requires: ClassVar[tuple[str, ...]] = ("jinja2", "markupsafe")
    needs: ClassVar[Needs] = Needs(sample=True)

    file: Annotated[
        str, Meta(pattern=r"^[^/\\\x00]+\.html?$", description="The name of the page in the run folder.")
    ] = "report.html"
    title: Annotated[str, Meta(description="What stands at its top; by default the name of the run.")] = ""

    def sweep(self, sweep: Sweep, folder: Path) -> None:
        from .sweep_page import sweep_page  # noqa: PLC0415  as below

        writing.write(folder / "sweep.html", sweep_page(sweep, folder, self.title, self.file))

    def report(self, result: Result, folder: Path | None) -> None:
        if folder is None:
            return
        from .page import page  # noqa: PLC0415  what it imports is for those who report

        writing.write(folder / self.file, page(result, self.title))
