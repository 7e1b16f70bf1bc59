"""From a file, or a live model, to a network."""

from __future__ import annotations

from pathlib import Path

from snn.network import Network

from .archive import open_archive
from .live import live_model
from .model import read_model
from .translate import translate
from .weights import find_weights


def read_file(path: Path) -> Network:
    """Return the network in the file ``path``."""
    with open_archive(path) as archive:
        model = read_model(archive.config)
        origin = f"parsed from {path.name} by keras frontend"
        return translate(model, archive.version, lambda: find_weights(archive, model), origin)


def read_live(source: object, origin: str) -> Network:
    """Return the network that ``source``, a model of Keras, is."""
    live = live_model(source)
    return translate(live.model, live.version, live.weights, origin)
