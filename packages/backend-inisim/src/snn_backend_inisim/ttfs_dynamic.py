"""The engine of the code ttfs_dynamic: neurons that fire once, and wait for what is still to come.

Beside the changes of currents flow the changes of what is expected, through copies of the operations with absolute
weights: each layer of neurons that another follows has a layer `Expect`, which says who of them will still fire.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from snn import layers as op
from snn.network import Array, Layer, Network
from snn.neurons import DynamicFirstSpike
from snn.simulating import Setup

from . import latched, latching, placing
from .compiling import compiled
from .kernels import copy
from .latched import Gated
from .latching import Latch
from .parts import Moment, Part, State
from .stepping import StepEngine


@dataclass(frozen=True, eq=False, kw_only=True)
class Wait(Latch):
    """`Latch` that reads what it is to expect, after its current and before the spikes that open its gate."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Expect(Layer):
    """The changes of who of ``of`` will still fire; reads their current, their spikes and what opens their gate."""

    arity: ClassVar[int | None] = None
    of: Latch


@dataclass(frozen=True, eq=False, kw_only=True)
class Nothing(Layer):
    """Zeros in the shape of its input, of which nothing is expected."""


def rewrite(network: Network) -> Network:
    """Return ``network`` in changes of currents, and beside them the changes of what is expected."""
    return _Expectations(latching.rewrite(network)).network()


class _Expectations:
    """Puts a layer that carries expectations beside each layer that lies between two layers of neurons."""

    def __init__(self, network: Network) -> None:
        self.given = network
        self.wanted = self._wanted()
        self.beside: dict[str, str] = {}  # a layer, and the one that carries what is expected of it
        self.layers: list[Layer] = []

    def network(self) -> Network:
        """Return the network with all layers."""
        for layer in self.given.layers:
            if isinstance(layer, Latch):
                self._neurons(layer)
                continue
            self.layers.append(layer)
            if layer.name in self.wanted and any(name in self.beside for name in layer.inputs):
                self._operation(layer)
        return self.given.replace(self.layers)

    def _wanted(self) -> frozenset[str]:
        """Return the layers from which neurons are reached with no other neurons between."""
        wanted: set[str] = set()
        for layer in reversed(self.given.layers):
            readers = self.given.readers(layer.name)
            # Neurons read spikes too, after their current, for their gate.
            if any(isinstance(r, Latch) and r.inputs[0] == layer.name for r in readers) or any(
                r.name in wanted and not isinstance(r, (Latch, latching.Gather)) for r in readers
            ):
                wanted.add(layer.name)
        return frozenset(wanted)

    def _neurons(self, layer: Latch) -> None:
        current, *spikes = layer.inputs
        if current in self.beside:
            inputs = (current, self.beside[current], *spikes)
            fields = {entry.name: getattr(layer, entry.name) for entry in dataclasses.fields(layer)}
            self.layers.append(Wait(**{**fields, "inputs": inputs}))
        else:
            self.layers.append(layer)
        if layer.name in self.wanted:
            inputs = (current, layer.name, *spikes)
            self._put(layer, Expect(name=self._free(layer.name), inputs=inputs, of=layer))

    def _operation(self, layer: Layer) -> None:
        inputs = [self.beside.get(name) for name in layer.inputs]
        if isinstance(layer, op.Add):  # what nothing is expected of is left out
            kept = [position for position, name in enumerate(inputs) if name is not None]
            layer = dataclasses.replace(layer, factors=layer.factors[kept])
            inputs = [inputs[position] for position in kept]
        for position, name in enumerate(inputs):
            if name is None:
                zeros = Nothing(name=self._free(layer.inputs[position]), inputs=(layer.inputs[position],))
                self.layers.append(zeros)
                inputs[position] = zeros.name
        self._put(layer, _absolute(layer, self._free(layer.name), tuple(name for name in inputs if name)))

    def _put(self, layer: Layer, beside: Layer) -> None:
        self.layers.append(beside)
        self.beside[layer.name] = beside.name

    def _free(self, name: str) -> str:
        found = f"{name}/expected"
        while found in self.given or any(layer.name == found for layer in self.layers):
            found += "_"
        return found


def _absolute(layer: Layer, name: str, inputs: tuple[str, ...]) -> Layer:
    """Return the operation ``layer`` with absolute weights, under another name; it has no biases."""
    fields = {entry.name: getattr(layer, entry.name) for entry in dataclasses.fields(layer)}
    fields |= {"name": name, "inputs": inputs}
    for weights in fields.keys() & {"weight", "scale", "factors"}:
        fields[weights] = np.abs(fields[weights])
    if fields.pop("initial", None) is not None:  # a max-pool: currents may begin somewhere, expectations begin at 0
        return op.MaxPool(**fields)
    return type(layer)(**fields)


@compiled(
    "void(float32[:, ::1], float32[:, ::1], float32[::1], float32[::1], int64, float32, float32, float32, float32[::1],"
    " float32[::1], float32[::1], float32[::1], float32[:, ::1], float32[:, ::1])"
)
def wait(
    change: Array,
    lift: Array,
    constant: Array,
    share: Array,
    opening: int,
    dt: np.float32,
    threshold: np.float32,
    strength: np.float32,
    current: Array,
    potential: Array,
    on: Array,
    expected: Array,
    out: Array,
    trace: Array,
) -> None:
    """Integrate twice, and fire once where the threshold, raised by what is ``expected``, is reached."""
    for t in range(len(out)):
        now, more, events = change[t], lift[t], out[t]
        step = dt if t >= opening else np.float32(0)
        for i in range(len(potential)):
            c = current[i] + now[i]
            v = potential[i] + step * (c + share[t] * constant[i])
            e = expected[i] + more[i]
            before = on[i]
            after = np.float32(1) if v >= threshold + strength * e or before > 0 else np.float32(0)
            current[i] = c
            potential[i] = v
            expected[i] = e
            on[i] = after
            events[i] = after - before
        if len(trace):
            copy(potential, trace[t])


@compiled(
    "void(float32[:, ::1], float32[:, ::1], float32[::1], float32[::1], int64, float32, float32, boolean, int64,"
    " float32[::1], float32[::1], float32[::1], float32[::1], float32[:, ::1])"
)
def expect(
    change: Array,
    spikes: Array,
    constant: Array,
    share: Array,
    opening: int,
    dt: np.float32,
    threshold: np.float32,
    horizon: bool,
    left: int,
    current: Array,
    potential: Array,
    on: Array,
    expected: Array,
    out: Array,
) -> None:
    """Integrate as the neurons that fire ``spikes``, and give the change of who will still fire.

    ``left`` is the number of steps from the start of the block to the end of the sample.
    """
    for t in range(len(out)):
        now, fires, changes = change[t], spikes[t], out[t]
        is_open = t >= opening
        remaining = np.float32(left - t - 1) * dt
        for i in range(len(potential)):
            current[i] += now[i]
            drive = current[i] + share[t] * constant[i] if is_open else np.float32(0)
            potential[i] += dt * drive
            on[i] += fires[i]
            comes = on[i] == 0 and drive > 0 and (not horizon or potential[i] + drive * remaining >= threshold)
            before = expected[i]
            expected[i] = np.float32(1) if comes else np.float32(0)
            changes[i] = expected[i] - before


@dataclass(frozen=True, eq=False)
class Waiting(Gated):
    """`Wait`."""

    threshold: np.float32
    strength: np.float32

    def rest(self) -> State:
        return *super().rest(), np.zeros(len(self.constant), np.float32)

    def advance(self, inputs: Sequence[Array], out: Array, state: State, trace: Array, moment: Moment) -> None:
        gate, current, potential, on, expected = state
        opening = self.opening(inputs[2:], gate, len(out))
        rule = self.constant, self.share(moment), opening, self.dt, self.threshold, self.strength
        wait(inputs[0], inputs[1], *rule, current, potential, on, expected, out, trace)


@dataclass(frozen=True, eq=False)
class Expecting(Gated):
    """`Expect`, until step ``end``."""

    threshold: np.float32
    horizon: bool
    end: int

    def rest(self) -> State:
        return *super().rest(), np.zeros(len(self.constant), np.float32)

    def advance(self, inputs: Sequence[Array], out: Array, state: State, trace: Array, moment: Moment) -> None:
        gate, current, potential, on, expected = state
        opening = self.opening(inputs[2:], gate, len(out))
        rule = (
            self.constant,
            self.share(moment),
            opening,
            self.dt,
            self.threshold,
            self.horizon,
            self.end - moment.start,
        )
        expect(inputs[0], inputs[1], *rule, current, potential, on, expected, out)


class Silent(Part):
    """`Nothing`."""

    def advance(self, inputs: Sequence[Array], out: Array, state: State, trace: Array, moment: Moment) -> None:
        out.fill(0)


def place(layer: Layer, network: Network, setup: Setup) -> Part:
    """Return neurons, or the outputs that gather what they give, as the engine runs them."""
    if not isinstance(layer, Wait):
        return latched.place_switch(layer, network, setup, keeps=True)  # nothing is expected of the input
    threshold, strength = np.float32(layer.neuron.threshold), np.float32(_dynamic(layer).strength)
    return Waiting(**latched.gated(layer, network, setup), threshold=threshold, strength=strength)


def _dynamic(layer: Latch) -> DynamicFirstSpike:
    if isinstance(layer.neuron, DynamicFirstSpike):
        return layer.neuron
    message = f"the engine of ttfs_dynamic does not run {layer.neuron.kind}"
    raise TypeError(message)


@placing.place.register
def _(layer: Expect, network: Network, setup: Setup) -> Part:
    neurons = _dynamic(layer.of)
    return Expecting(
        **latched.gated(layer.of, network, setup),
        threshold=np.float32(neurons.threshold),
        horizon=neurons.horizon,
        end=setup.clock.steps,
    )


@placing.place.register
def _(layer: Nothing, network: Network, setup: Setup) -> Part:
    return Silent()


ENGINE = StepEngine("ttfs_dynamic", place, (*latched.KERNELS, wait, expect), rewrite=rewrite, enter=latching.enter)
