"""PyNN's NEST: exact integration, by neurons of NEST's own.

``eprop_iaf`` without plasticity takes spikes at once and loses its threshold when it fires; ``iaf_psc_delta`` goes back
to zero. Neither leaks where the time constant is beyond all bounds; but then NEST takes no constant current either, so
that currents are spikes of a clock: one a step, whose weights are the currents.
"""

from __future__ import annotations

import math
import os
import sys
import warnings
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from snn.network import Array
from snn.processes.serving import Report

from .connectors import Told, parts, project
from .plan import Cells, Plan, Synapses
from .seen import Columns, Seen, within

SCALE = 1000.0
"""NEST's potentials for one of ours: PyNN hands it pA for nA. Products with it are exact in float64."""

_DROWNED = -1e30
"""A potential that no input of a step brings anywhere near a threshold, for the steps between two samples."""

_MODELS = {"subtract": "eprop_iaf", "zero": "iaf_psc_delta"}
_NOTHING = {"E_L": 0.0, "tau_m": 1e20, "C_m": 1.0, "I_e": 0.0}
Wide: TypeAlias = npt.NDArray[np.float64]

_LATE = 1  # steps between what a neuron is given and its spike, beside the delays: spikes of step n are labelled n + 1


class Nest:
    """A network in NEST.

    Parameters
    ----------
    plan : Plan
    native : bool
        Whether NEST makes the synapses itself, rather than through PyNN's connectors.
    report : Report
    """

    def __init__(self, plan: Plan, *, native: bool, report: Report) -> None:
        self._plan, self._nest, self._pynn = plan, *_imported()
        nest, pynn = self._nest, self._pynn
        pynn.setup(
            timestep=1.0, min_delay=1.0, max_delay=float(plan.longest + plan.lag + 1), spike_precision="on_grid",
            verbosity="error",
        )  # fmt: skip
        self._populations = {cells.name: self._population(cells) for cells in plan.cells}
        build = self._connect if native else self._project
        for synapses, told in parts(plan, report):
            build(synapses, told)
        self._nodes = {name: population.node_collection for name, population in self._populations.items()}
        self._first = {name: nodes[0].global_id for name, nodes in self._nodes.items()}
        self._recorders = {cells.name: self._recorder(cells.name) for cells in plan.cells if cells.spiking}
        self._meters = {name: self._meter(name) for name in plan.potentials}
        self._clock = nest.Create("spike_generator")
        self._ticks = nest.Create("parrot_neuron")
        nest.Connect(self._clock, self._ticks, syn_spec={"delay": 1.0})
        self._brought: set[str] = set()  # the layers that the clock has synapses to
        self._giving: dict[str, Any] = {}  # the generators, where the current differs from step to step
        # what is on its way, and a refractory neuron, are to be done with before the next sample
        self._between = plan.longest + plan.lag + max(cells.pause for cells in plan.cells) + 2

    @property
    def version(self) -> str:
        """The version of the simulator."""
        return self._nest.__version__

    def present(self, currents: Mapping[str, Array]) -> Seen:
        """Return what the network does with one sample, from rest.

        Parameters
        ----------
        currents : mapping of name to ndarray, (1 or steps, neurons)
            What each population is given in every step, or in each.
        """
        nest, plan = self._nest, self._plan
        began = nest.biological_time
        for recorder in (*self._recorders.values(), *self._meters.values()):
            recorder.n_events = 0
        for cells in plan.cells:
            self._nodes[cells.name].V_m = (SCALE * cells.initial.astype(np.float64)).tolist()
        self._clock.spike_times = began + np.arange(1.0, plan.steps + 1)
        for cells in plan.cells:
            rows = currents.get(cells.name, np.zeros((1, cells.size), np.float32))
            self._give(cells, SCALE * rows.astype(np.float64), began)
        # the parrot and the delay of its synapses are two steps, and the last potential is written one step later
        nest.Simulate(float(plan.steps + plan.lag + 3))
        for cells in plan.cells:
            self._nodes[cells.name].V_m = _DROWNED
        seen = self._seen(began)
        nest.Simulate(float(self._between))
        return seen

    def _seen(self, began: float) -> Seen:
        plan = self._plan
        spikes: dict[str, Columns] = {}
        potentials: dict[str, Array] = {}
        for cells in plan.cells:
            first = began + 2 + _LATE + cells.depth  # the label of what the first step leads to
            if cells.spiking:
                events = self._recorders[cells.name].events
                neuron = events["senders"] - self._first[cells.name]
                spikes[cells.name] = within(np.rint(events["times"] - first), neuron, plan.steps)
            if cells.name in self._meters:
                events = self._meters[cells.name].events
                step = np.rint(events["times"] - first).astype(np.int64)
                seen = (step >= 0) & (step < plan.steps)
                kept = np.zeros((plan.steps, cells.size))
                neuron = events["senders"] - self._first[cells.name]
                kept[step[seen], neuron[seen]] = events["V_m"][seen]
                potentials[cells.name] = (kept / SCALE).astype(np.float32)
        return spikes, potentials

    def _population(self, cells: Cells) -> Any:
        cell_type = self._pynn.native_cell_type(_MODELS[cells.reset])
        # NEST takes none of the switches that PyNN reads out of it, nor times in steps
        cell_type.default_parameters = {
            name: value
            for name, value in cell_type.default_parameters.items()
            if name in {"V_th", "V_reset", "V_min", "t_ref", *_NOTHING}
        }
        more = {"V_min": -math.inf} if "V_min" in cell_type.default_parameters else {}
        if cells.reset == "zero":
            more["V_reset"] = 0.0
        threshold = SCALE * cells.threshold if cells.spiking else 1e300
        pause = float(max(0, cells.pause - 1))
        return self._pynn.Population(
            cells.size, cell_type(V_th=threshold, t_ref=pause, **_NOTHING, **more), label=cells.name
        )

    def _connect(self, synapses: Synapses, _: Told) -> None:
        """Let NEST make the synapses, from arrays."""
        pre = self._first_of(synapses.source) + synapses.pre
        post = self._first_of(synapses.target) + synapses.post
        weight = SCALE * synapses.weight.astype(np.float64)
        delay = np.full(len(pre), float(synapses.delay))
        spec = {"weight": weight, "delay": delay, "synapse_model": "static_synapse"}
        self._nest.Connect(pre, post, "one_to_one", spec)

    def _first_of(self, name: str) -> int:
        return self._populations[name].node_collection[0].global_id

    def _project(self, synapses: Synapses, told: Told) -> None:
        """Let PyNN make the synapses."""
        project(self._pynn, synapses, self._populations, told)

    def _recorder(self, name: str) -> Any:
        recorder = self._nest.Create("spike_recorder")
        self._nest.Connect(self._nodes[name], recorder)
        return recorder

    def _meter(self, name: str) -> Any:
        meter = self._nest.Create("multimeter", params={"record_from": ["V_m"], "interval": 1.0})
        self._nest.Connect(meter, self._nodes[name])
        return meter

    def _give(self, cells: Cells, rows: Wide, began: float) -> None:
        """Let the neurons of ``cells`` have ``rows``, (1 or steps, neurons), from the step on that they are deep."""
        nest, nodes = self._nest, self._nodes[cells.name]
        delay, every = float(1 + cells.depth), len(rows) == 1
        if every and cells.name not in self._brought and rows.any():
            nest.Connect(self._ticks, nodes, "all_to_all", {"delay": delay, "weight": 0.0})
            self._brought.add(cells.name)
        if cells.name in self._brought:
            # asked for again and again: NEST sorts its synapses when it runs, and does not say where they have gone
            bringing = nest.GetConnections(self._ticks, nodes)
            order = np.asarray(list(bringing.targets())) - self._first[cells.name]
            bringing.weight = rows[0][order].tolist() if every else 0.0
        if every:
            return
        if cells.name not in self._giving:
            self._giving[cells.name] = nest.Create("spike_generator", cells.size)
            nest.Connect(self._giving[cells.name], nodes, "one_to_one", {"delay": delay, "weight": 1.0})
        # a step later than the clock, whose parrot takes one
        steps = began + 2 + np.arange(len(rows))
        given = []
        for column in rows.T:
            taken = np.flatnonzero(column)
            given.append({"spike_times": steps[taken], "spike_weights": column[taken]})
        nest.SetStatus(self._giving[cells.name], given)


def _imported() -> tuple[Any, Any]:
    """Return NEST and PyNN's NEST, which would build extensions that are not needed."""
    path, os.environ["PATH"] = os.environ.get("PATH", ""), ""
    # connection sets, which nobody asks for, bring Matplotlib: half of the time that all imports take
    sys.modules.setdefault("csa", None)  # type: ignore[arg-type]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import nest  # noqa: PLC0415  takes a second, and prints
            import pyNN.nest as pynn  # noqa: PLC0415
    finally:
        os.environ["PATH"] = path
    return nest, pynn
