"""A network in the process of a simulator: built once, run on one batch after another."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from snn.assembling import assemble, in_order
from snn.currents import check, per_sample, per_step
from snn.network import Array, Network
from snn.processes.child import Child
from snn.processes.process import private_folder
from snn.simulating import Recording, Setup, Simulator, Stimulus

from .plan import plan
from .worker import Build, Present

_HELD_BYTES = 2**28  # of what the process is given, and of what it records, at once


class PyNNSimulator(Simulator):
    """The samples of a batch are presented one after the other, each from rest.

    Parameters
    ----------
    network : Network
    setup : Setup
    simulator : str
        ``nest``, ``neuron`` or ``brian2``.
    native : bool
        Whether it makes the synapses itself.
    folder : Path or None
        Where connections are kept.
    """

    def __init__(
        self, network: Network, setup: Setup, simulator: str, *, native: bool, folder: Path | None = None
    ) -> None:
        self._network, self._setup = network, setup
        started = time.perf_counter()
        self._plan = plan(network, setup, folder)
        self._child = Child(
            f"{__package__}.worker",
            f"PyNN's {simulator}",
            private_folder(setup.folder, "pynn"),
            kept=setup.folder is not None,
            hint=f"snn check pynn, with --set backend.pynn.simulator={simulator}, tells what works",
            tell=setup.tell,
        )
        try:
            build = Build(simulator, self._plan, native)
            self._facts: dict[str, object] = self._child.ask("build", build)
        except BaseException:
            self._child.close()
            raise
        self._facts |= {
            "simulator": simulator,
            "synapses": sum(len(part.pre) for part in self._plan.synapses),
            "build_seconds": round(time.perf_counter() - started, 3),
        }

    def run(self, stimulus: Stimulus) -> Recording:
        found = [self._present(stimulus, start, stop) for start, stop in self._parts(stimulus)]
        spikes = {name: in_order(*np.concatenate([part[name] for part, _ in found], axis=1)) for name in found[0][0]}
        potentials = {
            name: np.concatenate([part[name] for _, part in found], axis=1).reshape(
                stimulus.clock.steps, len(stimulus.samples), *self._network.shapes[name]
            )
            for name in found[0][1]
        }
        return assemble(self._network, stimulus, self._setup.record, spikes, potentials)

    def facts(self) -> Mapping[str, object]:
        return dict(self._facts)

    def close(self) -> None:
        self._child.close()

    def _parts(self, stimulus: Stimulus) -> Iterator[tuple[int, int]]:
        """Yield the first sample and the end of each part that is handed over at once."""
        steps, batch = stimulus.clock.steps, len(stimulus.samples)
        sizes = {cells.name: cells.size for cells in self._plan.cells}
        given = sum(prod(shape) for shape in self._network.shapes.values()) * (1 if stimulus.constant else steps)
        kept = sum(sizes[name] for name in self._plan.potentials) * steps
        part = max(1, _HELD_BYTES // (4 * (given + kept)))
        yield from ((start, min(start + part, batch)) for start in range(0, batch, part))

    def _present(self, stimulus: Stimulus, start: int, stop: int) -> tuple[dict[str, Any], dict[str, Array]]:
        part = stimulus.of(start, stop)
        dt_ms = stimulus.clock.dt_ms
        currents = per_sample(self._network, part.samples, dt_ms) if part.constant else per_step(self._network, part)
        check(currents)
        # a layer without biases behind neurons is given nothing
        entering = {name: rows for name, rows in currents.items() if rows.any()}
        spikes, potentials = self._child.ask("present", Present(stop - start, entering))
        for columns in spikes.values():
            columns[1] += start
        return spikes, potentials
