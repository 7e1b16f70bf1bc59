"""Tell what a run found."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from .component import Component
from .result import Result
from .swept import Sweep


@dataclass(frozen=True)
class Needs:
    """What a run must keep for a reporter, beside the classes and the measures of layers.

    Attributes
    ----------
    sample : bool
        One sample in detail, `Result.shown`: the activations and spikes of every neuron.
    potentials : bool
        The potentials of every neuron too, after each step.
    simulated : bool
        Samples that were simulated. A reporter that does without is also given the result of a backend that only built
        the network: `Result.not_simulated` says why, and there are no samples.
    """

    sample: bool = False
    potentials: bool = False
    simulated: bool = True


@dataclass(frozen=True)
class Reporter(Component):
    """A way to tell what a run found, and what a sweep of runs did."""

    needs: ClassVar[Needs] = Needs()

    @abstractmethod
    def report(self, result: Result, folder: Path | None) -> None:
        """Print, or write files into ``folder``, which exists; None where the run keeps no files."""

    def sweep(self, sweep: Sweep, folder: Path) -> None:
        """Print what a sweep found, or write files into ``folder``, which exists; called once all its points are."""
