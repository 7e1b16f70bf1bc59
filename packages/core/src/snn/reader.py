"""Read samples out of files: what a reader is."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from .component import Component
from .dataset import Dataset


@dataclass(frozen=True)
class Reader(Component):
    """A reader of samples; ``suffixes`` says of which files, as in ``(".npz",)``.

    Samples are read when they are needed, not when the data set is made (`snn.sources.Source`): sets may be larger than
    memory.
    """

    suffixes: ClassVar[tuple[str, ...]]

    def accepts(self, path: Path) -> bool:
        """Return whether ``path`` is a file with one of the suffixes, or a folder that holds what this reads."""
        return not path.is_dir() and path.name.lower().endswith(self.suffixes)

    def read_training(self, path: Path) -> Dataset:
        """Return the samples at ``path`` to learn from, with their classes; of several sets there, the one for that."""
        return self.read(path)

    @abstractmethod
    def read(self, path: Path, *, calibration: bool = False) -> Dataset:
        """Return the samples at ``path``, channels-first or in the order of axes they are kept in.

        With ``calibration``, these are samples to take scales from, whose classes do not matter: a folder may hold them
        in a file of their own.

        Raises
        ------
        DataError
            The file is damaged as a whole. A sample that is damaged is told when it is read.
        """
