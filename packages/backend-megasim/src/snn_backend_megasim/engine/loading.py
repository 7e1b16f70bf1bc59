"""Read a folder of files: the schematic, and what each line of it names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from snn.errors import SimulationError

from ..files import events, parameters, schematic, state
from ..files.folder import taken
from ..files.kinds import Integers
from ..files.numbers import fault

_HINT = "MegaSim's own program may run it: name it with backend.megasim.program"
_MOST_POOL = 2**12
_MUST = {
    "n_out_ports": 1, "delay_to_ack": 0, "fifo_depth": 0, "n_repeat": 1, "Ny_array": 1, "Xmin": 0, "Ymin": 0,
    "THminus": parameters.LOWEST, "THminusInfo": 0, "TLplus": 0, "TLminus": 0, "Tmin": 0, "rectify": 0,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Module:
    """A module of the netlist; ``kind`` is its name without the ending for a port of reset."""

    kind: str
    instance: schematic.Instance
    parameters: parameters.Parameters


@dataclass(frozen=True, eq=False)
class Files:
    """What is in a folder.

    Attributes
    ----------
    sources : mapping of node to ndarray, (events, 6)
    modules : tuple of Module
    last_tick : int
    """

    sources: dict[str, Integers]
    modules: tuple[Module, ...]
    last_tick: int


def load(folder: Path) -> Files:
    """Return what is in ``folder``.

    Raises
    ------
    SimulationError
        A file is missing or malformed, or asks for what the engine does not do.
    """
    netlist = schematic.parsed(taken(folder, schematic.NAME))
    sources = {source.node: _given(folder, source.stimulus) for source in netlist.sources}
    for name in {instance.state for instance in netlist.instances}:
        state.check(taken(folder, name), name)
    modules = tuple(_module(folder, instance) for instance in netlist.instances)
    return Files(sources, modules, netlist.last_tick)


def _given(folder: Path, name: str) -> Integers:
    """Return the events of a source, all of which are known: spikes, or one of those of control."""
    rows = events.parsed(taken(folder, name), name)
    spikes = (rows[:, 3] >= 0) & (rows[:, 4] >= 0) & (np.abs(rows[:, 5]) == 1)
    control = (rows[:, 3:] == events.DRAW).all(axis=1) | (rows[:, 3:] == events.RESET).all(axis=1)
    if len(bad := np.flatnonzero(~(spikes | control))):
        raise fault(name, int(bad[0]) + 1, "is neither a spike of polarity 1 or -1 nor an event of control")
    return rows


def _module(folder: Path, instance: schematic.Instance) -> Module:
    name, kind = instance.parameters, instance.module.removesuffix(parameters.RESET_PORT)
    if parameters.form(instance.module) is None:
        raise SimulationError(f"{schematic.NAME}: the engine does not know {instance.module:.60}", hint=_HINT)
    made = parameters.parsed(taken(folder, name), name, instance.module)
    fields = {**made.header, **made.output}
    for field, value in _MUST.items():
        if field == "Ny_array" and kind not in ("module_fully_connected", "module_softmax"):
            continue
        if fields.get(field, value) != value:
            raise SimulationError(f"{name}: the engine does not know {field} {fields[field]}, only {value}", hint=_HINT)
    if len(instance.inputs) != made.header["n_in_ports"]:
        ports = made.header["n_in_ports"]
        raise SimulationError(
            f"{name}: n_in_ports is {ports}, and {schematic.NAME} joins {len(instance.inputs)} nodes to it",
            hint="have the files written again",
        )
    _check_sizes(name, fields)
    return Module(kind, instance, made)


def _check_sizes(name: str, fields: dict[str, int]) -> None:
    for field in ("Nx_pool", "Ny_pool", "x_stride", "y_stride", "x_pad", "y_pad"):
        if not 0 <= fields.get(field, 0) <= _MOST_POOL:
            raise SimulationError(
                f"{name}: {field} is {fields[field]}, and at most {_MOST_POOL}", hint="write it again"
            )
    sizes = ("Nx_array", "population_size", "x_subsmp", "y_subsmp", "Nx_pool", "Ny_pool", "x_stride", "y_stride")
    for field in (*sizes, "Nx_out", "Ny_out", "Ny_array"):
        if fields.get(field, 1) < 1:
            raise SimulationError(f"{name}: {field} is {fields[field]}, and must be above 0", hint="write it again")
    if fields.get("delay_to_process", 0) < 0 or fields.get("T_Refract", 0) < 0 or fields.get("THplus", 1) < 1:
        raise SimulationError(f"{name}: a delay, T_Refract or THplus is out of range", hint="write it again")
