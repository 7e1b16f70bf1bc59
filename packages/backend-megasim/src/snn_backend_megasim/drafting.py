"""A plan in the making: modules are added one by one, each behind what it reads."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from snn.network import Network, Shape

from . import names
from .files.parameters import RESET_PORT, Parameters
from .files.schematic import Instance, Schematic, Source
from .modules import flattening
from .plan import Cells, Place, Plan, Scheme, Unfit

_WITH_RESET = frozenset({"module_conv", "module_fully_connected", "module_max_pool"})
_LAST_TICK = 2147483646  # the ancestor's for batches: the events that are given say when it is over
_MOST_INTEGERS = 2**25  # in kernels: a few hundred megabytes of text


@dataclass(eq=False)
class Draft:
    """What of a plan is there."""

    network: Network
    scheme: Scheme
    labels: Mapping[str, str]
    ticks: int
    places: dict[str, Place] = field(default_factory=dict)
    cells: dict[str, Cells] = field(default_factory=dict)
    unsigned: str = ""
    _parameters: dict[str, Parameters] = field(default_factory=dict)
    _instances: list[Instance] = field(default_factory=list)
    _flat: dict[str, str] = field(default_factory=dict)
    _integers: int = 0

    def add(self, module: str, inputs: tuple[str, ...], label: str, node: str, parameters: Parameters) -> None:
        """Add a module of a layer with ``label``; its port for the reset is joined here."""
        if module in _WITH_RESET:
            module += RESET_PORT
        if module != "module_flatten":
            inputs = (*inputs, names.RESET)
        self._instances.append(Instance(module, inputs, node, f"{node}.prm", f"{label}.stt"))
        self._parameters[f"{node}.prm"] = parameters

    def flattened(self, source: str, label: str) -> str:
        """Return the one node that has all elements of ``source`` in a row; if it is to be made, it is ``label``."""
        place = self.places[source]
        if len(place.nodes) == 1 and place.height == 1:
            return place.nodes[0]
        if source not in self._flat:
            self._flat[source] = label
            made = flattening(len(place.nodes), (place.height, place.width), self.scheme.delay)
            self.add("module_flatten", place.nodes, label, label, made)
        return self._flat[source]

    def make_room(self, layer: str, integers: int) -> None:
        """Count the integers that the kernels of ``layer`` take; raise Unfit where there are too many."""
        self._integers += integers
        if self._integers > _MOST_INTEGERS:
            raise Unfit(
                layer,
                f"MegaSim's kernels would take {integers:,} integers for it, {self._integers:,} with the layers before "
                f"it; {_MOST_INTEGERS:,} is the most",
                "convolutions of stride 1 are kept as kernels, and pools whose windows do not overlap with "
                "--set convert.spiking_pools=true; all else is unrolled",
            )

    def plan(self) -> Plan:
        """Return the plan, with the sources that are read."""
        read = {name for instance in self._instances for name in instance.inputs}
        given = (*self.places[self.network.input.name].nodes, names.BIAS, names.START, names.DRAW, names.RESET)
        sources = tuple(Source(name, f"{name}.stim") for name in given if name in read)
        schematic = Schematic(sources, tuple(self._instances), _LAST_TICK)
        steps = self.scheme.clock.steps
        return Plan(schematic, self._parameters, self.places, self.cells, self.ticks, steps, self.unsigned)


def maps(shape: Shape) -> tuple[int, int, int]:
    """Return the maps of a shape, their height and their width; all in one row where they are no images."""
    if len(shape) == 3:
        return shape[0], shape[1], shape[2]
    if len(shape) == 2:
        return shape[0], 1, shape[1]
    return 1, 1, math.prod(shape)


def on_two_axes(values: Sequence[int], missing: int) -> tuple[int, int]:
    """Return sizes along one axis or two as those of height and width; the height may be ``missing``."""
    return (values[0], values[1]) if len(values) == 2 else (missing, values[0])
