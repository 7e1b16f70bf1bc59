"""The process of a simulator: builds a plan with PyNN, and presents samples to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from snn.network import Array
from snn.processes.serving import Report, serve

from .plan import Plan


@dataclass(frozen=True, eq=False)
class Build:
    """Build ``plan`` in a simulator, whose synapses it makes itself if it is ``native``."""

    simulator: str
    plan: Plan
    native: bool


@dataclass(frozen=True, eq=False)
class Present:
    """Present samples, one after the other, each from rest.

    Attributes
    ----------
    samples : int
    currents : mapping of name to ndarray, (rows, neurons)
        A row for all samples, a row a sample, or a row a step of each sample.
    """

    samples: int
    currents: dict[str, Array]


@dataclass(eq=False)
class Worker:
    """A simulator, once it is built."""

    simulator: Any = None

    def answer(self, asked: str, value: Any, report: Report) -> Any:
        """Return what is asked for: versions of a build, or the spikes and potentials of samples."""
        if asked == "build":
            self.simulator = _simulator(value, report)
            import pyNN  # noqa: PLC0415  only where it runs

            return {"pynn": pyNN.__version__, value.simulator: self.simulator.version}
        return self._presented(value, report)

    def _presented(self, value: Present, report: Report) -> Any:
        spikes: dict[str, list[Any]] = {}
        potentials: dict[str, list[Any]] = {}
        for sample in range(value.samples):
            own = {name: _of(rows, sample, value.samples) for name, rows in value.currents.items()}
            fired, kept = self.simulator.present(own)
            for name, (step, neuron) in fired.items():
                spikes.setdefault(name, []).append(np.stack([step, np.full_like(step, sample), neuron]))
            for name, values in kept.items():
                potentials.setdefault(name, []).append(values)
            report("simulate", sample + 1, value.samples)
        return (
            {name: np.concatenate(parts, axis=1) for name, parts in spikes.items()},
            {name: np.stack(parts, axis=1) for name, parts in potentials.items()},
        )


def _of(rows: Array, sample: int, samples: int) -> Array:
    """Return the rows of one sample."""
    if len(rows) == 1:
        return rows
    each = len(rows) // samples
    return rows[sample * each : (sample + 1) * each]


def _simulator(build: Build, report: Report) -> Any:
    # each brings its own simulator, and only one of them is wanted
    if build.simulator == "nest":
        from .nest import Nest  # noqa: PLC0415

        return Nest(build.plan, native=build.native, report=report)
    if build.simulator == "neuron":
        from .neuron import Neuron  # noqa: PLC0415

        return Neuron(build.plan, native=build.native, report=report)
    from .brian2 import Brian2  # noqa: PLC0415

    return Brian2(build.plan, native=build.native, report=report)


if __name__ == "__main__":
    serve(Worker().answer)
