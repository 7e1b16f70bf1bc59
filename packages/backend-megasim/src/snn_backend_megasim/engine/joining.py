"""Join what was loaded from files into a circuit: numbers in the place of names, and all kernels in one array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from snn.errors import SimulationError

from ..files.events import BIAS
from ..files.kinds import Integers
from ..names import BIAS as BIAS_CLOCK
from .circuit import (
    ALLOWED, CELL, CELL_STOP, CLOCKED, COLUMNS, CONVOLUTION, DELAY, DENSE, FIRES, FIRST, FLATTEN, HEAD,
    HIGHEST_X, HIGHEST_Y, KIND, LOWEST_X, LOWEST_Y, MAX_POOL, NEXT, NODE, NX, NY, OUT_X, OUT_Y, PAD_X, PAD_Y, PAUSE,
    PLANNED, POOL_X, POOL_Y, PORT, PORT_STOP, READER, READER_STOP, REST, ROW, SOFTMAX, SOURCE, STEP, STOP,
    STRIDE_X, STRIDE_Y, SUBTRACT, TAIL, THRESHOLD, Circuit,
)  # fmt: skip
from .loading import Files, Module

_KINDS = {
    "module_conv": CONVOLUTION, "module_fully_connected": DENSE, "module_softmax": DENSE, "module_flatten": FLATTEN,
    "module_max_pool": MAX_POOL,
}  # fmt: skip
_MOST_NEURONS = 2**24
_POOL = ("Nx_pool", "Ny_pool", "x_stride", "y_stride", "x_pad", "y_pad")


class _Columns:
    """The arrays of a circuit in the making."""

    def __init__(self) -> None:
        self.modules: list[dict[int, int]] = []
        self.ports: list[list[int]] = []
        self.first_port = [0]
        self.weight: list[Integers] = []
        self.placed = 0
        self.out: list[tuple[Integers, Integers]] = []
        self.steps: list[Integers] = []

    def kernel(self, kernel: Integers) -> int:
        """Add weights, and return where they begin."""
        begin = self.placed
        self.weight.append(kernel.reshape(-1).astype(np.int32))
        self.placed += kernel.size
        return begin

    def neurons(self, count: int, out: tuple[Integers, Integers] | None = None, steps: Integers | None = None) -> None:
        """Add the neurons of a module."""
        nothing = np.zeros(count, np.int64)
        self.out.append((nothing, nothing) if out is None else out)
        self.steps.append(nothing if steps is None else steps)

    def port(self, node: int, width: int, height: int, weights: int, lay: tuple[int, int] = (0, 0)) -> None:
        """Add a port of the next module."""
        self.ports.append([node, width, height, *lay, weights, -1])

    def module(self, kind: int, fields: Mapping[int, int]) -> None:
        """End a module, whose ports are there."""
        usual = {**dict.fromkeys(range(COLUMNS["modules"]), 0), KIND: kind, CLOCKED: -1}
        self.modules.append({**usual, HEAD: -1, TAIL: -1, NEXT: -1, PLANNED: -1, **fields})
        self.first_port.append(len(self.ports))


def join(files: Files) -> Circuit:
    """Return the circuit of ``files``; raise SimulationError where it would be too large."""
    nodes = {node: number for number, node in enumerate(files.sources)}
    columns = _Columns()
    for _ in files.sources:
        columns.neurons(0)
        columns.module(SOURCE, {})
    _check_size(files)
    clock = files.sources.get(BIAS_CLOCK, np.zeros((0, 6), np.int64))
    ticking = bool(len(clock)) and bool((clock[:, 3:] == BIAS).all())
    for module in files.modules:
        kind = _KINDS[module.kind]
        {CONVOLUTION: _convolution, DENSE: _dense, FLATTEN: _flatten, MAX_POOL: _max_pool}[kind](
            columns, module, nodes, ticking
        )
        nodes[module.instance.output] = len(nodes)
    return _circuit(columns, clock[:, 0] if ticking else np.zeros(0, np.int64), files.last_tick)


def _check_size(files: Files) -> None:
    total = 0
    for module in files.modules:
        fields = module.parameters.header
        total += fields.get("Nx_array", 1) * fields.get("Ny_array", 1) * (module.kind != "module_flatten")
        total += fields.get("population_size", 0) + fields.get("Nx_out", 0) * fields.get("Ny_out", 0)
        if total > _MOST_NEURONS:
            raise SimulationError(
                f"{module.instance.parameters}: over {_MOST_NEURONS:,} neurons, with those of the modules before it",
                hint="is this a netlist that was written here?",
            )


def _rule(module: Module) -> dict[int, int]:
    fields = module.parameters.header
    return {
        THRESHOLD: fields["THplus"], SUBTRACT: fields["Reset_to_reminder"], REST: fields["MembReset"],
        PAUSE: max(1, fields["T_Refract"]), DELAY: fields["delay_to_process"],
        SOFTMAX: int(module.kind == "module_softmax"),
        FIRES: int(fields["THplusInfo"] and module.kind != "module_softmax"),
    }  # fmt: skip


def _clocked(columns: _Columns, module: Module, ticking: bool) -> int:
    """Return the port of the next module that reads the bias clock; -1 where that is read as any other is."""
    at = [number for number, node in enumerate(module.instance.inputs) if node == BIAS_CLOCK]
    return len(columns.ports) + at[0] if ticking and len(at) == 1 else -1


def _convolution(columns: _Columns, module: Module, nodes: Mapping[str, int], ticking: bool) -> None:
    fields, output = module.parameters.header, module.parameters.output
    nx, ny = fields["Nx_array"], fields["Ny_array"]
    clocked, first = _clocked(columns, module, ticking), len(columns.ports)
    steps = None
    for number, (name, port) in enumerate(zip(module.instance.inputs, module.parameters.ports, strict=True)):
        lay = port.fields["Dx"], port.fields["Dy"]
        kernel = port.kernel[::-1]  # rows are written from the largest y down
        columns.port(nodes[name], kernel.shape[1], kernel.shape[0], columns.kernel(kernel), lay)
        if first + number == clocked:
            steps = _laid(kernel, *lay, nx, ny)
    x, y = np.meshgrid(np.arange(nx), np.arange(ny))
    out = [
        (place.reshape(-1) + output[f"{axis}shift_pre"]) // output[f"{axis}_subsmp"] + output[f"{axis}shift_pos"]
        for axis, place in (("x", x), ("y", y))
    ]
    box = {
        LOWEST_X: max(0, output["crop_xmin"]), HIGHEST_X: min(nx - 1, output["crop_xmax"]),
        LOWEST_Y: max(0, output["crop_ymin"]), HIGHEST_Y: min(ny - 1, output["crop_ymax"]),
    }  # fmt: skip
    inside = (x >= box[LOWEST_X]) & (x <= box[HIGHEST_X]) & (y >= box[LOWEST_Y]) & (y <= box[HIGHEST_Y])
    columns.neurons(nx * ny, (out[0], out[1]), None if steps is None else steps * inside.reshape(-1))
    columns.module(CONVOLUTION, {NX: nx, NY: ny, CLOCKED: clocked, **box, **_rule(module)})


def _laid(kernel: Integers, lay_x: int, lay_y: int, nx: int, ny: int) -> Integers:
    """Return what an event at (0, 0) adds to each neuron of an array, (neurons,)."""
    found = np.zeros((ny, nx), np.int64)
    height, width = kernel.shape
    rows = slice(max(0, lay_y), max(0, min(ny, lay_y + height)))
    cells = slice(max(0, lay_x), max(0, min(nx, lay_x + width)))
    found[rows, cells] = kernel[max(0, -lay_y) :, max(0, -lay_x) :][
        : found[rows, cells].shape[0], : found[rows, cells].shape[1]
    ]
    return found.reshape(-1)


def _dense(columns: _Columns, module: Module, nodes: Mapping[str, int], ticking: bool) -> None:
    size = module.parameters.header["population_size"]
    clocked, first = _clocked(columns, module, ticking), len(columns.ports)
    steps = None
    for number, (name, port) in enumerate(zip(module.instance.inputs, module.parameters.ports, strict=True)):
        width, height = port.fields["Nx_array_pre"], port.fields["Ny_array_pre"]
        columns.port(nodes[name], width, height, columns.kernel(port.kernel))
        if first + number == clocked and len(port.kernel):
            steps = port.kernel[0].astype(np.int64)
    columns.neurons(size, (np.arange(size), np.zeros(size, np.int64)), steps)
    columns.module(DENSE, {NX: size, NY: 1, CLOCKED: clocked, **_rule(module)})


def _flatten(columns: _Columns, module: Module, nodes: Mapping[str, int], ticking: bool) -> None:
    before = 0
    for name, port in zip(module.instance.inputs, module.parameters.ports, strict=True):
        width, height = port.fields["Nx_array"], port.fields["Ny_array"]
        columns.port(nodes[name], width, height, before)
        before += max(0, width) * max(0, height)
    columns.neurons(0)
    columns.module(FLATTEN, {DELAY: module.parameters.header["delay_to_process"]})


def _max_pool(columns: _Columns, module: Module, nodes: Mapping[str, int], ticking: bool) -> None:
    fields = module.parameters.header
    for name in module.instance.inputs:
        columns.port(nodes[name], fields["Nx_array"], fields["Ny_array"], 0)
    nx, ny = fields["Nx_out"], fields["Ny_out"]
    x, y = np.meshgrid(np.arange(nx), np.arange(ny))
    columns.neurons(nx * ny, (x.reshape(-1), y.reshape(-1)))
    pool = (POOL_X, POOL_Y, STRIDE_X, STRIDE_Y, PAD_X, PAD_Y)
    sizes = dict(zip(pool, (fields[name] for name in _POOL), strict=True))
    cells = fields["Nx_array"] * fields["Ny_array"]
    columns.module(MAX_POOL, {NX: nx, NY: ny, DELAY: fields["delay_to_process"], CELL_STOP: cells, **sizes})


def _circuit(columns: _Columns, clock: Integers, last_tick: int) -> Circuit:
    modules = np.array([list(row.values()) for row in columns.modules], np.int64).reshape(-1, COLUMNS["modules"])
    ports = np.array(columns.ports, np.int64).reshape(-1, COLUMNS["ports"])
    counts = [len(steps) for steps in columns.steps]
    _span(modules, (FIRST, STOP), counts)
    _span(modules, (PORT, PORT_STOP), [end - begin for begin, end in pairwise(columns.first_port)])
    _span(modules, (CELL, CELL_STOP), modules[:, CELL_STOP].tolist())
    modules[:, ROW] = np.cumsum(modules[:, NY]) - modules[:, NY]
    read: list[list[int]] = [[] for _ in columns.modules]
    for module, (begin, end) in enumerate(pairwise(columns.first_port)):
        for node in {int(ports[port, NODE]) for port in range(begin, end) if port != modules[module, CLOCKED]}:
            read[node].append(module)
    _span(modules, (READER, READER_STOP), [len(found) for found in read])
    neurons = np.full((sum(counts), COLUMNS["neurons"]), -1, np.int64)
    neurons[:, ALLOWED] = 0
    neurons[:, STEP] = np.concatenate(columns.steps)
    neurons[:, OUT_X] = np.concatenate([x for x, _ in columns.out])
    neurons[:, OUT_Y] = np.concatenate([y for _, y in columns.out])
    weight = np.concatenate([*columns.weight, np.zeros(0, np.int32)])
    readers = np.array([module for found in read for module in found], np.int64)
    return Circuit(modules, ports, neurons, weight, readers, np.ascontiguousarray(clock), last_tick)


def _span(modules: Integers, where: tuple[int, int], counts: Sequence[int]) -> None:
    """Write where the own rows of each module begin and end."""
    ends = np.cumsum(counts)
    modules[:, where[0]], modules[:, where[1]] = ends - counts, ends
