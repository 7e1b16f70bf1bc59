"""Figures in the house style, and their bytes: the same figure gives the same bytes."""

from __future__ import annotations

import io
import textwrap
import warnings
from typing import Literal, TypeAlias

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Format: TypeAlias = Literal["png", "svg", "pdf"]

SPIKING, ANALOG, OTHER, WRONG = "#0a67a3", "#767b84", "#7a5195", "#c2410c"
"""The colours of the page."""

_CHARACTERS = 12  # of a title in an inch
_NO_DATE = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}


def one(title: str, size: tuple[float, float] = (6.4, 4.0)) -> tuple[Figure, Axes]:
    """Return a figure of ``size`` in inches, with one pair of axes."""
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.add_subplot()
    tidy(axes, title, size[0])
    return figure, axes


def row(titles: tuple[str, ...], size: tuple[float, float]) -> tuple[Figure, list[Axes]]:
    """Return a figure with axes side by side, one a title."""
    figure = Figure(figsize=size, layout="constrained")
    found = [figure.add_subplot(1, len(titles), number) for number in range(1, len(titles) + 1)]
    for axes, title in zip(found, titles, strict=True):
        tidy(axes, title, size[0] / len(titles))
    return figure, found


def tidy(axes: Axes, title: str, width: float) -> None:
    """Set the title, as plain text in lines of ``width`` inches, and leave out what shows nothing."""
    lines = textwrap.wrap(title, int(width * _CHARACTERS))
    axes.set_title("\n".join(lines), loc="left", fontsize=10, parse_math=False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=9)


def content(figure: Figure, kind: Format, dpi: int) -> bytes:
    """Return the bytes of ``figure`` in a format."""
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "snn", "svg.fonttype": "none", "pdf.fonttype": 42}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # of a layer's name; it is drawn as a box
        figure.savefig(buffer, format=kind, dpi=dpi, metadata=_NO_DATE[kind])
    return buffer.getvalue()
