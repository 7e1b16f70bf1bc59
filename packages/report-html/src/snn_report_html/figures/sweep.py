"""The plot of a sweep: a measure over the first numeric setting."""

from __future__ import annotations

from collections.abc import Iterator

from snn.swept import Sweep

from ..trend import trend
from .canvas import OTHER, SPIKING, WRONG, one
from .pictures import CannotDraw, Picture

_COLOURS = (SPIKING, WRONG, "#0f8f6f", OTHER, "#d99a00", "#000000")


def curves(sweep: Sweep) -> Iterator[Picture]:
    """Draw accuracy, or agreement, over the first numeric setting, a line for each value of the others."""
    found = trend(sweep)
    if found is None:
        raise CannotDraw("no setting of the sweep is a number, or no point has an accuracy or an agreement")
    figure, axes = one(f"{sweep.name}: {found.measure} over {found.setting}", (7.2, 4.4))
    for index, curve in enumerate(found.curves):
        colour = _COLOURS[index % len(_COLOURS)]
        style = "-" if index < len(_COLOURS) else ":"
        shares = [[100 * share for share in part] for part in (curve.y, curve.low, curve.high)]
        axes.fill_between(curve.x, shares[1], shares[2], color=colour, alpha=0.12, lw=0)
        axes.plot(curve.x, shares[0], style, marker="o", ms=4, color=colour, label=curve.label or None)
    if found.logarithmic:
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set(xlabel=found.setting, ylabel=f"{found.measure}, %")
    if any(curve.label for curve in found.curves):
        legend = axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
        for entry in legend.get_texts():
            entry.set_parse_math(False)
    yield Picture("sweep", figure)
