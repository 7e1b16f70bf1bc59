"""A network in Brian2: built once for each kind of input, run on one batch after another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import prod
from pathlib import Path

import numpy as np
import numpy.typing as npt
from snn import layers as op
from snn.assembling import assemble, in_order
from snn.connection_files import kept_or_made
from snn.connections import Connection, connections
from snn.currents import check, per_sample, per_step
from snn.errors import SimulationError
from snn.network import Array, Network
from snn.operations import analog_part
from snn.progress import Progress
from snn.simulating import Kind, Recording, Setup, Simulator, Stimulus

from .brian import b2, preferred
from .building import Built, build
from .playing import Given, Here, Player, Timed

_HELD_BYTES = 2**28  # of what Brian2 is given and monitors in one run
_FAULTS = (b2.BrianObjectException, NotImplementedError, OSError, RuntimeError, ValueError)

Columns = npt.NDArray[np.int64]
"""The step, the sample and the neuron of each spike, (3, spikes)."""


class Brian2Simulator(Simulator):
    """All samples of a batch are one run of Brian2, one after the other; each begins at rest.

    The input enters as a current of each sample, as the spikes of a group, or as a current of each step: that of
    samples without rest between them, and of spikes that reach a max-pool before the first neurons.

    Parameters
    ----------
    network : Network
    setup : Setup
    codegen : str
        What Brian2 makes of its equations.
    folder : Path or None
        Where connections are kept.
    """

    def __init__(self, network: Network, setup: Setup, codegen: str, folder: Path | None = None) -> None:
        self._network, self._setup, self._codegen, self._folder = network, setup, codegen, folder
        self._notes: dict[bool, str] = {}  # where connections have come from or gone to
        self._players: dict[tuple[bool, bool], Player] = {}  # see _player
        before = analog_part(network)
        self._pooled = any(isinstance(layer, op.MaxPool) and layer.name in before for layer in network.layers)
        with self._brian():
            self._player(setup.kind, constant=setup.kind == "current")

    def run(self, stimulus: Stimulus) -> Recording:
        with self._brian():
            player = self._player(stimulus.kind, constant=stimulus.constant)
            found = [self._present(player, stimulus, start, stop) for start, stop in self._parts(player, stimulus)]
        spikes = {name: in_order(*np.concatenate([part[name] for part, _ in found], axis=1)) for name in found[0][0]}
        potentials = {name: np.concatenate([part[name] for _, part in found], axis=1) for name in found[0][1]}
        return assemble(self._network, stimulus, self._setup.record, spikes, potentials)

    def facts(self) -> Mapping[str, object]:
        found: dict[str, object] = {"brian2": b2.__version__, "codegen": self._codegen}
        for player in self._players.values():
            found |= player.facts()
        if self._notes:
            found["connections"] = "; ".join(self._notes.values())
        return found

    def close(self) -> None:
        for player in self._players.values():
            player.close()
        self._players.clear()

    def _player(self, kind: Kind, *, constant: bool) -> Player:
        """Return the network for an input as a group of spikes or none, and currents of each sample or each step.

        Only of a program is it fixed which currents it takes.
        """
        entry = kind == "spikes" and not self._pooled
        compiled = self._codegen == "cpp_standalone"
        stepped = compiled and not entry and not constant
        if (entry, stepped) not in self._players:

            def make() -> Built:
                return build(self._network, self._setup, self._ways(entry=entry), entry=entry)

            if compiled:
                from .standalone import Program  # noqa: PLC0415  compilers are looked for only where one is used

                self._players[entry, stepped] = Program(make, self._setup)
            else:
                self._players[entry, stepped] = Here(make)
        return self._players[entry, stepped]

    def _ways(self, *, entry: bool) -> tuple[Connection, ...]:
        if self._folder is None:
            return connections(self._network, entry=entry)
        ways, self._notes[entry] = kept_or_made(self._folder, self._network, entry=entry)
        self._setup.tell(Progress("build", note=self._notes[entry]))
        return ways

    @contextmanager
    def _brian(self) -> Iterator[None]:
        """Use Brian2 as is wanted, and tell its errors as one line."""
        try:
            with preferred(self._codegen):
                yield
        except _FAULTS as error:
            cause = error.__cause__ or error
            line = next(iter(str(cause).splitlines()), type(cause).__name__)
            raise SimulationError(f"Brian2 failed: {line:.300}", hint="snn check brian2 tells what works") from error

    def _parts(self, player: Player, stimulus: Stimulus) -> Iterator[tuple[int, int]]:
        """Yield the first sample and the end of each run, for as many as may be given and monitored at once."""
        shapes, batch = self._network.shapes, len(stimulus.samples)
        given = sum(prod(shape) for shape in shapes.values()) * (1 if stimulus.constant else stimulus.clock.steps)
        kept = sum(prod(shapes[name]) for name in player.built.potentials) * stimulus.clock.steps
        part = player.samples or max(1, _HELD_BYTES // (8 * (given + kept)))
        yield from ((start, min(start + part, batch)) for start in range(0, batch, part))

    def _present(
        self, player: Player, stimulus: Stimulus, start: int, stop: int
    ) -> tuple[dict[str, Columns], dict[str, Array]]:
        """Return the spikes of all neurons and the potentials that are monitored, of samples ``start`` to ``stop``."""
        steps, batch, tell = stimulus.clock.steps, stop - start, self._setup.tell

        def report(completed: float) -> None:
            tell(Progress("simulate", start + int(completed * batch), len(stimulus.samples)))

        given = self._given(player.built, stimulus.of(start, stop))
        with player.active():
            if player.play(given, batch * steps, report) < batch * steps:
                raise SimulationError("Brian2 was stopped before the end of the run", hint="run it again")
            return self._seen(player.built, steps, start, batch)

    def _seen(self, built: Built, steps: int, start: int, batch: int) -> tuple[dict[str, Columns], dict[str, Array]]:
        """Return the spikes and potentials of the ``batch`` samples from ``start`` on, which have been played."""
        spikes, potentials = {}, {}
        for name, monitor in built.spikes.items():
            at = np.rint(np.asarray(monitor.t_) / float(built.clock.dt)).astype(np.int64)
            own = at < batch * steps  # a program plays as many samples as it was compiled for
            at, neuron = at[own], np.asarray(monitor.i, np.int64)[own]
            spikes[name] = np.stack([at % steps, start + at // steps, neuron])
        for name, kept in built.potentials.items():
            values = np.asarray(kept.v, np.float32).T[: batch * steps]
            values = values.reshape(batch, steps, *self._network.shapes[name])
            potentials[name] = np.moveaxis(values, 0, 1)
        return spikes, potentials

    def _given(self, built: Built, stimulus: Stimulus) -> Given:
        """Return the currents and, of an input of spikes, their heights."""
        network, clock = self._network, stimulus.clock
        samples, every = stimulus.samples, clock.steps
        found: dict[tuple[str, str], Timed] = {}
        if built.entry is not None:
            heights = np.moveaxis(stimulus.steps(0, clock.steps), 0, 1)
            found[built.entry, "entry"] = Timed(heights.reshape(len(samples) * clock.steps, -1), 1)
            samples = np.zeros_like(samples[:1])
        if stimulus.constant or built.entry is not None:
            currents = per_sample(network, samples, clock.dt_ms)
        else:
            currents, every = per_step(network, stimulus), 1
        check(currents)
        return found | {(name, "current"): Timed(rows, every) for name, rows in currents.items()}
