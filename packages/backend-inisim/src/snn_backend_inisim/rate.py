"""The engine of the rate code: integrate-and-fire neurons, and the outputs that go with them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import Any, ClassVar

import numpy as np
from snn.network import Array, Layer, Network
from snn.neurons import Accumulate, IntegrateFire, SoftmaxFire
from snn.randomness import uniform
from snn.simulating import Setup

from . import layout
from .compiling import compiled
from .kernels import copy
from .parts import Moment, Part, State
from .stepping import StepEngine
from .wiring import Indices

_SLACK = 1e-9  # 1.1 / 0.1 must be 11 steps
SUBTRACT, ZERO, MODULO = range(3)
_RESETS = {"subtract": SUBTRACT, "zero": ZERO, "modulo": MODULO}


@compiled("void(float32[:, ::1], float32[::1], float32[:, ::1])")
def accumulate(z: Array, potential: Array, out: Array) -> None:
    """Add ``z`` to the potential, and give the potential after each step."""
    for t in range(len(out)):
        now = z[t if len(z) > 1 else 0]
        for i in range(len(potential)):
            potential[i] += now[i]
            out[t, i] = potential[i]


@compiled("void(float32[:, ::1], float32, float32[::1], float32[:, ::1], float32[:, ::1])")
def fire(z: Array, threshold: np.float32, potential: Array, out: Array, trace: Array) -> None:
    """Integrate and fire with reset by subtraction, the common case without leak and refractory time."""
    for t in range(len(out)):
        now, spikes = z[t if len(z) > 1 else 0], out[t]
        for i in range(len(potential)):
            v = potential[i] + now[i]
            fires = v >= threshold
            spikes[i] = np.float32(1) if fires else np.float32(0)
            potential[i] = v - threshold if fires else v
        if len(trace):
            copy(potential, trace[t])


@compiled(
    "void(float32[:, ::1], float32, int64, float32, int64, float32[::1], float32[::1], float32[:, ::1],"
    " float32[:, ::1])"
)
def fire_in_full(
    z: Array,
    threshold: np.float32,
    reset: int,
    leak: np.float32,
    pause: int,
    potential: Array,
    wait: Array,
    out: Array,
    trace: Array,
) -> None:
    """Integrate and fire; ``wait`` counts the steps for which a neuron that has fired still ignores its input."""
    for t in range(len(out)):
        now, spikes = z[t if len(z) > 1 else 0], out[t]
        for i in range(len(potential)):
            spikes[i] = 0
            if wait[i] > 0:
                wait[i] -= 1
                continue
            v = potential[i] + now[i]
            if v > 0:
                v = max(v - leak, np.float32(0))
            if v >= threshold:
                spikes[i] = 1
                wait[i] = pause
                if reset == SUBTRACT:
                    v -= threshold
                elif reset == ZERO:
                    v = np.float32(0)
                else:
                    v = np.float32(np.fmod(v, threshold))
            potential[i] = v
        if len(trace):
            copy(potential, trace[t])


@compiled("void(float32[:, ::1], float64, int64, float32[:, ::1], float32[::1], float32[:, ::1], float32[:, ::1])")
def fire_softmax(
    z: Array, gain: float, channels: int, draws: Array, potential: Array, out: Array, trace: Array
) -> None:
    """Fire where a draw is below the softmax, over the channels of each cell, of the potential."""
    for t in range(len(out)):
        now, spikes = z[t if len(z) > 1 else 0], out[t]
        for i in range(len(potential)):
            potential[i] += now[i]
        for cell in range(0, len(potential), channels):
            top = -np.inf
            for i in range(cell, cell + channels):
                top = max(top, gain * potential[i])
            total = 0.0
            for i in range(cell, cell + channels):
                total += math.exp(gain * potential[i] - top)
            for i in range(cell, cell + channels):
                chance = math.exp(gain * potential[i] - top) / total
                spikes[i] = np.float32(1) if draws[t, i] < chance else np.float32(0)
        if len(trace):
            copy(potential, trace[t])


@dataclass(frozen=True, eq=False)
class Fire(Part):
    """`snn.neurons.IntegrateFire`; ``leak`` in a step, ``pause`` the steps after a spike whose input is lost."""

    kernels: ClassVar[tuple[Callable[..., Any], ...]] = (fire, copy)

    threshold: np.float32
    initial: Array
    reset: int
    leak: np.float32
    pause: int

    def rest(self) -> State:
        return (self.initial.copy(),)

    def advance(self, inputs: Sequence[Array], out: Array, state: State, trace: Array, moment: Moment) -> None:
        (potential,) = state
        fire(inputs[0], self.threshold, potential, out, trace)


class FireInFull(Fire):
    """`Fire` with any reset, leak and refractory time."""

    kernels = (fire_in_full, copy)

    def rest(self) -> State:
        return self.initial.copy(), np.zeros(len(self.initial), np.float32)

    def advance(self, inputs: Sequence[Array], out: Array, state: State, trace: Array, moment: Moment) -> None:
        potential, wait = state
        rule = self.threshold, self.reset, self.leak, self.pause
        fire_in_full(inputs[0], *rule, potential, wait, out, trace)


@dataclass(frozen=True, eq=False)
class Integrate(Part):
    """`snn.neurons.Accumulate`."""

    kernels = (accumulate,)

    elements: int

    def rest(self) -> State:
        return (np.zeros(self.elements, np.float32),)

    def advance(self, inputs: Sequence[Array], out: Array, state: State, trace: Array, moment: Moment) -> None:
        (potential,) = state
        accumulate(inputs[0], potential, out)
        if len(trace):
            trace[:] = out


@dataclass(frozen=True, eq=False)
class Softmax(Part):
    """`snn.neurons.SoftmaxFire`; ``numbers`` are the channels-first numbers of the elements, which key their draws."""

    kernels = (fire_softmax, copy)

    gain: float
    channels: int
    numbers: Indices
    seed: int
    name: str

    def rest(self) -> State:
        return (np.zeros(len(self.numbers), np.float32),)

    def advance(self, inputs: Sequence[Array], out: Array, state: State, trace: Array, moment: Moment) -> None:
        (potential,) = state
        draws = uniform(self.seed, moment.number, self.name, moment.start, moment.stop, len(self.numbers))
        fire_softmax(inputs[0], self.gain, self.channels, np.take(draws, self.numbers, axis=1), potential, out, trace)


@singledispatch
def place(layer: Layer, network: Network, setup: Setup) -> Part:
    """Return neurons as the engine runs them; what they get per millisecond is made per step here."""
    message = f"the rate engine does not run {layer.kind}"
    raise TypeError(message)


@place.register
def _(layer: IntegrateFire, network: Network, setup: Setup) -> Part:
    dt = setup.clock.dt_ms
    pause = max(0, math.ceil(layer.refractory_ms / dt * (1 - _SLACK)) - 1)
    kind = Fire if layer.reset == "subtract" and not pause and not layer.leak else FireInFull
    return kind(
        threshold=np.float32(layer.threshold),
        initial=layout.per_element(layer.initial, network.shapes[layer.name]),
        reset=_RESETS[layer.reset],
        leak=np.float32(layer.leak * dt),
        pause=pause,
    )


@place.register
def _(layer: Accumulate, network: Network, setup: Setup) -> Part:
    return Integrate(math.prod(network.shapes[layer.name]))


@place.register
def _(layer: SoftmaxFire, network: Network, setup: Setup) -> Part:
    shape = network.shapes[layer.name]
    return Softmax(layer.gain, shape[0], layout.numbers(shape), setup.seed, layer.name)


ENGINE = StepEngine("rate", place, (accumulate, fire, fire_in_full, fire_softmax))
