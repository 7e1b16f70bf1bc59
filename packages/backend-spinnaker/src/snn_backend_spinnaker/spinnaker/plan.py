"""What is going to be on the chips, as arrays: populations, projections, delays; made with core alone.

Layers of neurons are populations of `IF_trunc_delta`, the one neuron that sPyNNaker ships without a leak. Of it is
known, for every step::

    V += exc - inh + I;   V = max(V, V_reset);   if V >= threshold: spike, V = V_reset

It never goes below the potential that it is reset to, and potentials of converted networks do. So `V_reset` is put a
*floor* below zero, and each neuron has a synapse to itself that lifts it by as much in the next step in which it
listens: together a reset to zero.

A synapse takes a step at least. A layer at depth d answers the input of step t in step t + d, so a projection takes as
many steps as its target is deeper than its source, and the biases of deeper layers come as spikes of a *clock*, a
neuron that fires in every step, from step d on.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from snn.clock import Clock
from snn.connections import Connection, connections, depths
from snn.currents import per_sample, reached
from snn.network import Network
from snn.neurons import IntegrateFire, Neuron

from .fixed_point import Numbers, Scale, scale

CLOCK = "(clock)"
"""The source that fires in every step; no layer is called so."""

Indices = npt.NDArray[np.int64]
RECEPTORS = ("excitatory", "inhibitory")


@dataclass(frozen=True, eq=False)
class Population:
    """A layer of neurons on the chips, in their units.

    Attributes
    ----------
    name : str
    size : int
    depth : int
    scale : Scale
    threshold, reset : float
    initial : ndarray, (size,)
    pause : int
        Steps after a spike until it may fire again, 1 or more.
    floor : float
        What a neuron's synapse to itself lifts it by; 0 where there is none.
    spiking : bool
    driven : bool
        Whether it is given a current: that of the sample, or biases where no spike comes before.
    """

    name: str
    size: int
    depth: int
    scale: Scale
    threshold: float
    reset: float
    initial: Numbers
    pause: int
    floor: float
    spiking: bool
    driven: bool


@dataclass(frozen=True, eq=False)
class Projection:
    """Synapses of one sign from one population, or source of spikes, to another.

    Attributes
    ----------
    source, target : str
    receptor : ``excitatory`` or ``inhibitory``
    pre, post : ndarray of int, (synapses,)
    weight : ndarray, (synapses,)
        As the chip has it, in its units, above 0.
    delay : int
        In steps.
    lost : float
        How far the weights are from those of the network, as a share of their sum.
    """

    source: str
    target: str
    receptor: str
    pre: Indices
    post: Indices
    weight: Numbers
    delay: int
    lost: float


@dataclass(frozen=True, eq=False)
class Plan:
    """A network on the chips.

    Attributes
    ----------
    populations : mapping of layer name to Population
    projections : tuple of Projection
        Some may have no synapses, or lost them all.
    sources : mapping of name to int
        The sizes of what fires at given times: the input where it is given spikes, and the clock.
    steps : int
        How many are run for a sample: those of the stimulus, one for each step that the deepest layer is behind, and
        one more, for potentials are recorded before each step.
    """

    populations: Mapping[str, Population]
    projections: tuple[Projection, ...]
    sources: Mapping[str, int]
    steps: int

    @property
    def synapses(self) -> int:
        """The number of synapses."""
        return sum(len(projection.pre) for projection in self.projections)

    def into(self, name: str) -> Iterator[Projection]:
        """Yield the projections to a population."""
        yield from (projection for projection in self.projections if projection.target == name)


def plan(network: Network, clock: Clock, *, entry: bool, height: float, floor: float, headroom: float) -> Plan:
    """Return what is going to be on the chips.

    Parameters
    ----------
    network : Network
    clock : Clock
    entry : bool
        Whether the input is spikes; else it is a current.
    height : float
        Of the spikes of the input.
    floor : float
        How far below zero potentials may go, in thresholds.
    headroom : float
        The share of the largest sum of weights that ring buffers hold.
    """
    ways = connections(network, entry=entry)
    deep = depths(network, ways)
    biases = per_sample(network, np.zeros((1, *network.shapes[network.input.name]), np.float32), clock.dt_ms)
    current = frozenset() if entry else reached(network)
    populations, projections = {}, []
    for layer in network.layers:
        if not isinstance(layer, Neuron):
            continue
        driven = layer.name in current or not deep[layer.name]
        bundles = [_scaled(way, network, height) for way in ways if way.target == layer.name]
        if not driven and biases[layer.name].any():
            bundles.append(_clocked(layer.name, biases[layer.name][0]))
        made, own = _population(layer, network, bundles, clock, (deep[layer.name], driven, floor, headroom))
        populations[layer.name] = made
        for bundle in bundles:
            delay = made.depth - deep.get(bundle.source, 0)
            projections += [_part(bundle, made, receptor, delay) for receptor in RECEPTORS]
        projections += own
    last = max(population.depth for population in populations.values())
    sources = {network.input.name: math.prod(network.shapes[network.input.name])} if entry else {}
    if any(projection.source == CLOCK and len(projection.pre) for projection in projections):
        sources[CLOCK] = 1
    return Plan(populations, tuple(projections), sources, clock.steps + last + 1)


def _scaled(way: Connection, network: Network, height: float) -> Connection:
    if way.source != network.input.name or height == 1:
        return way
    return Connection(way.source, way.target, way.pre, way.post, way.weight * np.float32(height))


def _clocked(target: str, bias: npt.NDArray[np.float32]) -> Connection:
    """Return the synapses of the clock, which give each neuron its bias in every step."""
    (post,) = np.nonzero(bias)
    return Connection(CLOCK, target, np.zeros(len(post), np.int64), post, bias[post])


def _population(
    layer: Neuron,
    network: Network,
    bundles: list[Connection],
    clock: Clock,
    way: tuple[int, bool, float, float],
) -> tuple[Population, list[Projection]]:
    """Return the population of ``layer``, and the synapses of its neurons to themselves, where there are any."""
    depth, driven, floor, headroom = way
    size = math.prod(network.shapes[layer.name])
    fires = isinstance(layer, IntegrateFire)
    below = floor * layer.threshold if isinstance(layer, IntegrateFire) else 0.0
    sums, largest, fan_in = _sums(bundles, size)
    bounds = [max(headroom * total, single) for total, single in zip(sums, largest, strict=True)]
    threshold = layer.threshold if isinstance(layer, IntegrateFire) else None
    scaled = scale(bounds[0] + below, bounds[1], fan_in + 1, threshold, clock.steps + depth)
    lift = float(scaled.weights(np.array(below), "excitatory"))
    pause = max(1, math.ceil(round(layer.refractory_ms / clock.dt_ms, 6))) if isinstance(layer, IntegrateFire) else 1
    initial = np.broadcast_to(layer.initial, network.shapes[layer.name]) if isinstance(layer, IntegrateFire) else None
    made = Population(
        name=layer.name,
        size=size,
        depth=depth,
        scale=scaled,
        threshold=float(scaled.value(np.array(threshold))) if threshold is not None else 2.0**16 - 1,
        reset=-lift if fires else -(2.0**16 - 1),
        initial=np.zeros(size) if initial is None else scaled.value(initial.ravel().astype(np.float64)),
        pause=pause,
        floor=lift,
        spiking=fires,
        driven=driven,
    )
    if not lift:
        return made, []
    every = np.arange(size)
    return made, [Projection(layer.name, layer.name, "excitatory", every, every, np.full(size, lift), pause, 0.0)]


def _sums(bundles: list[Connection], size: int) -> tuple[list[float], list[float], int]:
    """Return, for each receptor, the largest sum of weights that a neuron can be given and the largest weight.

    Third is the largest number of synapses of a neuron.
    """
    totals, largest, counts = np.zeros((2, size)), [0.0, 0.0], np.zeros(size, np.int64)
    for bundle in bundles:
        weight = bundle.weight.astype(np.float64)
        counts += np.bincount(bundle.post, minlength=size)
        for place, sign in enumerate((1, -1)):
            positive = np.maximum(sign * weight, 0)
            totals[place] += np.bincount(bundle.post, weights=positive, minlength=size)
            largest[place] = max(largest[place], float(positive.max(initial=0)))
    return [float(total.max(initial=0)) for total in totals], largest, int(counts.max(initial=0))


def _part(bundle: Connection, target: Population, receptor: str, delay: int) -> Projection:
    """Return the synapses of ``bundle`` that have the sign of ``receptor``, without those that become 0."""
    weight = bundle.weight.astype(np.float64) * (1 if receptor == "excitatory" else -1)
    own = weight > 0
    pre, post, weight = bundle.pre[own], bundle.post[own], weight[own]
    rounded = target.scale.weights(weight, receptor)
    off = np.abs(rounded / target.scale.factor - weight).sum()
    kept = rounded > 0
    lost = float(off / weight.sum()) if len(weight) else 0.0
    return Projection(bundle.source, target.name, receptor, pre[kept], post[kept], rounded[kept], delay, lost)
