"""PyNN's Brian2: exact, by neurons with equations of our own.

PyNN's equations take no input in the step of a spike and are reset to a potential; these sum up what comes, and lose
their threshold when they fire. What leaves in a step is there in the next one, without a delay.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from snn.network import Array
from snn.processes.serving import Report

from .connectors import Told, parts, project
from .plan import Cells, Plan, Synapses
from .seen import Seen, within

_MILLI = 1000.0
"""PyNN's numbers are millivolts: so many make a volt, which is our unit. Products with it are exact in float64."""

_NEVER = 1e300

_EQUATIONS = "v : volt\nz : volt\nlimit : volt (constant)\nwaiting : 1"
_RESETS = {"subtract": "v -= limit", "zero": "v = 0*volt"}


class Brian2:
    """A network in Brian2.

    Parameters
    ----------
    plan : Plan
    native : bool
        Whether Brian2 makes the synapses itself, rather than through PyNN's connectors.
    report : Report
    """

    def __init__(self, plan: Plan, *, native: bool, report: Report) -> None:
        warnings.simplefilter("ignore")  # what Brian2 2.9 uses of its dependencies is going to be dropped
        import brian2 as b2  # noqa: PLC0415  takes seconds
        import pyNN.brian2 as pynn  # noqa: PLC0415
        from pyNN.brian2.simulator import state  # noqa: PLC0415

        self._plan, self._b2, self._pynn = plan, b2, pynn
        b2.prefs.codegen.target = "numpy"  # a compiler takes minutes
        pynn.setup(timestep=1.0, min_delay=1.0)
        self._network = state.network
        self._populations = {cells.name: self._population(cells) for cells in plan.cells}
        build = self._connect if native else self._project
        for synapses, told in parts(plan, report):
            build(synapses, told)
        groups = {name: population.brian2_group for name, population in self._populations.items()}
        self._spikes = {cells.name: b2.SpikeMonitor(groups[cells.name]) for cells in plan.cells if cells.spiking}
        clock = self._network.clock
        self._potentials = {
            name: b2.StateMonitor(groups[name], "v", record=True, when="end", clock=clock) for name in plan.potentials
        }
        self._network.add(*self._spikes.values(), *self._potentials.values())

    @property
    def version(self) -> str:
        """The version of the simulator."""
        return self._b2.__version__

    def present(self, currents: Mapping[str, Array]) -> Seen:
        """Return what the network does with one sample, from rest.

        Parameters
        ----------
        currents : mapping of name to ndarray, (1 or steps, neurons)
            What each population is given in every step, or in each.
        """
        plan, b2 = self._plan, self._b2
        self._pynn.reset()
        for cells in plan.cells:
            rows = currents.get(cells.name, np.zeros((1, cells.size), np.float32)).astype(np.float64)
            given = np.zeros((plan.steps + plan.lag + 1, cells.size))
            given[cells.depth : cells.depth + plan.steps] = rows
            group = self._populations[cells.name].brian2_group
            group.namespace["current"] = b2.TimedArray(given * b2.volt, dt=1 * b2.ms)
        self._pynn.run(float(plan.steps + plan.lag))
        spikes, potentials = {}, {}
        for cells in plan.cells:
            if cells.spiking:
                monitor = self._spikes[cells.name]
                spikes[cells.name] = within(np.rint(monitor.t / b2.ms) - cells.depth, monitor.i, plan.steps)
            if cells.name in self._potentials:
                kept = np.asarray(self._potentials[cells.name].v / b2.volt).T
                potentials[cells.name] = kept[cells.depth : cells.depth + plan.steps].astype(np.float32)
        return spikes, potentials

    def _population(self, cells: Cells) -> Any:
        population = self._pynn.Population(cells.size, _cell_type(cells)(), label=cells.name)
        group = population.brian2_group
        group.limit = (cells.threshold if cells.spiking else _NEVER) * self._b2.volt
        group.v = cells.initial.astype(np.float64) * self._b2.volt
        step = "waiting = clip(waiting - 1, 0, inf)\nv += int(waiting <= 0) * (z + current(t, i))\nz = 0*volt"
        group.run_regularly(step, clock=self._network.clock, when="groups")
        group.namespace["inf"] = np.inf
        return population

    def _connect(self, synapses: Synapses, _: Told) -> None:
        """Let Brian2 make the synapses, from arrays."""
        b2 = self._b2
        source = self._populations[synapses.source].brian2_group
        target = self._populations[synapses.target].brian2_group
        clock = self._network.clock
        made = b2.Synapses(source, target, "weight : volt (constant)", on_pre="z_post += weight", clock=clock)
        made.connect(i=synapses.pre, j=synapses.post)
        made.weight = synapses.weight.astype(np.float64) * b2.volt
        made.pre.delay = (synapses.delay - 1) * b2.ms
        self._network.add(made)

    def _project(self, synapses: Synapses, told: Told) -> None:
        """Let PyNN make the synapses."""
        project(self._pynn, synapses, self._populations, told, factor=_MILLI, earlier=1.0)


def _cell_type(cells: Cells) -> Any:
    """Return the kind of cell, as PyNN wants it."""
    from pyNN.brian2.cells import BaseNeuronGroup  # noqa: PLC0415  as above
    from pyNN.models import BaseCellType  # noqa: PLC0415

    class Group(BaseNeuronGroup):  # type: ignore[misc]  # PyNN has no types
        """The neurons, as Brian2 has them."""

        def __init__(self, n: int, equations: Any, **_: Any) -> None:
            reset = _RESETS[cells.reset] + (f"\nwaiting = {cells.pause}" if cells.pause else "")
            threshold = "v >= limit and waiting <= 0"
            super().__init__(n, equations, threshold, reset=reset, refractory=False, method="euler")

    return type(
        "IntegrateFire",
        (BaseCellType,),
        {
            "brian2_model": Group,
            "eqs": _EQUATIONS,
            "default_parameters": {},
            "default_initial_values": {},
            "recordable": ["spikes"],
            "units": {},
            "receptor_types": ("excitatory", "inhibitory"),
            "post_synaptic_variables": {"excitatory": "z", "inhibitory": "z"},
            "conductance_based": False,
            "voltage_based_synapses": True,
            "injectable": False,
        },
    )
