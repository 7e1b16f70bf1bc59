"""Make groups, synapses and monitors of a network; nothing here depends on samples.

Everything has a name that depends on its place only: names are in the code that Brian2 generates, and what it compiles
is found again for the same code only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from time import perf_counter

import numpy as np
from snn import layers as op
from snn.connections import Connection, is_node
from snn.network import Network
from snn.neurons import Accumulate, IntegrateFire
from snn.progress import Progress
from snn.simulating import Setup

from .brian import b2
from .equations import model

_SLOT = "thresholds"  # of Brian2's schedule, in which all groups are gone through, one after the other
_INTEGRATE, _THRESHOLD, _SYNAPSES, _ORDERS = range(4)


@dataclass(frozen=True, eq=False)
class Built:
    """A network in Brian2.

    Attributes
    ----------
    brian : brian2.Network
        At rest.
    clock : brian2.Clock
    entry : str or None
        The input, where it is a group of spikes.
    given : dict of name to dict
        What the statements of each group name: ``current``, and of the input ``entry``, are to be set.
    spikes : dict of name to brian2.SpikeMonitor
        Of all neurons.
    potentials : dict of name to brian2.StateMonitor
        Those asked for, and that of an output which does not spike.
    synapses : int
    seconds : float
        How long it took.
    """

    brian: b2.Network
    clock: b2.Clock
    entry: str | None
    given: dict[str, dict[str, object]]
    spikes: dict[str, b2.SpikeMonitor]
    potentials: dict[str, b2.StateMonitor]
    synapses: int
    seconds: float


def build(network: Network, setup: Setup, ways: Sequence[Connection], *, entry: bool) -> Built:
    """Return ``network`` in Brian2; with ``entry`` its input is a group of spikes, else there are only currents.

    ``ways`` are its connections, with or without the input.
    """
    started = perf_counter()
    clock = b2.Clock(dt=setup.clock.dt_ms * b2.ms, name="steps")
    given: dict[str, dict[str, object]] = {}
    taken = {name for way in ways for name in (way.source, way.target)}
    nodes = [layer.name for layer in network.layers if is_node(layer)]
    nodes = [name for name in nodes if name in taken or isinstance(network[name], (IntegrateFire, Accumulate))]
    groups, synapses = {}, []
    for place, name in enumerate(nodes):
        given[name] = {"presentation": setup.clock.steps, "inf": np.inf}
        groups[name] = _group(network, setup, name, place, given[name], clock)
    for number, way in enumerate(ways, 1):
        place = nodes.index(way.source)
        made = _synapses(network, way, groups[way.source], groups[way.target], f"synapses{number}", clock)
        made.pre.when, made.pre.order = _SLOT, _ORDERS * place + _SYNAPSES
        synapses.append(made)
        setup.tell(Progress("build", number, len(ways)))
    firing = [name for name in groups if isinstance(network[name], IntegrateFire)]
    spikes = {name: b2.SpikeMonitor(groups[name], when="end", name=f"{groups[name].name}_spikes") for name in firing}
    last = network.output.name
    wanted = setup.record.potentials | ({last} - set(firing))
    kept = [name for name in groups if name in wanted]
    potentials = {
        name: b2.StateMonitor(
            groups[name], "v", record=True, when="end", clock=clock, name=f"{groups[name].name}_potentials"
        )
        for name in kept
    }
    brian = b2.Network(*groups.values(), *synapses, *spikes.values(), *potentials.values())
    number = sum(len(way.pre) for way in ways)
    first = network.input.name if entry and network.input.name in groups else None
    return Built(brian, clock, first, given, spikes, potentials, number, perf_counter() - started)


def _group(
    network: Network, setup: Setup, name: str, place: int, given: dict[str, object], clock: b2.Clock
) -> b2.NeuronGroup:
    """Return the group of a node, the ``place``-th in the order in which they are gone through."""
    layer = network[name]
    parts = model(layer, setup.clock)
    group = b2.NeuronGroup(
        prod(network.shapes[name]),
        parts.variables,
        threshold=parts.threshold or None,
        reset=parts.reset if parts.threshold else None,
        namespace=given,
        clock=clock,
        name=f"group{place}",
    )
    if isinstance(layer, IntegrateFire):
        group.initial = np.broadcast_to(layer.initial, network.shapes[name]).ravel()
    if parts.rest:
        group.run_regularly(parts.rest, clock=clock, when="start", name=f"group{place}_rest")
    if parts.integrate:
        order = _ORDERS * place + _INTEGRATE
        group.run_regularly(parts.integrate, clock=clock, when=_SLOT, order=order, name=f"group{place}_integrate")
    if parts.threshold:
        thresholder = group.thresholder["spike"]
        thresholder.when, thresholder.order = _SLOT, _ORDERS * place + _THRESHOLD
    return group


def _synapses(
    network: Network, way: Connection, source: b2.NeuronGroup, target: b2.NeuronGroup, name: str, clock: b2.Clock
) -> b2.Synapses:
    """Return the synapses from one group to a later one, made from arrays."""
    if isinstance(network[way.target], op.MaxPool):
        made = b2.Synapses(source, target, on_pre="hits_post += int(spikes_pre >= spikes_post)", clock=clock, name=name)
        made.connect(i=way.pre, j=way.post)
    else:
        entered = isinstance(network[way.source], op.Input)
        brings = "z_post += weight * height_pre" if entered else "z_post += weight"
        made = b2.Synapses(source, target, "weight : 1 (constant)", on_pre=brings, clock=clock, name=name)
        made.connect(i=way.pre, j=way.post)
        made.weight = way.weight.astype(np.float64)
    return made
