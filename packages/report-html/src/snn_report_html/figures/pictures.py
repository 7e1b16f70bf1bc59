"""What a plot gives: pictures with the names of their files, or the reason why there is none."""

from __future__ import annotations

import re
from dataclasses import dataclass

from matplotlib.figure import Figure
from snn.network import Network

_LONGEST = 60  # characters of a layer's name in that of a folder


class CannotDraw(Exception):  # noqa: N818  nothing has failed: there is nothing to draw
    """A result does not hold what a plot shows; the message says what, and how to get it."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure, and the path of its file without the ending, below the folder of plots."""

    path: str
    figure: Figure


def in_layer(network: Network, layer: str, plot: str) -> str:
    """Return the path of a plot of ``layer``: a folder a layer, numbered as they come, and safe on every system."""
    names = [entry.name for entry in network.layers]
    number = names.index(layer) if layer in names else len(names)
    return f"{number:0{len(str(len(names)))}d}-{safe(layer)}/{plot}"


def safe(name: str) -> str:
    """Return ``name`` as a part of a path: letters, digits, hyphens, dots inside and underscores.

    Examples
    --------
    >>> safe("block1/conv"), safe("../../etc"), safe("a<b>"), safe("")
    ('block1_conv', 'etc', 'a_b', 'layer')
    """
    kept = re.sub(r"[^A-Za-z0-9._-]+", "_", name[:_LONGEST]).strip("._-")
    return kept or "layer"
