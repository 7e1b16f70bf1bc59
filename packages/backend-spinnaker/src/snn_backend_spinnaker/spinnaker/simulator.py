"""A network on a board, sample after sample; or on a virtual one, where it only gets its places."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from snn import currents
from snn.assembling import assemble, in_order
from snn.errors import SimulationError, UnsupportedLayer
from snn.network import Array, Network
from snn.processes.child import Child
from snn.simulating import Events, NotSimulated, Recording, Setup, Simulator, Stimulus

from . import limits
from .fixed_point import LARGEST, STEP, Numbers
from .plan import CLOCK, Plan, Population
from .process import config, spynnaker

if TYPE_CHECKING:
    from .backend import SpiNNaker

Columns = npt.NDArray[np.int64]
_MOST_STEPS = 2**14  # with more, potentials that only add up have no room
_TOLD = 4  # ranges of cores of a layer


class SpiNNakerSimulator(Simulator):
    """A process of sPyNNaker, with the network in it; samples are presented one after the other, each from rest."""

    def __init__(self, network: Network, setup: Setup, backend: SpiNNaker) -> None:
        self._network, self._setup, self._backend = network, setup, backend
        self._process: Child | None = None
        self._facts: dict[str, object] = {}
        self._key: tuple[bool, float] | None = None
        self._plan: Plan
        if setup.clock.steps > _MOST_STEPS:
            raise SimulationError(
                f"{setup.clock.steps} steps: on SpiNNaker a sample is shown for {_MOST_STEPS} at most",
                hint="choose a shorter duration, or longer steps",
            )
        if backend.virtual:
            self._build(entry=setup.kind == "spikes", height=1.0)
            self._tell_of(self._asked("map")["facts"])
            self._release()

    def run(self, stimulus: Stimulus) -> Recording:
        if self._backend.virtual:
            raise NotSimulated(
                "the machine is virtual; sPyNNaker gave the network its places, with every binary it needs, and ran "
                "none of them"
            )
        if stimulus.constant:
            self._build(entry=False, height=1.0)
            given: dict[str, npt.NDArray[Any]] = {}
        else:
            entered = stimulus.steps(0, stimulus.clock.steps)
            self._build(entry=True, height=_height(entered))
            given = _spikes(entered)
        given |= driven(self._plan, self._network, stimulus)
        found = self._present(stimulus, given)
        return recorded(self._plan, self._network, stimulus, self._setup, found)

    def facts(self) -> Mapping[str, object]:
        return self._facts

    def close(self) -> None:
        self._release()
        self._key = None

    def _release(self) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None

    def _build(self, *, entry: bool, height: float) -> None:
        """Have the network built in a process of its own, unless the one there is has it as it is wanted."""
        if self._key == (entry, height):
            return
        self._release()
        begin = time.perf_counter()
        backend, setup = self._backend, self._setup
        self._plan = backend.plan(self._network, setup.clock, entry=entry, height=height)
        if found := limits.problems(self._plan, backend.hardware):
            raise UnsupportedLayer("\n".join(f"layer {p.layer!r}: {p.message}" for p in found), hint=found[0].hint)
        settings = config(backend.machine, backend.version)
        self._process = spynnaker(settings, setup.folder, backend.patience_s, setup.tell)
        self._asked(
            "build",
            **described(self._plan, self._records()),
            dt_ms=setup.clock.dt_ms,
            time_scale_factor=backend.time_scale_factor,
            neurons_per_core=backend.neurons_per_core,
            boards=backend.boards,
        )
        self._key = (entry, height)
        self._facts = {"synapses": self._plan.synapses, "build_seconds": round(time.perf_counter() - begin, 3)}

    def _asked(self, word: str, **content: object) -> dict[str, Any]:
        if self._process is None:
            raise SimulationError("the simulator is closed", hint="build it again")
        return self._process.ask(word, content)

    def _records(self) -> dict[str, list[str]]:
        """Return what is recorded of each layer: all spikes, and the potentials that are asked for or read out."""
        wanted = self._setup.record.potentials | {self._network.output.name}
        found = {}
        for name, population in self._plan.populations.items():
            potentials = name in self._setup.record.potentials or (name in wanted and not population.spiking)
            found[name] = ["spikes"] * population.spiking + ["v"] * potentials
        return found

    def _present(self, stimulus: Stimulus, given: Mapping[str, npt.NDArray[Any]]) -> Mapping[str, Numbers]:
        answer = self._asked(
            "present", samples=len(stimulus.samples), entry=self._network.input.name, given=dict(given)
        )
        self._tell_of(answer["facts"])
        return answer["found"]

    def _tell_of(self, told: Mapping[str, Any]) -> None:
        """Keep what is worth knowing, and fail where a binary is missing, which a virtual machine does not care for."""
        if missing := told["missing_binaries"]:
            self._release()
            raise SimulationError(
                f"sPyNNaker {told['spynnaker']} lacks {', '.join(missing)}: no board can run the network",
                hint="install it again: pip install --force-reinstall sPyNNaker",
            )
        steps = {
            population.scale.step(receptor) / population.threshold
            for population in self._plan.populations.values()
            for receptor in ("excitatory", "inhibitory")
            if population.spiking
        }
        lost = [projection.lost for projection in self._plan.projections if projection.source != CLOCK]
        self._facts = {
            "spynnaker": told["spynnaker"],
            "machine": self._backend.machine or f"virtual, version {self._backend.version}",
            "cores": told["cores"],
            "chips": told["chips"],
            "cores_with_monitors": told["cores_with_monitors"],
            **self._facts,
            "weight_step": f"{max(steps, default=0):.2g} thresholds at most",
            "weights_lost": f"{100 * max(lost, default=0):.2g} % by rounding, at most, between two layers",
            "convolution": "as lists of synapses"
            + ("" if told["convolution_binary"] else ": its connector has no binary for IF_trunc_delta"),
            "binaries": ", ".join(told["binaries"]),
            "placements": {name: _places(cores) for name, cores in told["placements"].items()},
        }


def described(plan: Plan, records: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return ``plan`` as what is sent to the process: plain values, and arrays."""
    cells = ("name", "size", "threshold", "reset", "pause", "initial")
    populations = [
        {name: getattr(population, name) for name in cells} | {"expected": population.scale.expected}
        for population in plan.populations.values()
    ]
    synapses = ("source", "target", "receptor", "delay", "pre", "post", "weight")
    projections = [
        {name: getattr(projection, name) for name in synapses} for projection in plan.projections if len(projection.pre)
    ]
    return {
        "populations": populations,
        "projections": projections,
        "sources": dict(plan.sources),
        "clock": CLOCK,
        "records": dict(records),
        "steps": plan.steps,
    }


def driven(plan: Plan, network: Network, stimulus: Stimulus) -> dict[str, Numbers]:
    """Return the current of each driven population and its potential at rest, (batch, neurons), as the chip has them.

    A current flows from the first step on. Where it belongs to a layer that answers later, the potential at rest is
    lower by what it brings until then.
    """
    samples = stimulus.samples if stimulus.constant else np.zeros_like(stimulus.samples)
    found = currents.per_sample(network, samples, stimulus.clock.dt_ms)
    currents.check(found)
    given: dict[str, Numbers] = {}
    for name, population in plan.populations.items():
        if population.driven:
            current = np.rint(found[name].astype(np.float64) * population.scale.factor / STEP) * STEP
            initial = population.initial - population.depth * current
            _check(population, current, initial, plan.steps)
            given |= {f"current/{name}": current, f"initial/{name}": initial}
    return given


def _check(population: Population, current: Numbers, initial: Numbers, steps: int) -> None:
    brought = np.abs(current).max(initial=0) * (1 if population.spiking else steps)
    if brought >= LARGEST:
        raise SimulationError(
            f"layer {population.name!r} is given a current of {brought / population.scale.factor:.3g}, which is more "
            "than a potential on SpiNNaker holds",
            hint="normalise the network, or scale the samples",
        )
    if population.depth and population.spiking:
        high, low = initial.max(initial=-np.inf), initial.min(initial=np.inf)
        if high >= population.threshold or low < population.reset:
            raise SimulationError(
                f"layer {population.name!r} is given the input as a current and spikes of other layers: the current "
                f"cannot wait {population.depth} steps for them, and is too large to be made up for",
                hint="give the input as spikes: --set simulate.input=regular",
            )


def recorded(plan: Plan, network: Network, stimulus: Stimulus, setup: Setup, found: Mapping[str, Numbers]) -> Recording:
    """Return the recording of a batch, of what each sample has left in ``found``.

    Arrays in ``found`` are called ``spikes/SAMPLE/NAME`` and ``v/SAMPLE/NAME``.

    Output step t answers input step t: each layer is read as many steps later as it is deep. Potentials are those
    before each step, so that those after it are a step further on; they are below zero by the floor until a neuron
    listens again.
    """
    steps, batch = stimulus.clock.steps, len(stimulus.samples)
    spikes: dict[str, Events] = {}
    potentials: dict[str, Array] = {}
    for name, population in plan.populations.items():
        columns = [np.zeros((3, 0), np.int64)]
        values = np.zeros((steps, batch, population.size))
        for sample in range(batch):
            fired = np.zeros((2, 0), np.int64)
            if population.spiking:
                fired = found[f"spikes/{sample}/{name}"].T.astype(np.int64)
                at = fired[1] - population.depth
                inside = (at >= 0) & (at < steps)
                fired = np.stack([at[inside], fired[0][inside]])
                columns.append(np.stack([fired[0], np.full(inside.sum(), sample), fired[1]]))
            if (key := f"v/{sample}/{name}") in found:
                after = found[key][population.depth + 1 : population.depth + 1 + steps]
                values[:, sample] = after / population.scale.factor
                for pause in range(population.pause):
                    rest = fired[:, fired[0] + pause < steps]
                    values[rest[0] + pause, sample, rest[1]] = 0
        if population.spiking:
            spikes[name] = in_order(*np.concatenate(columns, axis=1))
        if f"v/0/{name}" in found:
            potentials[name] = values.reshape(steps, batch, *network.shapes[name]).astype(np.float32)
    return assemble(network, stimulus, setup.record, spikes, potentials)


def _height(entered: Array) -> float:
    """Return the height of the spikes of the input, (steps, batch, *shape), which all must have."""
    heights = np.unique(entered[entered != 0])
    if len(heights) > 1 or (len(heights) and heights[0] < 0):
        raise SimulationError(
            "on SpiNNaker spikes of the input have one height, above 0; these have heights from "
            f"{heights[0]:g} to {heights[-1]:g}",
            hint="give the input as a current: --set simulate.input=current",
        )
    return float(heights[0]) if len(heights) else 1.0


def _spikes(entered: Array) -> dict[str, npt.NDArray[Any]]:
    """Return the steps and the elements of the spikes of each sample."""
    found: dict[str, npt.NDArray[Any]] = {}
    for sample in range(entered.shape[1]):
        step, neuron = np.nonzero(entered[:, sample].reshape(len(entered), -1))
        found |= {f"step/{sample}": step, f"neuron/{sample}": neuron}
    return found


def _places(cores: list[list[int]]) -> str:
    """Return cores as ranges of chips.

    Examples
    --------
    >>> _places([[0, 0, 3], [0, 0, 4], [0, 1, 1]])
    '3 cores: chip (0, 0) 3-4, chip (0, 1) 1'
    """
    ranges: list[list[int]] = []  # x, y, first, last
    for x, y, core in cores:
        if ranges and ranges[-1][:2] == [x, y] and ranges[-1][3] == core - 1:
            ranges[-1][3] = core
        else:
            ranges.append([x, y, core, core])
    told = [f"chip ({x}, {y}) {first}" + (f"-{last}" if last > first else "") for x, y, first, last in ranges]
    more = f", and on {len({(x, y) for x, y, *_ in ranges[_TOLD:]})} more chips" if len(told) > _TOLD else ""
    return f"{len(cores)} core{'s' * (len(cores) > 1)}: {', '.join(told[:_TOLD])}{more}"
