"""Networks of latched neurons, whose spikes switch lasting currents on: what the codes of first spikes share.

What flows from layer to layer is the *change* of the currents: +1 in the step of a spike, -1 where one is taken back,
and the sample itself in the first step. All operations but max-pools are linear, so a neuron that adds up the changes
it is given has its input current, and a max-pool that gives what its largest sum has grown by gives the change of the
largest current. An operation works only where something changes.

The operations here have no biases; each layer of neurons is given what all biases before it come to where no current
flows, and adds the share of it that has risen. Max-pools start from what the biases before them come to, and behind
those nothing rises. While the gate of a layer is closed nothing flows into it, so that the current after the opening is
that sum and what has changed since.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from snn import analog
from snn import layers as op
from snn.errors import SimulationError
from snn.network import Array, Layer, Network
from snn.neurons import Accumulate, FirstSpike, Neuron
from snn.simulating import Stimulus


@dataclass(frozen=True, eq=False, kw_only=True)
class Latch(Neuron):
    """Neurons of a code, which read their current, (changes,), and after it the spikes that open their gate.

    Attributes
    ----------
    neuron : FirstSpike
    constant : ndarray, (*shape)
        What biases give where no current flows.
    open : bool
        Whether the gate is open from the start; then no spikes are read.
    rise_ms : float
        How long ``constant`` rises to its value; 0: it is there at once.
    """

    arity: ClassVar[int | None] = None
    latched: ClassVar[bool] = True
    neuron: FirstSpike
    constant: Array
    open: bool
    rise_ms: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Gather(Neuron):
    """`snn.neurons.Accumulate` behind latched neurons; reads and fields as `Latch`."""

    arity: ClassVar[int | None] = None
    spiking: ClassVar[bool] = False
    constant: Array
    open: bool
    rise_ms: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Peak(op.MaxPool):
    """A max-pool of currents that are ``initial``, (*shape of its input), where no spike has come."""

    initial: Array


@dataclass(frozen=True, eq=False)
class Onset(Stimulus):
    """A constant input as a change: all of it in the first step, per millisecond, and nothing after."""

    kind: ClassVar[Literal["current", "spikes"]] = "current"

    @property
    def constant(self) -> bool:
        return False

    def steps(self, start: int, stop: int) -> Array:
        change = np.zeros((stop - start, *self.samples.shape), np.float32)
        if not start:
            change[0] = self.samples
        return change


def enter(stimulus: Stimulus) -> Onset:
    """Return ``stimulus`` as these engines have it."""
    if not stimulus.constant:
        raise SimulationError("neurons of a time-to-first-spike code take no spikes as input", hint="give a current")
    current = stimulus.steps(0, 1)[0] / np.float32(stimulus.clock.dt_ms)
    return Onset(current, stimulus.numbers, stimulus.clock)


def rewrite(network: Network) -> Network:
    """Return ``network`` in changes of currents, with the names of its layers."""
    constants = _constants(network)
    sources: dict[str, frozenset[str]] = {}  # the neurons, or the input, whose currents reach a layer's output
    still: set[str] = set()  # layers in whose output biases cannot rise: those behind a max-pool that has them
    layers: list[Layer] = []
    for layer in network.layers:
        reaching = frozenset().union(*(sources[name] for name in layer.inputs))
        sources[layer.name] = frozenset({layer.name}) if _gives_current(layer) else reaching
        changed = _changes(layer, network, constants, reaching, rises=still.isdisjoint(layer.inputs))
        pooled = isinstance(changed, Peak) and changed.initial.any()
        if not _gives_current(layer) and (pooled or not still.isdisjoint(layer.inputs)):
            still.add(layer.name)
        layers.append(changed)
    return network.replace(layers)


def _gives_current(layer: Layer) -> bool:
    return isinstance(layer, (op.Input, Neuron))


def _constants(network: Network) -> dict[str, Array]:
    """Return what each layer gives where no current flows, (*shape)."""
    found: dict[str, Array] = {}
    for layer in network.layers:
        if _gives_current(layer):
            found[layer.name] = np.zeros(network.shapes[layer.name], np.float32)
        else:
            found[layer.name] = analog.apply(layer, *(found[name][None] for name in layer.inputs))[0]
    return found


def _changes(
    layer: Layer, network: Network, constants: dict[str, Array], reaching: frozenset[str], *, rises: bool
) -> Layer:
    match layer:
        case FirstSpike() | Accumulate():
            (source,) = layer.inputs
            neurons = (layer, *(network[name] for name in sorted(reaching)))
            own = [each for each in neurons if isinstance(each, FirstSpike)]
            entering = network.input.name in reaching
            opened = entering or bool(own and not own[0].gated)
            names = () if opened else tuple(sorted(reaching))
            fields: dict[str, Any] = {"name": layer.name, "inputs": (source, *names), "constant": constants[source]}
            fields |= {"open": opened, "rise_ms": own[0].bias_rise_ms if own and rises and not entering else 0.0}
            return Latch(**fields, neuron=layer) if isinstance(layer, FirstSpike) else Gather(**fields)
        case op.MaxPool():
            same = {entry.name: getattr(layer, entry.name) for entry in dataclasses.fields(layer)}
            return Peak(**same, initial=constants[layer.inputs[0]])
        case op.Dense() | op.Conv() | op.ConvTranspose():
            return dataclasses.replace(layer, bias=np.zeros_like(layer.bias))
        case op.Affine() | op.BatchNorm():
            return dataclasses.replace(layer, shift=np.zeros_like(layer.shift))
    return layer
