"""Join what was loaded from files into a circuit: numbers in the place of names, and all kernels in one array."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from snn.errors import SimulationError

from ..files.events import BIAS
from ..files.numbers import Integers
from ..names import BIAS as BIAS_CLOCK
from .circuit import CONVOLUTION, DENSE, FLATTEN, MAX_POOL, SOURCE, Circuit
from .loading import Files, Module

_KINDS = {
    "module_conv": CONVOLUTION, "module_fully_connected": DENSE, "module_softmax": DENSE, "module_flatten": FLATTEN,
    "module_max_pool": MAX_POOL,
}  # fmt: skip
_MOST_NEURONS = 2**26
_PER_MODULE = (
    "kind", "threshold", "subtract", "rest", "pause", "fires", "softmax", "delay", "nx", "ny", "lowest_x", "highest_x",
    "lowest_y", "highest_y", "clocked", "cell_count",
)  # fmt: skip
_PER_PORT = ("node", "width", "height", "lay_x", "lay_y", "weights")


class _Columns:
    """The arrays of a circuit in the making."""

    def __init__(self) -> None:
        self.modules: list[dict[str, int]] = []
        self.pools: list[list[int]] = []
        self.ports: list[dict[str, int]] = []
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

    def module(self, pool: list[int] | None = None, **fields: int) -> None:
        """End a module, whose ports are there."""
        self.modules.append({**dict.fromkeys(_PER_MODULE, 0), "clocked": -1, **fields})
        self.pools.append(pool or [0] * 6)
        self.first_port.append(len(self.ports))


def join(files: Files) -> Circuit:
    """Return the circuit of ``files``; raise SimulationError where it would be too large."""
    nodes = {node: number for number, node in enumerate(files.sources)}
    columns = _Columns()
    for _ in files.sources:
        columns.neurons(0)
        columns.module(kind=SOURCE)
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


def _rule(module: Module) -> dict[str, int]:
    fields = module.parameters.header
    return {
        "threshold": fields["THplus"], "subtract": fields["Reset_to_reminder"], "rest": fields["MembReset"],
        "pause": max(1, fields["T_Refract"]), "delay": fields["delay_to_process"],
        "softmax": int(module.kind == "module_softmax"),
        "fires": int(fields["THplusInfo"] and module.kind != "module_softmax"),
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
        size = {"width": port.fields["Nx_kernel"], "height": port.fields["Ny_kernel"]}
        lay = {"lay_x": port.fields["Dx"], "lay_y": port.fields["Dy"]}
        kernel = port.kernel[::-1]  # rows are written from the largest y down
        columns.ports.append({"node": nodes[name], **size, **lay, "weights": columns.kernel(kernel)})
        if first + number == clocked:
            steps = _laid(kernel, lay["lay_x"], lay["lay_y"], nx, ny)
    x, y = np.meshgrid(np.arange(nx), np.arange(ny))
    out = [
        (place.reshape(-1) + output[f"{axis}shift_pre"]) // output[f"{axis}_subsmp"] + output[f"{axis}shift_pos"]
        for axis, place in (("x", x), ("y", y))
    ]
    box = {
        "lowest_x": max(0, output["crop_xmin"]), "highest_x": min(nx - 1, output["crop_xmax"]),
        "lowest_y": max(0, output["crop_ymin"]), "highest_y": min(ny - 1, output["crop_ymax"]),
    }  # fmt: skip
    inside = (x >= box["lowest_x"]) & (x <= box["highest_x"]) & (y >= box["lowest_y"]) & (y <= box["highest_y"])
    columns.neurons(nx * ny, (out[0], out[1]), None if steps is None else steps * inside.reshape(-1))
    columns.module(kind=CONVOLUTION, nx=nx, ny=ny, clocked=clocked, **box, **_rule(module))


def _laid(kernel: Integers, lay_x: int, lay_y: int, nx: int, ny: int) -> Integers:
    """Return what an event at (0, 0) adds to each neuron of an array, (neurons,)."""
    found = np.zeros((ny, nx), np.int64)
    height, width = kernel.shape
    rows = slice(max(0, lay_y), max(0, min(ny, lay_y + height)))
    cells = slice(max(0, lay_x), max(0, min(nx, lay_x + width)))
    found[rows, cells] = kernel[max(0, -lay_y) :, max(0, -lay_x) :][: found[rows, cells].shape[0], : found[rows, cells].shape[1]]
    return found.reshape(-1)


def _dense(columns: _Columns, module: Module, nodes: Mapping[str, int], ticking: bool) -> None:
    size = module.parameters.header["population_size"]
    clocked, first = _clocked(columns, module, ticking), len(columns.ports)
    steps = None
    for number, (name, port) in enumerate(zip(module.instance.inputs, module.parameters.ports, strict=True)):
        map_ = {"width": port.fields["Nx_array_pre"], "height": port.fields["Ny_array_pre"]}
        columns.ports.append({"node": nodes[name], **map_, "lay_x": 0, "lay_y": 0, "weights": columns.kernel(port.kernel)})
        if first + number == clocked:
            steps = port.kernel[0].astype(np.int64)
    columns.neurons(size, (np.arange(size), np.zeros(size, np.int64)), steps)
    box = {"highest_x": size - 1}
    columns.module(kind=DENSE, nx=size, ny=1, clocked=clocked, **box, **_rule(module))


def _flatten(columns: _Columns, module: Module, nodes: Mapping[str, int], ticking: bool) -> None:
    before = 0
    for name, port in zip(module.instance.inputs, module.parameters.ports, strict=True):
        width, height = port.fields["Nx_array"], port.fields["Ny_array"]
        columns.ports.append(
            {"node": nodes[name], "width": width, "height": height, "lay_x": 0, "lay_y": 0, "weights": before}
        )
        before += max(0, width) * max(0, height)
    columns.neurons(0)
    columns.module(kind=FLATTEN, delay=module.parameters.header["delay_to_process"])


def _max_pool(columns: _Columns, module: Module, nodes: Mapping[str, int], ticking: bool) -> None:
    fields = module.parameters.header
    size = {"width": fields["Nx_array"], "height": fields["Ny_array"]}
    for name in module.instance.inputs:
        columns.ports.append({"node": nodes[name], **size, "lay_x": 0, "lay_y": 0, "weights": 0})
    nx, ny = fields["Nx_out"], fields["Ny_out"]
    x, y = np.meshgrid(np.arange(nx), np.arange(ny))
    columns.neurons(nx * ny, (x.reshape(-1), y.reshape(-1)))
    pool = [fields[name] for name in ("Nx_pool", "Ny_pool", "x_stride", "y_stride", "x_pad", "y_pad")]
    columns.module(
        pool, kind=MAX_POOL, nx=nx, ny=ny, delay=fields["delay_to_process"], cell_count=size["width"] * size["height"]
    )


def _circuit(columns: _Columns, clock: Integers, last_tick: int) -> Circuit:
    modules = {name: np.array([row[name] for row in columns.modules], np.int64) for name in _PER_MODULE}
    ports = {name: np.array([row[name] for row in columns.ports], np.int64) for name in _PER_PORT}
    read: list[list[int]] = [[] for _ in columns.modules]
    for module, (begin, end) in enumerate(zip(columns.first_port, columns.first_port[1:], strict=False)):
        for node in {columns.ports[port]["node"] for port in range(begin, end) if port != modules["clocked"][module]}:
            read[node].append(module)
    counts = np.array([len(steps) for steps in columns.steps], np.int64)
    nothing: npt.NDArray[np.int32] = np.zeros(0, np.int32)
    cells = modules.pop("cell_count")
    return Circuit(
        **modules,
        **ports,
        first=_starts(counts),
        out_x=np.concatenate([x for x, _ in columns.out]).astype(np.int64),
        out_y=np.concatenate([y for _, y in columns.out]).astype(np.int64),
        step_of=np.concatenate(columns.steps).astype(np.int64),
        clock=np.ascontiguousarray(clock),
        first_port=np.array(columns.first_port, np.int64),
        weight=np.concatenate([*columns.weight, nothing]),
        first_reader=_starts(np.array([len(modules_) for modules_ in read], np.int64)),
        reader=np.array([module for modules_ in read for module in modules_], np.int64),
        pool=np.array(columns.pools, np.int64),
        cells=_starts(cells),
        last_tick=last_tick,
    )


def _starts(counts: Integers) -> Integers:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
