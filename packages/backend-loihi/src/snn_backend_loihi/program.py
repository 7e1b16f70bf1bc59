"""A fitted network as Loihi's integers: compartments and synapses, worked out with core alone.

Everything of a layer of neurons counts in units of ``2^-unit``: its weights, biases, threshold and potentials. A
converted neuron is a compartment whose current forgets at once and whose voltage does not leak.

It fires when its potential is *at or above* the threshold, Loihi's when it is *above*. All that a voltage can be is a
multiple of one unit, so a threshold that is one unit lower makes the two the same.

A synapse takes a step. A layer at depth d answers the input of step t in step t + d, and its biases begin in step d.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from snn.clock import Clock
from snn.connections import Connection, connections, depths
from snn.currents import per_sample, reached
from snn.errors import ConversionWarning, UnsupportedLayer
from snn.network import Array, Network
from snn.neurons import IntegrateFire, Neuron
from snn.response_neurons import CurrentBased
from snn.simulating import Kind

from . import chip, trained
from .chip import Integers
from .scales import most_units

_AGAIN = "convert the model again with --backend loihi, which makes its numbers Loihi's"
_OFF = 1e-3  # of a threshold, by which biases may be off without a word
_ROOM = 8.0  # times what an input of ones brings, where only the input is added up
_NONE = 1000  # as a power of two, more than any number here has


@dataclass(frozen=True, eq=False)
class Compartments:
    """A layer of neurons on the chip.

    Attributes
    ----------
    name : str
    size, depth : int
    unit : int
        A voltage, in units of ``2^6``, stands for ``2^-unit`` of the network's potential.
    threshold : int
        Its mantissa.
    current_decay, voltage_decay : int
    pause : int
        For how many steps after a spike its voltage stays at zero.
    bias_mantissa, bias_exponent : ndarray of int, (size,)
    initial : ndarray of int, (size,)
        The voltage at rest.
    reset : str
        ``zero``, as on hardware, or ``subtract``.
    spiking : bool
        Else it is there to be read out, with the highest threshold there is.
    driven : bool
        Whether the samples reach it as a current, in its biases.
    """

    name: str
    size: int
    depth: int
    unit: int
    threshold: int
    current_decay: int
    voltage_decay: int
    pause: int
    bias_mantissa: Integers
    bias_exponent: Integers
    initial: Integers
    reset: str
    spiking: bool
    driven: bool

    @property
    def least_exponent(self) -> int:
        """The least exponent of a bias: neurons that fire are given whole units."""
        return chip.SHIFT if self.spiking else 0

    def value(self, voltage: npt.NDArray[np.integer]) -> Array:
        """Return voltages as potentials of the network."""
        return np.ldexp(voltage.astype(np.float64), -self.unit - chip.SHIFT).astype(np.float32)

    def biases(self, current: Array) -> tuple[Integers, Integers, int]:
        """Return mantissas and exponents, (rows, size) each, of what is given in a step; third is how many were cut."""
        raw = np.ldexp(np.asarray(current, np.float64), self.unit + chip.SHIFT)
        mantissa, exponent = chip.bias(raw, self.least_exponent)
        return mantissa, exponent, int((np.abs(raw) > chip.BIAS << chip.MOST_EXPONENT).sum())


@dataclass(frozen=True, eq=False)
class Synapses:
    """The synapses from one layer, or the input, to another.

    Attributes
    ----------
    source, target : str
    pre, post : ndarray of int, (synapses,)
    mantissa : ndarray of int, (synapses,)
    exponent : int
    """

    source: str
    target: str
    pre: Integers
    post: Integers
    mantissa: Integers
    exponent: int


@dataclass(frozen=True, eq=False)
class Program:
    """A network in Loihi's integers.

    Attributes
    ----------
    compartments : mapping of layer name to Compartments
    synapses : tuple of Synapses
    entry : str
        The input, where it is spikes; else empty.
    inputs : int
        How many elements it has, those without a synapse included.
    """

    compartments: Mapping[str, Compartments]
    synapses: tuple[Synapses, ...]
    entry: str
    inputs: int

    @property
    def depth(self) -> int:
        """How many steps the deepest layer is behind."""
        return max(group.depth for group in self.compartments.values())


def program(network: Network, clock: Clock, kind: Kind) -> Program:
    """Return ``network`` in Loihi's integers.

    With ``kind`` ``spikes``, the input is spikes where all that it passes are synapses of eight bits; else what it
    brings is worked out beforehand and given as biases.

    Raises
    ------
    UnsupportedLayer
        Numbers are not Loihi's: the network is not fitted to it, or to other steps.
    """
    entry = kind == "spikes" and _enters_by_synapses(network)
    ways = connections(network, entry=entry)
    deep = depths(network, ways)
    given = per_sample(network, np.zeros((1, *network.shapes[network.input.name]), np.float32), clock.dt_ms)
    current = frozenset() if entry else reached(network)
    groups: dict[str, Compartments] = {}
    synapses: list[Synapses] = []
    for layer in network.layers:
        if not isinstance(layer, Neuron):
            continue
        own = [way for way in ways if way.target == layer.name]
        group = _compartments(network, layer, own, given[layer.name][0], clock, driven=layer.name in current)
        groups[layer.name] = replace(group, depth=deep[layer.name])
        synapses += [_synapses(way, group.unit) for way in own]
    inputs = math.prod(network.shapes[network.input.name])
    return Program(groups, tuple(synapses), network.input.name if entry else "", inputs if entry else 0)


def _enters_by_synapses(network: Network) -> bool:
    """Return whether all that the input passes before the first neurons are synapses of eight bits."""
    ways = [way for way in connections(network, entry=True) if way.source == network.input.name]
    if not all(isinstance(network[way.target], Neuron) for way in ways):
        return False  # a max-pool stands between
    return all(np.abs(way.weight * 2.0 ** _finest(way)).max() <= chip.largest(way.weight) for way in ways)


def _finest(way: Connection) -> int:
    """Return the least unit in which the weights of ``way`` are mantissas with an exponent of 0."""
    return chip.fineness(way.weight) + chip.step(way.weight) - 1


def _compartments(
    network: Network, layer: Neuron, ways: Sequence[Connection], bias: Array, clock: Clock, *, driven: bool
) -> Compartments:
    """Return the compartments of ``layer``, at depth 0."""
    size = math.prod(network.shapes[layer.name])
    if isinstance(layer, CurrentBased):
        trained.check(layer, ways, bias, driven=driven)
        return _own(layer, size)
    spikes = layer if isinstance(layer, IntegrateFire) else None
    initial = np.broadcast_to(spikes.initial, network.shapes[layer.name]).ravel() if spikes else np.zeros(size)
    unit = _unit(network, layer, ways, bias, np.asarray(initial, np.float64), clock, driven=driven)
    group = Compartments(
        name=layer.name,
        size=size,
        depth=0,
        unit=unit,
        threshold=round(math.ldexp(spikes.threshold, unit)) - 1 if spikes else chip.UNITS,
        current_decay=chip.FORGETS,
        voltage_decay=0,
        pause=0,
        bias_mantissa=np.zeros(size, np.int64),
        bias_exponent=np.zeros(size, np.int64),
        initial=(np.rint(np.ldexp(np.asarray(initial, np.float64), unit)) * 2**chip.SHIFT).astype(np.int64),
        reset="subtract" if spikes and spikes.reset == "subtract" else "zero",
        spiking=spikes is not None,
        driven=driven,
    )
    if driven:
        return group
    mantissa, exponent, cut = group.biases(bias)
    scale = spikes.threshold if spikes else max(1.0, float(np.abs(bias).max(initial=0)))
    off = float(np.abs(group.value(mantissa << exponent) - bias).max(initial=0)) / scale
    if off > _OFF or cut:
        warnings.warn(
            f"layer {layer.name!r}: in steps of {clock.dt_ms:g} ms its biases are off by up to {off:.2g} thresholds, "
            "for they were fitted to others; " + _AGAIN,
            ConversionWarning,
            stacklevel=2,
        )
    return replace(group, bias_mantissa=mantissa, bias_exponent=exponent)


def _own(layer: CurrentBased, size: int) -> Compartments:
    """Return the compartments of Loihi's own neurons, at depth 0."""
    nothing = np.zeros(size, np.int64)
    return Compartments(
        name=layer.name,
        size=size,
        depth=0,
        unit=-chip.SHIFT,
        threshold=int(layer.threshold) >> chip.SHIFT,
        current_decay=round(layer.current_decay * 4096) - 1,
        voltage_decay=round(layer.voltage_decay * 4096),
        pause=layer.refractory_steps - 1,
        bias_mantissa=nothing,
        bias_exponent=nothing,
        initial=nothing,
        reset="zero",
        spiking=True,
        driven=False,
    )


def _unit(
    network: Network,
    layer: Neuron,
    ways: Sequence[Connection],
    bias: Array,
    initial: npt.NDArray[np.float64],
    clock: Clock,
    *,
    driven: bool,
) -> int:
    """Return the unit of ``layer``: as coarse as its numbers allow, which leaves most room; a current needs more."""
    threshold = layer.threshold if isinstance(layer, IntegrateFire) else 0.0
    needed = [_finest(way) for way in ways]
    most = [_most(way) for way in ways]
    if threshold:
        needed.append(chip.fineness(np.array([threshold])))
        most.append(math.floor(math.log2((chip.UNITS + 1) / threshold)))
    if total := largest_sum(ways, len(initial)):
        most.append(math.floor(math.log2(chip.UNITS / total)))
    if not threshold and driven:
        most.append(_room(network, layer, clock))
    finest = min(most, default=0)
    if max(needed, default=finest) > finest:
        raise UnsupportedLayer(f"layer {layer.name!r}: {_fault(ways, threshold)}", hint=_AGAIN)
    wanted = max([*needed, chip.fineness(bias.astype(np.float64)), chip.fineness(initial)])
    if driven and threshold:
        wanted = max(wanted, math.floor(math.log2(most_units(driven=True, spikes=bool(ways)) / threshold)))
    elif driven:
        wanted = finest
    return min(wanted, finest) if needed or wanted > -_NONE else 0


def _most(way: Connection) -> int:
    """Return the finest unit in which eight bits and an exponent hold the weights of ``way``, if one does."""
    mantissa, largest = float(np.abs(way.weight).max()) * 2.0 ** _finest(way), chip.largest(way.weight)
    if mantissa > largest:
        return -_NONE
    return _finest(way) + chip.MOST_EXPONENT + math.floor(math.log2(largest / mantissa))


def largest_sum(ways: Sequence[Connection], size: int) -> float:
    """Return the largest sum of weights of one sign that a neuron can be given in a step."""
    if not ways:
        return 0.0
    post = np.concatenate([way.post for way in ways])
    weight = np.concatenate([way.weight for way in ways]).astype(np.float64)
    return max(
        float(np.bincount(post, weights=np.maximum(sign * weight, 0), minlength=size).max()) for sign in (1.0, -1.0)
    )


def _room(network: Network, layer: Neuron, clock: Clock) -> int:
    """Return the finest unit in which a current that is only added up has room, for inputs around 0 and 1.

    What an input of ones and one of zeros bring is the measure; there is room for several times as much.
    """
    shape = network.shapes[network.input.name]
    corners = np.stack([np.zeros(shape, np.float32), np.ones(shape, np.float32)])
    found = per_sample(network, corners, clock.dt_ms)[layer.name]
    largest = _ROOM * max(float(np.abs(found).max()), 1e-6)
    most = min(chip.UNITS / clock.steps, 2 * chip.BIAS)
    return math.floor(math.log2(most / largest))


def _fault(ways: Sequence[Connection], threshold: float) -> str:
    """Return what keeps numbers from being Loihi's."""
    for way in ways:
        if np.abs(way.weight * 2.0 ** _finest(way)).max() > chip.largest(way.weight):
            return f"its weights from {way.source!r} are not of eight bits"
    if threshold and chip.fineness(np.array([threshold])) > math.log2((chip.UNITS + 1) / threshold):
        return f"its threshold, {threshold:g}, is not of 17 bits"
    return "no unit holds its weights, threshold and the sums of its weights"


def _synapses(way: Connection, unit: int) -> Synapses:
    exponent = min(unit - _finest(way), chip.MOST_EXPONENT)
    mantissa = np.rint(np.ldexp(way.weight.astype(np.float64), unit - exponent)).astype(np.int64)
    return Synapses(way.source, way.target, way.pre, way.post, mantissa, exponent)
