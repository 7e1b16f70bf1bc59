"""Networks of latched neurons, whose spikes switch lasting currents on: what the codes of first spikes share.

What flows from layer to layer is the *change* of the currents: +1 in the step of a spike, -1 where one is taken back,
and the sample itself in the first step. All operations but max-pools are linear, so a neuron that adds up the changes
it is given has its input current, and a max-pool that gives what its largest sum has grown by gives the change of the
largest current. An operation works only where something changes.

Constants do not change. The operations here have no biases; each layer of neurons is given what all biases before it
come to where no current flows, and max-pools start from there. While the gate of a layer is closed nothing flows into
it, so that the current after the opening is that sum and what has changed since.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, cast

import numpy as np
from snn import analog
from snn import layers as op
from snn.errors import SimulationError
from snn.network import Array, Layer, Network
from snn.neurons import Accumulate, FirstSpike, Neuron
from snn.simulating import Setup, Stimulus

from . import layout, placing
from .compiling import compiled
from .kernels import copy
from .parts import Largest, Moment, Part, State


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
    """

    arity: ClassVar[int | None] = None
    latched: ClassVar[bool] = True
    neuron: FirstSpike
    constant: Array
    open: bool


@dataclass(frozen=True, eq=False, kw_only=True)
class Gather(Neuron):
    """`snn.neurons.Accumulate` behind latched neurons; reads and fields as `Latch`."""

    arity: ClassVar[int | None] = None
    spiking: ClassVar[bool] = False
    constant: Array
    open: bool


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
    layers: list[Layer] = []
    for layer in network.layers:
        reaching = frozenset().union(*(sources[name] for name in layer.inputs))
        sources[layer.name] = frozenset({layer.name}) if _gives_current(layer) else reaching
        layers.append(_changes(layer, network, constants, reaching))
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


def _changes(layer: Layer, network: Network, constants: dict[str, Array], reaching: frozenset[str]) -> Layer:
    match layer:
        case FirstSpike() | Accumulate():
            (source,) = layer.inputs
            gated = [each.gated for each in (layer, *(network[name] for name in reaching)) if hasattr(each, "gated")]
            opened = network.input.name in reaching or not (gated[0] if gated else True)
            names = () if opened else tuple(sorted(reaching))
            fields: dict[str, Any] = {"name": layer.name, "inputs": (source, *names)}
            fields |= {"constant": constants[source], "open": opened}
            return Latch(**fields, neuron=layer) if isinstance(layer, FirstSpike) else Gather(**fields)
        case op.MaxPool():
            own = {entry.name: getattr(layer, entry.name) for entry in dataclasses.fields(layer)}
            return Peak(**own, initial=constants[layer.inputs[0]])
        case op.Dense() | op.Conv() | op.ConvTranspose():
            return dataclasses.replace(layer, bias=np.zeros_like(layer.bias))
        case op.Affine() | op.BatchNorm():
            return dataclasses.replace(layer, shift=np.zeros_like(layer.shift))
    return layer


@compiled(
    "void(float32[:, ::1], float32[::1], int64, float32, float32, boolean, float32[::1], float32[::1], float32[::1],"
    " float32[:, ::1], float32[:, ::1])"
)
def switch(
    change: Array,
    constant: Array,
    opening: int,
    dt: np.float32,
    threshold: np.float32,
    keeps: bool,
    current: Array,
    potential: Array,
    on: Array,
    out: Array,
    trace: Array,
) -> None:
    """Integrate twice, and give the change of what is on: V >= threshold or, where it ``keeps``, was so before."""
    for t in range(len(out)):
        now, events = change[t], out[t]
        step = dt if t >= opening else np.float32(0)
        for i in range(len(potential)):
            c = current[i] + now[i]
            v = potential[i] + step * (c + constant[i])
            before = on[i]
            after = np.float32(1) if v >= threshold or (keeps and before > 0) else np.float32(0)
            current[i] = c
            potential[i] = v
            on[i] = after
            events[i] = after - before
        if len(trace):
            copy(potential, trace[t])


@compiled("void(float32[:, ::1], float32[::1], int64, float32, float32[::1], float32[::1], float32[:, ::1])")
def gather(
    change: Array, constant: Array, opening: int, dt: np.float32, current: Array, potential: Array, out: Array
) -> None:
    """Integrate twice, and give the potential after each step."""
    for t in range(len(out)):
        now, result = change[t], out[t]
        step = dt if t >= opening else np.float32(0)
        for i in range(len(potential)):
            current[i] += now[i]
            potential[i] += step * (current[i] + constant[i])
            result[i] = potential[i]


KERNELS = (switch, gather)


@dataclass(frozen=True, eq=False)
class Gated(Part):
    """Neurons whose constant current, (elements,), flows from the step on in which the first of their input comes."""

    constant: Array
    dt: np.float32
    open: bool

    def rest(self) -> State:
        """Return the gate, the sum of all changes, the potential and, where there are spikes, what is on."""
        return np.full(1, self.open, np.float32), *(np.zeros(len(self.constant), np.float32) for _ in range(3))

    def opening(self, spikes: Sequence[Array], gate: Array, steps: int) -> int:
        """Return the step of this block from which the gate is open, ``steps`` if it stays shut; keep ``gate``."""
        if gate[0]:
            return 0
        comes = np.zeros(steps, bool)
        for block in spikes:
            comes |= block.any(axis=1)
        gate[0] = comes.any()
        return int(comes.argmax()) if gate[0] else steps


@dataclass(frozen=True, eq=False)
class Switch(Gated):
    """Neurons that are on from the threshold on, for good where they keep it, else as long as they are above."""

    threshold: np.float32
    keeps: bool

    def advance(self, inputs: Sequence[Array], out: Array, state: State, trace: Array, moment: Moment) -> None:
        gate, current, potential, on = state
        opening = self.opening(inputs[1:], gate, len(out))
        rule = self.constant, opening, self.dt, self.threshold, self.keeps
        switch(inputs[0], *rule, current, potential, on, out, trace)


class Gathering(Gated):
    """`Gather`."""

    def advance(self, inputs: Sequence[Array], out: Array, state: State, trace: Array, moment: Moment) -> None:
        gate, current, potential, _ = state
        gather(inputs[0], self.constant, self.opening(inputs[1:], gate, len(out)), self.dt, current, potential, out)
        if len(trace):
            trace[:] = out


@dataclass(frozen=True, eq=False)
class Summit(Largest):
    """`Peak`: a max-pool whose sums start at ``initial``, (elements of its input,)."""

    initial: Array
    top: Array

    def rest(self) -> State:
        return self.initial.copy(), self.top.copy()


def gated(layer: Latch | Gather, network: Network, setup: Setup) -> dict[str, Any]:
    """Return the fields of the `Gated` part of ``layer``."""
    constant = layout.inwards(layer.constant[None], network.shapes[layer.name])[0]
    return {"constant": constant, "dt": np.float32(setup.clock.dt_ms), "open": layer.open}


def place_switch(layer: Layer, network: Network, setup: Setup, *, keeps: bool) -> Part:
    """Return neurons that are switched on, or the outputs that gather what they give, as the engine runs them."""
    if isinstance(layer, Gather):
        return Gathering(**gated(layer, network, setup))
    if isinstance(layer, Latch):
        threshold = np.float32(layer.neuron.threshold)
        return Switch(**gated(layer, network, setup), threshold=threshold, keeps=keeps)
    message = f"the engines of latched neurons do not run {layer.kind}"
    raise TypeError(message)


@placing.place.register
def _(layer: Peak, network: Network, setup: Setup) -> Part:
    (shape,) = network.input_shapes(layer)
    plain = cast(Largest, placing.place.dispatch(op.MaxPool)(layer, network, setup))
    top = analog.apply.dispatch(op.MaxPool)(layer, layer.initial[None])
    return Summit(
        first=plain.first,
        source=plain.source,
        elements=math.prod(shape),
        channels=shape[0],
        initial=layout.inwards(layer.initial[None], shape)[0],
        top=layout.inwards(top, network.shapes[layer.name])[0],
    )
