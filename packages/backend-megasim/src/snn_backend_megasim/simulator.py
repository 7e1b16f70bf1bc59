"""A network in a folder of files, and the batches that are presented to it there."""

from __future__ import annotations

import math
import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from snn.assembling import assemble, in_order
from snn.errors import ConversionWarning, SimulationError, UnsupportedLayer
from snn.network import Array, Network
from snn.neurons import Neuron, SoftmaxFire
from snn.randomness import uniform
from snn.simulating import Integers, Recording, Setup, Simulator, Stimulus

from . import limits
from .engine.running import Draws, Floats, Watch, run
from .files import folder, parameters, schematic, state
from .integers import LARGEST
from .plan import Plan, Unfit
from .presenting import Spikes, entering, spikes_of, stimuli
from .program import Program
from .rounding import said
from .writing import begun

if TYPE_CHECKING:
    from .backend import MegaSim

_MOST_EVENTS = 2**24  # that all layers together could give in a run
_MOST_SEEN = 2**26  # potentials that are kept at once, before they are given as numbers


class MegaSimSimulator(Simulator):
    """The files of a network, with those of each batch, and what runs them."""

    def __init__(self, network: Network, setup: Setup, backend: MegaSim) -> None:
        self._network, self._setup, self._backend = network, setup, backend
        self._program = Program(backend.program, backend.patience_s) if backend.program else None
        last = network.output
        silent = isinstance(last, Neuron) and not last.spiking
        self._watched = tuple(sorted(setup.record.potentials | ({last.name} if silent else set())))
        if self._program and self._watched:
            raise UnsupportedLayer(
                f"layer {self._watched[0]!r}: MegaSim's program writes spikes, no potentials that could be recorded",
                hint="ask for counts or spikes, or leave backend.megasim.program away",
            )
        self._folder: Path | None = None
        self._worth = Fraction(1)
        self._plan = self._planned(self._worth)
        self._facts: dict[str, object] = {
            "modules": len(self._plan.schematic.instances),
            "unrolled": [name for name, cells in self._plan.cells.items() if cells.reads == "unrolled"],
        }
        if lost := {name: cells.lost for name, cells in self._plan.cells.items() if cells.lost.changed}:
            told = f"MegaSim counts in integers, {backend.scaling_factor:,} for 1: {said(lost)}"
            warnings.warn(told, ConversionWarning, stacklevel=3)

    def run(self, stimulus: Stimulus) -> Recording:
        spikes, worth = entering(stimulus)
        if worth != self._worth:
            self.close()
            self._plan, self._worth = self._planned(worth), worth
        if self._plan.unsigned and (spikes[3] < 0).any():
            raise SimulationError(
                f"layer {self._plan.unsigned!r} pools the input, which has negative spikes; MegaSim's pools pass on "
                "spikes above 0",
                hint="scale the samples to be 0 and above, or use backend inisim",
            )
        try:
            return self._presented(stimulus, spikes)
        except BaseException:
            self._clear()
            raise

    def facts(self) -> Mapping[str, object]:
        return self._facts

    def close(self) -> None:
        if self._program:
            self._program.close()
        if self._folder is not None and self._setup.folder is None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = None

    def _planned(self, worth: Fraction) -> Plan:
        """Return the plan for spikes of a height; raise UnsupportedLayer where it does not fit."""
        try:
            plan = self._backend.plan(self._network, self._setup.clock, worth)
            found = limits.problems(plan)
            found += limits.fields(self._network, self._setup.clock, self._backend.program)
        except Unfit as unfit:
            found = (unfit.problem,)
        if found:
            raise UnsupportedLayer("\n".join(f"layer {p.layer!r}: {p.message}" for p in found), hint=found[0].hint)
        return plan

    def _place(self) -> Path:
        """Return the folder, with the netlist in it."""
        if self._folder is None:
            plan = self._plan
            files = {schematic.NAME: schematic.written(plan.schematic)}
            files |= {instance.state: state.written() for instance in plan.schematic.instances}
            made = ((name, parameters.written(own)) for name, own in plan.parameters.items())
            self._folder = begun(self._setup.folder, files, made)
        return self._folder

    def _clear(self) -> None:
        """Remove what a run that has not ended may have left half done."""
        if self._folder is not None:
            with suppress(OSError):
                for path in self._folder.glob("node_*.evs"):
                    path.unlink()

    def _presented(self, stimulus: Stimulus, spikes: Spikes) -> Recording:
        plan, shapes, steps, batch = self._plan, self._network.shapes, stimulus.clock.steps, len(stimulus.samples)
        columns: dict[str, list[tuple[Integers, ...]]] = {
            name: []
            for name in plan.cells
            if self._network[name].spiking  # type: ignore[attr-defined]  # neurons
        }
        potentials = {name: np.zeros((steps, batch, *shapes[name]), np.float32) for name in self._watched}
        totals: Floats = np.zeros(3)
        for first, count in self._parts(batch):
            place = self._place()
            entry = plan.places[self._network.input.name]
            folder.put(place, dict(stimuli(plan, entry, spikes, first, count)))
            self._clear()
            totals += self._ran(place, stimulus.of(first, first + count), first, potentials)
            for name, found in columns.items():
                files = {node: folder.taken(place, f"node_{node}.evs") for node in plan.places[name].nodes}
                step, sample, element = spikes_of(plan, plan.places[name], files, count)
                found.append((step, sample + first, element))
        self._tell(totals)
        events = {name: in_order(*map(np.concatenate, zip(*found, strict=True))) for name, found in columns.items()}
        return assemble(self._network, stimulus, self._setup.record, events, potentials)

    def _parts(self, batch: int) -> Iterator[tuple[int, int]]:
        """Yield the first sample and the number of samples of each run, which has 32 bits for its ticks, and memory."""
        plan, shapes = self._plan, self._network.shapes
        seen = plan.steps * sum(math.prod(shapes[name]) for name in self._watched)
        events = plan.steps * sum(place.elements for place in plan.places.values())
        most = max(1, min(LARGEST // plan.period, _MOST_SEEN // max(1, seen), _MOST_EVENTS // events))
        for first in range(0, batch, most):
            yield first, min(most, batch - first)

    def _ran(self, place: Path, stimulus: Stimulus, first: int, potentials: Mapping[str, Array]) -> Floats:
        """Run the files of some samples, write the potentials that are watched, and return what it was, in numbers."""
        if self._program:
            self._program.run(place, kept=self._setup.folder is not None)
            return np.zeros(3)
        plan, steps, count = self._plan, self._plan.steps, len(stimulus.samples)
        ticks = np.arange(count)[:, None] * plan.period + (np.arange(steps) + 1) * plan.ticks - 1
        nodes = tuple(node for name in self._watched for node in plan.places[name].nodes)
        outcome = run(place, self._draws(stimulus), Watch(nodes, ticks.reshape(-1) if nodes else ticks[:0, 0]))
        for name, kept in potentials.items():
            maps = [_cut(plan.parameters[f"{node}.prm"], outcome.potentials[node]) for node in plan.places[name].nodes]
            values = np.stack(maps, axis=1).reshape(count, steps, *self._network.shapes[name])
            kept[:, first : first + count] = values.swapaxes(0, 1) / plan.cells[name].unit
        return np.array([outcome.events, outcome.read, outcome.seconds])

    def _draws(self, stimulus: Stimulus) -> Draws | None:
        """Return what gives the draws of a softmax: those of `snn.neurons.SoftmaxFire`, sample by sample."""
        layer = self._network.output
        if not isinstance(layer, SoftmaxFire):
            return None

        def draws(most: int, size: int) -> Array:
            parts = [
                uniform(self._setup.seed, int(number), layer.name, 0, self._plan.steps, size)
                for number in stimulus.numbers
            ]
            return np.concatenate(parts)[:most]

        return draws

    def _tell(self, totals: Floats) -> None:
        if self._program:
            self._facts["ran"] = str(self._program.path)
            return
        events, read, seconds = (float(number) for number in totals)
        self._facts |= {
            "ran": "the engine of this backend",
            "events": int(events),
            "events_read": int(read),
            "engine_seconds": round(seconds, 4),
            "events_per_second": round(events / seconds) if seconds else 0,
        }


def _cut(made: parameters.Parameters, values: Integers) -> Integers:
    """Return the potentials of neurons whose events leave the module, (looks, neurons)."""
    if "Nx_array" not in made.header:
        return values
    array = values.reshape(len(values), made.header["Ny_array"], made.header["Nx_array"])
    rows = slice(made.output["crop_ymin"], made.output["crop_ymax"] + 1)
    columns = slice(made.output["crop_xmin"], made.output["crop_xmax"] + 1)
    return array[:, rows, columns].reshape(len(values), -1)
