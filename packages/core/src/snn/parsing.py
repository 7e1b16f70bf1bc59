"""Read a trained network out of another framework's file, or out of a live model."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from .component import Component
from .network import Network


@dataclass(frozen=True)
class Frontend(Component):
    """A reader of models; ``suffixes`` says of which files, as in ``(".keras", ".h5")``."""

    suffixes: ClassVar[tuple[str, ...]]

    def accepts(self, source: object) -> bool:
        """Return whether ``source`` is a path with one of the suffixes, or a live model of the framework."""
        return isinstance(source, Path) and source.name.lower().endswith(self.suffixes)

    def files(self, source: Path) -> tuple[Path, ...]:
        """Return every file that `parse` reads for ``source``: itself, and what is found beside it.

        A run keeps their digests, so that a change of any of them is noticed.

        Raises
        ------
        ParseError
            They cannot be told; `parse` would raise it too.
        """
        return (source,)

    @abstractmethod
    def parse(self, source: Path | object) -> Network:
        """Return the network in ``source``, channels-first, nothing simplified.

        Raises
        ------
        ParseError
            The source cannot be read; the message names the file, and the layer where there is one.
        UnsupportedLayer
            A layer has no counterpart in `snn.layers`; the message names the layer and its class.
        """
