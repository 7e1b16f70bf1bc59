"""PyNN's NEURON: exact, by an artificial cell of our own.

NEURON's integrate-and-fire cells are reset to a potential, lose what comes while they are, and leak; so the package
brings a mechanism (``mechanisms/integrate_fire.mod``) that does what a step is, which is compiled when it is
first used. PyNN compiles mechanisms of its own then, too.

Spikes leave in the middle of a step and arrive a quarter before the middle of another one.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from snn.network import Array
from snn.processes.serving import Report

from .connectors import Told, parts, project
from .plan import Cells, Plan, Synapses
from .seen import Seen, within

_MIDDLE = 0.5  # of a step, when a neuron looks at what has come
_EARLY = 0.25  # how much before it spikes arrive
_NEVER = -1.0  # a threshold that says that there is none


class Neuron:
    """A network in NEURON.

    Parameters
    ----------
    plan : Plan
    native : bool
        Whether NEURON makes the synapses itself, rather than through PyNN's connectors.
    report : Report
    """

    def __init__(self, plan: Plan, *, native: bool, report: Report) -> None:
        self._plan = plan
        report("compile NEURON's mechanisms", 0, 1)
        self._neuron, self._pynn = _imported()
        report("compile NEURON's mechanisms", 1, 1)
        self._pynn.setup(timestep=_EARLY, min_delay=_EARLY)
        kind = _cell_type(self._neuron, self._pynn)
        self._populations = {
            cells.name: self._pynn.Population(
                cells.size,
                kind(
                    limit=cells.threshold if cells.spiking else _NEVER,
                    initial=cells.initial.astype(np.float64),
                    reset=float(cells.reset == "zero"),
                    pause=float(cells.pause),
                ),
                label=cells.name,
            )
            for cells in plan.cells
        }
        self._sources = {
            name: [cell._cell.source for cell in population]  # noqa: SLF001  PyNN has no other way to a native cell
            for name, population in self._populations.items()
        }
        self._joined: list[Any] = []  # NEURON forgets a synapse that nobody holds
        build = self._connect if native else self._project
        for synapses, told in parts(plan, report):
            build(synapses, told)
        self._spikes = {cells.name: self._record(cells) for cells in plan.cells if cells.spiking}

    @property
    def version(self) -> str:
        """The version of the simulator."""
        return self._neuron.__version__

    def present(self, currents: Mapping[str, Array]) -> Seen:
        """Return what the network does with one sample, from rest.

        Parameters
        ----------
        currents : mapping of name to ndarray, (1 or steps, neurons)
            What each population is given in every step, or in each.
        """
        plan = self._plan
        for name in self._populations:
            self._give(name, None)
        self._pynn.reset()
        kept = {
            cells.name: np.zeros((plan.steps, cells.size), np.float32)
            for cells in plan.cells
            if cells.name in plan.potentials
        }
        for step in range(plan.steps + plan.lag):
            for cells in plan.cells:
                own = step - cells.depth
                rows = currents.get(cells.name)
                if rows is not None and (own == 0 or (len(rows) > 1 and 0 <= own < plan.steps)):
                    self._give(cells.name, rows[own])
            self._pynn.run(1.0)
            for cells in plan.cells:
                own = step - cells.depth
                if cells.name in kept and 0 <= own < plan.steps:
                    kept[cells.name][own] = [source.potential for source in self._sources[cells.name]]
        spikes = {}
        for cells in plan.cells:
            if cells.spiking:
                times, neurons = (vector.as_numpy().copy() for vector in self._spikes[cells.name])
                spikes[cells.name] = within(np.rint(times - _MIDDLE) - cells.depth, neurons, plan.steps)
        return spikes, kept

    def _give(self, name: str, row: Array | None) -> None:
        values = [0.0] * len(self._sources[name]) if row is None else row.astype(np.float64).tolist()
        for source, value in zip(self._sources[name], values, strict=True):
            source.current = value

    def _connect(self, synapses: Synapses, _: Told) -> None:
        """Let NEURON make the synapses, one by one."""
        join, delay = self._neuron.h.NetCon, synapses.delay - _EARLY
        sources, targets = self._sources[synapses.source], self._sources[synapses.target]
        columns = (synapses.pre.tolist(), synapses.post.tolist(), synapses.weight.astype(np.float64).tolist())
        self._joined += [join(sources[i], targets[j], 0, delay, weight) for i, j, weight in zip(*columns, strict=True)]

    def _project(self, synapses: Synapses, told: Told) -> None:
        """Let PyNN make the synapses."""
        project(self._pynn, synapses, self._populations, told, earlier=_EARLY)

    def _record(self, cells: Cells) -> tuple[Any, Any]:
        """Return vectors that the times and the numbers of neurons that fire are written to."""
        times, neurons = self._neuron.h.Vector(), self._neuron.h.Vector()
        for number, cell in enumerate(self._populations[cells.name]):
            cell._cell.rec.record(times, neurons, number)  # noqa: SLF001  as above
        return times, neurons


def _imported() -> tuple[Any, Any]:
    """Return NEURON, which knows the mechanism, and PyNN's NEURON."""
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    if shutil.which("nrnivmodl") is None:
        raise RuntimeError("nrnivmodl, which comes with NEURON, is not there; it compiles the neurons")
    import neuron  # noqa: PLC0415  takes a second, and prints
    import pyNN.neuron as pynn  # noqa: PLC0415

    with TemporaryDirectory(prefix="snn-neuron-") as temporary:
        if not neuron.load_mechanisms(str(_compiled(neuron.__version__, Path(temporary)))):
            raise RuntimeError("NEURON cannot load the neurons that nrnivmodl has compiled")
    return neuron, pynn


def _compiled(version: str, temporary: Path) -> Path:
    """Return a folder with the compiled mechanism: beside the source, as Python does it, else in ``temporary``."""
    source = Path(__file__).parent / "mechanisms" / "integrate_fire.mod"
    digest = hashlib.sha256(source.read_bytes()).hexdigest()[:16]
    kept = source.parent / "__pycache__" / f"neuron-{version}-{platform.machine()}-{digest}"
    if kept.is_dir():
        return kept
    shutil.copy(source, temporary)
    made = subprocess.run(["nrnivmodl", "."], cwd=temporary, capture_output=True, text=True, check=False)  # noqa: S607
    if made.returncode:
        sys.stderr.write(made.stdout + made.stderr)
        raise RuntimeError("nrnivmodl could not compile the neurons; it needs a C compiler")
    try:
        kept.parent.mkdir(exist_ok=True)
        with TemporaryDirectory(prefix="neuron-", dir=kept.parent) as folder:
            beside = shutil.copytree(temporary, Path(folder) / kept.name)
            beside.chmod(0o755)  # for others who use this installation
            beside.rename(kept)  # whole, or not at all
    except OSError:  # a folder that cannot be written to; or another process was first
        return kept if kept.is_dir() else temporary
    return kept


def _cell_type(neuron: Any, pynn: Any) -> Any:
    """Return the kind of cell, as PyNN wants it."""
    section = neuron.h.Section()  # PyNN asks each cell for one

    class Cell:
        """The artificial cell, with what PyNN looks for."""

        parameter_names = ("limit", "initial", "reset", "pause")

        def __init__(self, **parameters: float) -> None:
            self.source = neuron.h.SNNIntegrateFire()
            for name, value in parameters.items():
                setattr(self.source, name, value)
            self.excitatory = self.inhibitory = self.source
            self.source_section = section
            self.rec = neuron.h.NetCon(self.source, None)
            self.traces: dict[str, list[Any]] = defaultdict(list)
            self.spike_times = neuron.h.Vector(0)
            self.recording_time = 0
            self.initial_values: dict[str, float] = {}

        def memb_init(self) -> None:
            """Leave it to the mechanism."""

    return type(
        "IntegrateFire",
        (pynn.NativeCellType,),
        {
            "default_parameters": {"limit": 1.0, "initial": 0.0, "reset": 0.0, "pause": 0.0},
            "default_initial_values": {},
            "recordable": ["spikes"],
            "units": {},
            "receptor_types": ["excitatory", "inhibitory"],
            "conductance_based": False,
            "model": Cell,
        },
    )
