"""What the process of sPyNNaker does: build a network, present samples to it, tell where it is."""

from __future__ import annotations

import itertools
import os
import time
from typing import Any

import numpy as np
import numpy.typing as npt
from snn.processes.serving import Report, serve

_PAUSE = 0.5  # seconds between two words on how far it is
_CONVOLUTION = "IF_trunc_delta_conv.aplx"


class _Chips:
    """The populations and projections of a plan, as sPyNNaker has them.

    Parameters
    ----------
    order : dict
        The plan as `simulator` sends it.
    report : Report
    """

    def __init__(self, order: dict[str, Any], report: Report) -> None:
        import pyNN.spiNNaker as sim  # noqa: N813, PLC0415  as PyNN has it; it takes seconds
        from pyNN.spiNNaker import extra_models  # noqa: PLC0415

        self._sim, self._report, self._dt_ms, self._steps = sim, report, order["dt_ms"], order["steps"]
        _heard(report)
        self._ran = False
        sim.setup(timestep=self._dt_ms, time_scale_factor=order["time_scale_factor"], n_boards_required=order["boards"])
        self._synapse = synapse(sim.StaticSynapse)()
        sim.set_number_of_neurons_per_core(extra_models.IFTruncDelta, order["neurons_per_core"])
        every = list(np.arange(self._steps) * self._dt_ms)
        self._sources = {
            name: sim.Population(size, sim.SpikeSourceArray(every if name == order["clock"] else []), label=name)
            for name, size in order["sources"].items()
        }
        self._populations: dict[str, Any] = {}
        self._records = order["records"]
        for told in order["populations"]:
            self._populations[told["name"]] = self._population(extra_models, told)
        for number, told in enumerate(order["projections"], 1):
            self._project(told)
            report("build", number, len(order["projections"]))

    def _population(self, models: Any, told: dict[str, Any]) -> Any:
        cell = models.IFTruncDelta(
            tau_m=1.0,
            cm=1.0,  # of which only the quotient counts: what comes in is added as it is
            v_reset=told["reset"],
            v_thresh=told["threshold"],
            tau_refrac=(told["pause"] - 1) * self._dt_ms,
            i_offset=0.0,
        )
        expected = {"max_expected_summed_weight": told["expected"]}
        made = self._sim.Population(told["size"], cell, label=told["name"], additional_parameters=expected)
        made.initialize(v=_one_or_each(told["initial"]))
        if wanted := self._records.get(told["name"]):
            made.record(wanted)
        return made

    def _project(self, told: dict[str, Any]) -> None:
        sim, pre, post, weight = self._sim, told["pre"], told["post"], told["weight"]
        delays = np.full(len(pre), told["delay"] * self._dt_ms)
        source = self._sources.get(told["source"]) or self._populations[told["source"]]
        sim.Projection(
            source,
            self._populations[told["target"]],
            sim.FromListConnector(np.column_stack([pre, post, weight, delays])),
            synapse_type=self._synapse,
            receptor_type=told["receptor"],
        )

    def map(self, order: dict[str, Any]) -> dict[str, Any]:
        """Place the network on the machine, by a run of one step, and tell where it is."""
        self._sim.run(self._dt_ms)
        self._ran = True
        return {"facts": _facts(self._populations, self._sources)}

    def present(self, order: dict[str, Any]) -> dict[str, Any]:
        """Present samples, each from rest; what the neurons did is ``found``."""
        found: dict[str, Any] = {}
        arrays = order["given"]
        for sample in range(order["samples"]):
            if self._ran:
                self._sim.reset()
            self._give(arrays, sample, order["entry"])
            self._sim.run(self._steps * self._dt_ms)
            self._ran = True
            for name, wanted in self._records.items():
                for variable in wanted:
                    key = f"{variable}/{sample}/{name}"
                    found[key] = self._read(self._populations[name], variable)
            self._report("simulate", sample + 1, order["samples"])
        return {"facts": _facts(self._populations, self._sources), "found": found}

    def _give(self, arrays: dict[str, Any], sample: int, entry: str) -> None:
        """Set currents, potentials at rest, and the spikes of the input."""
        for name, population in self._populations.items():
            if f"current/{name}" in arrays:
                population.set(i_offset=list(arrays[f"current/{name}"][sample]))
                population.initialize(v=_one_or_each(arrays[f"initial/{name}"][sample]))
        if entry in self._sources:
            source, step, neuron = self._sources[entry], arrays[f"step/{sample}"], arrays[f"neuron/{sample}"]
            order = np.argsort(neuron, kind="stable")
            places = np.searchsorted(neuron[order], np.arange(source.size + 1))
            each = np.empty(source.size, object)
            for number, (start, stop) in enumerate(itertools.pairwise(places)):
                each[number] = step[order][start:stop]
            # set(spike_times=…) of sPyNNaker 7.4.1 keeps a list where it later needs an array, and fails in run()
            source._vertex.send_buffer_times = each  # noqa: SLF001

    def _read(self, population: Any, variable: str) -> npt.NDArray[np.float64]:
        """Return spikes as (spikes, 2) of neuron and step, potentials as (steps, neurons)."""
        if variable == "spikes":
            rows = np.asarray(population.spinnaker_get_data("spikes"), np.float64).reshape(-1, 2)
            return np.column_stack([rows[:, 0], np.rint(rows[:, 1] / self._dt_ms)])
        return np.asarray(population.spinnaker_get_data("v", as_matrix=True), np.float64)


def _one_or_each(values: npt.NDArray[np.float64]) -> float | list[float]:
    """Return the value that all are, or a list: one of thousands takes sPyNNaker seconds a core."""
    return float(values[0]) if (values == values[0]).all() else values.tolist()


def synapse(static: Any) -> Any:
    """Return the kind of synapse ``static`` with a quicker way to sort synapses into rows.

    That of sPyNNaker 7.4.1 looks at all synapses for each row: of 85 s for a network of 1.8 million, 50 s.
    """

    class Sorted(static):  # type: ignore[misc]  # sPyNNaker is there at run time only
        def convert_per_connection_data_to_rows(
            self, connection_row_indices: Any, n_rows: int, data: Any, max_n_synapses: int
        ) -> list[Any]:
            order = np.argsort(connection_row_indices, kind="stable")
            places = np.searchsorted(connection_row_indices[order], np.arange(n_rows + 1))
            ordered = data[order]
            return [ordered[a : min(b, a + max_n_synapses)].reshape(-1) for a, b in itertools.pairwise(places)]

    return Sorted


def _heard(report: Report) -> None:
    """Pass on how far sPyNNaker is with what takes long, which it draws as bars."""
    from spinn_utilities.progress_bar import ProgressBar  # noqa: PLC0415

    update, last = ProgressBar.update, 0.0

    def told(self: Any, amount_to_add: int = 1) -> None:
        nonlocal last
        update(self, amount_to_add)
        if time.monotonic() > last + _PAUSE:
            last = time.monotonic()
            report("map", self._currently_completed, self._number_of_things)

    ProgressBar.update = told


def _facts(populations: dict[str, Any], sources: dict[str, Any]) -> dict[str, Any]:
    """Return what the network takes, and which binaries it needs that are not there."""
    from importlib.metadata import version  # noqa: PLC0415

    from spinn_front_end_common.abstract_models import AbstractHasAssociatedBinary  # noqa: PLC0415
    from spynnaker.pyNN.data import SpynnakerDataView as View  # noqa: PLC0415

    places: dict[str, list[tuple[int, int, int]]] = {}
    binaries: set[str] = set()
    taken = set()
    for place in View.iterate_placemements():
        taken.add((place.x, place.y, place.p))
        if isinstance(place.vertex, AbstractHasAssociatedBinary):
            binaries.add(place.vertex.get_binary_file_name())
        whole = getattr(place.vertex, "app_vertex", None)
        if whole is not None and whole.label in {**populations, **sources}:
            places.setdefault(whole.label, []).append((place.x, place.y, place.p))
    return {
        "spynnaker": version("sPyNNaker"),
        "cores": sum(map(len, places.values())),
        "chips": len({core[:2] for found in places.values() for core in found}),
        "cores_with_monitors": len(taken),
        "placements": {name: sorted(found) for name, found in places.items()},
        "binaries": sorted(binaries),
        "missing_binaries": sorted(name for name in binaries if not _is_there(name, View)),
        "convolution_binary": _is_there(_CONVOLUTION, View),
    }


def _is_there(binary: str, view: Any) -> bool:
    try:
        return os.path.exists(view.get_executable_path(binary))  # noqa: PTH110  a string, from elsewhere
    except KeyError:
        return False


class _Worker:
    """The chips, once they are built."""

    chips: _Chips | None = None

    def answer(self, word: str, value: dict[str, Any], report: Report) -> dict[str, Any]:
        """Build a network, or have it mapped or samples presented to it."""
        if word == "build":
            self.chips = _Chips(value, report)
            return {}
        return getattr(self.chips, word)(value)


if __name__ == "__main__":
    serve(_Worker().answer)
