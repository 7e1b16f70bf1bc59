"""How the engines run latched neurons: by the changes of their currents (`latching`), which they add up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from snn import analog
from snn import layers as op
from snn.network import Array, Layer, Network
from snn.simulating import Setup

from . import layout, placing
from .compiling import compiled
from .kernels import copy
from .latching import Gather, Latch, Peak
from .parts import Largest, Moment, Part, State


@compiled(
    "void(float32[:, ::1], float32[::1], float32[::1], int64, float32, float32, boolean, float32[::1], float32[::1],"
    " float32[::1], float32[:, ::1], float32[:, ::1])"
)
def switch(
    change: Array,
    constant: Array,
    share: Array,
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
            v = potential[i] + step * (c + share[t] * constant[i])
            before = on[i]
            after = np.float32(1) if v >= threshold or (keeps and before > 0) else np.float32(0)
            current[i] = c
            potential[i] = v
            on[i] = after
            events[i] = after - before
        if len(trace):
            copy(potential, trace[t])


@compiled(
    "void(float32[:, ::1], float32[::1], float32[::1], int64, float32, float32[::1], float32[::1], float32[:, ::1])"
)
def gather(
    change: Array,
    constant: Array,
    share: Array,
    opening: int,
    dt: np.float32,
    current: Array,
    potential: Array,
    out: Array,
) -> None:
    """Integrate twice, and give the potential after each step."""
    for t in range(len(out)):
        now, result = change[t], out[t]
        step = dt if t >= opening else np.float32(0)
        for i in range(len(potential)):
            current[i] += now[i]
            potential[i] += step * (current[i] + share[t] * constant[i])
            result[i] = potential[i]


KERNELS = (switch, gather)


@dataclass(frozen=True, eq=False)
class Gated(Part):
    """Neurons whose constant current, (elements,), flows from the step on in which the first of their input comes.

    It takes ``rise`` steps to its value.
    """

    constant: Array
    dt: np.float32
    open: bool
    rise: float

    def rest(self) -> State:
        """Return the gate, the sum of all changes, the potential and, where there are spikes, what is on."""
        return np.full(1, self.open, np.float32), *(np.zeros(len(self.constant), np.float32) for _ in range(3))

    def share(self, moment: Moment) -> Array:
        """Return how much of the constant current flows in each of the steps, (steps,)."""
        if not self.rise:
            return np.ones(moment.stop - moment.start, np.float32)
        risen = np.arange(moment.start + 1, moment.stop + 1) / self.rise
        return np.minimum(risen, 1).astype(np.float32)

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
        rule = self.constant, self.share(moment), opening, self.dt, self.threshold, self.keeps
        switch(inputs[0], *rule, current, potential, on, out, trace)


class Gathering(Gated):
    """`Gather`."""

    def advance(self, inputs: Sequence[Array], out: Array, state: State, trace: Array, moment: Moment) -> None:
        gate, current, potential, _ = state
        opening = self.opening(inputs[1:], gate, len(out))
        gather(inputs[0], self.constant, self.share(moment), opening, self.dt, current, potential, out)
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
    dt_ms = setup.clock.dt_ms
    return {"constant": constant, "dt": np.float32(dt_ms), "open": layer.open, "rise": layer.rise_ms / dt_ms}


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
