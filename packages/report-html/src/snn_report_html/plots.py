"""The reporter ``plots``: the ancestor's plots as files."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from msgspec import Meta
from snn import settings, writing
from snn.reporting import Needs, Reporter
from snn.result import Result
from snn.swept import Sweep

from .figures.catalogue import PLOTS

if TYPE_CHECKING:
    from .figures.pictures import Picture

_LOG = logging.getLogger(__name__)
FOLDER = "plots"


@dataclass(frozen=True)
class Plots(Reporter):
    """Draws activations, rates, spikes, potentials, correlations, weights, errors, … as files in plots/."""

    name: ClassVar[str] = "plots"
    requires: ClassVar[tuple[str, ...]] = ("matplotlib",)
    needs: ClassVar[Needs] = Needs(sample=True, potentials=True)

    format: Annotated[
        Literal["png", "svg", "pdf"] | tuple[Literal["png", "svg", "pdf"], ...],
        Meta(description="png, svg or pdf, or a list of them."),
    ] = "png"
    which: Annotated[
        tuple[str, ...], Meta(description=f"Names of plots; empty for all that can be drawn: {', '.join(PLOTS)}.")
    ] = ()
    dpi: Annotated[int, Meta(ge=10, le=1200, description="Pixels an inch, of png and of dense parts of others.")] = 120

    def __post_init__(self) -> None:
        super().__post_init__()
        faults = [settings.unknown(name, PLOTS) for name in self.which if name not in PLOTS]
        if faults:
            raise ValueError(f"which: {'; '.join(faults)}")

    def report(self, result: Result, folder: Path | None) -> None:
        if folder is None:
            return
        names = dict.fromkeys(self.which or PLOTS)
        self._draw({name: _drawing(PLOTS[name], name, result) for name in names}, folder)

    def sweep(self, sweep: Sweep, folder: Path) -> None:
        self._draw({"sweep": _drawing("sweep", "curves", sweep)}, folder)

    def _draw(self, drawings: Mapping[str, Callable[[], Iterator[Picture]]], folder: Path) -> None:
        """Write what each of ``drawings`` gives, and tell what cannot be drawn."""
        from .figures.pictures import CannotDraw  # noqa: PLC0415  it imports matplotlib

        left_out = []
        for name, drawing in drawings.items():
            try:
                self._write(drawing(), folder)
            except CannotDraw as reason:  # noqa: PERF203  a plot takes longer
                left_out.append(f"{name} ({reason})")
        if left_out:
            _LOG.warning("plots left out: %s", "; ".join(left_out))

    def _write(self, pictures: Iterable[Picture], folder: Path) -> None:
        from .figures.canvas import content  # noqa: PLC0415  it imports matplotlib

        formats = (self.format,) if isinstance(self.format, str) else self.format
        for picture in pictures:
            for kind in dict.fromkeys(formats):
                path = folder / FOLDER / f"{picture.path}.{kind}"
                writing.folder(path.parent)
                writing.write(path, content(picture.figure, kind, self.dpi))


def _drawing(module: str, function: str, what: Result | Sweep) -> Callable[[], Iterator[Picture]]:
    """Return what draws ``what``; the module is imported when it is called."""
    return lambda: getattr(import_module(f".figures.{module}", __package__), function)(what)
