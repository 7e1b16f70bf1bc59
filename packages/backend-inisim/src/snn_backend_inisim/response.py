"""The engine of neurons on which a spike acts for a while: alpha kernels (`SpikeResponse`) and currents that leak.

The sum of past input times an alpha kernel of K taps needs two numbers and the input of K steps ago. With
``a = exp(-dt / tau)``, and ``x`` what came,

::

    P(t) = sum_k a^k x(t - k)    = a P(t - 1)              + x(t) - a^K x(t - K)
    Q(t) = sum_k k a^k x(t - k)  = a (Q(t - 1) + P(t - 1))    - K a^K x(t - K)         k = 0, 1, ... K - 1

and the sum is ``e dt / tau Q(t)``. A spike of the neuron itself acts from the next step on, since k = 0 weighs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import Any, ClassVar

import numpy as np
from snn.network import Array, Layer, Network
from snn.neurons import Accumulate
from snn.response_neurons import CurrentBased, SpikeResponse
from snn.simulating import Setup

from . import layout, rate
from .compiling import compiled
from .parts import Moment, Part, State
from .stepping import StepEngine
from .wiring import Floats, Indices


@compiled(
    "void(float32[:, ::1], float32, float64[::1], float64[::1], int64[::1], int64[::1],"
    " float64[:, ::1], float32[:, ::1], float32[:, ::1], float32[:, ::1], float32[:, ::1])"
)
def respond(
    z: Array,
    threshold: np.float32,
    own: Floats,
    others: Floats,
    delay: Indices,
    clock: Indices,
    sums: Floats,
    given: Array,
    fired: Array,
    out: Array,
    trace: Array,
) -> None:
    """Fire where both sums together reach the threshold, and let spikes leave after their delay.

    ``others`` and ``own`` are, of the kernels of input and of the neuron's own spikes, a, a^K, K a^K and the factor of
    Q; ``sums`` (4, elements) P and Q of both; ``given`` and ``fired`` what came and fired in the last steps, in rings.
    """
    a, a_end, k_a_end, scale = others[0], others[1], others[2], others[3]
    b, b_end, k_b_end, fall = own[0], own[1], own[2], own[3]
    p, q, r, s = sums[0], sums[1], sums[2], sums[3]
    taps, back = len(given), clock[1]
    for t in range(len(out)):
        now, spikes = z[t if len(z) > 1 else 0], out[t]
        place, here = clock[0] % taps, clock[0] % len(fired)
        past, ended = given[place], fired[(clock[0] - back) % len(fired)]
        flags = fired[here]
        for i in range(len(p)):
            x, old = np.float64(now[i]), np.float64(past[i])
            before = p[i]
            p[i] = a * before + x - a_end * old
            q[i] = a * (q[i] + before) - k_a_end * old
            past[i] = now[i]
            left = np.float64(ended[i])
            before = r[i]
            s[i] = b * (s[i] + before) - k_b_end * left
            v = np.float32(np.float64(np.float32(scale * q[i])) + fall * s[i])
            fires = v >= threshold
            r[i] = b * before - b_end * left + (1.0 if fires else 0.0)
            if len(trace):
                trace[t, i] = v
            flags[i] = np.float32(1) if fires else np.float32(0)
        for i in range(len(p)):
            spikes[i] = fired[(clock[0] - delay[i]) % len(fired), i]
        clock[0] += 1


@compiled(
    "void(float32[:, ::1], float64, float64, float64, boolean, int64, float64[:, ::1], int64[::1], float32[:, ::1],"
    " float32[:, ::1])"
)
def drive(
    z: Array,
    threshold: float,
    current_stays: float,
    voltage_stays: float,
    whole: bool,
    pause: int,
    state: Floats,
    wait: Indices,
    out: Array,
    trace: Array,
) -> None:
    """Let current and potential leak, add what comes, and fire above the threshold; ``wait`` steps it may not."""
    current, potential = state[0], state[1]
    for t in range(len(out)):
        now, spikes = z[t if len(z) > 1 else 0], out[t]
        for i in range(len(current)):
            x, u, v = np.float64(now[i]), current[i] * current_stays, potential[i] * voltage_stays
            if whole:
                x, u, v = np.trunc(x), np.trunc(u), np.trunc(v)
            u = u + x
            v = v + u
            spikes[i] = 0
            if wait[i] > 0:
                wait[i] -= 1
                v = 0.0
            elif v > threshold:
                spikes[i] = 1
                wait[i] = pause
                v = 0.0
            current[i] = u
            potential[i] = v
            if len(trace):
                trace[t, i] = np.float32(v)


@dataclass(frozen=True, eq=False)
class Kernel:
    """An alpha kernel of ``taps`` steps, ``scale`` at its peak, as `respond` takes it."""

    taps: int
    values: Floats

    @classmethod
    def of(cls, scale: float, tau_ms: float, dt_ms: float, taps: int) -> Kernel:
        """Return the kernel of time constant ``tau_ms``."""
        decay = dt_ms / tau_ms
        end = math.exp(-decay * taps)
        return cls(taps, np.array([math.exp(-decay), end, taps * end, scale * math.e * decay]))


@dataclass(frozen=True, eq=False)
class Respond(Part):
    """`snn.response_neurons.SpikeResponse`; ``delay`` in steps, (elements,)."""

    kernels: ClassVar[tuple[Callable[..., Any], ...]] = (respond,)

    threshold: np.float32
    response: Kernel
    refractory: Kernel
    delay: Indices

    def rest(self) -> State:
        """Return the sums, what came and what fired in the last steps, and which step it is."""
        size = len(self.delay)
        ring = max(self.refractory.taps, int(self.delay.max(initial=0))) + 1
        sums = np.zeros((4, size))
        given, fired = np.zeros((self.response.taps, size), np.float32), np.zeros((ring, size), np.float32)
        return sums, given, fired, np.array([0, self.refractory.taps])

    def advance(self, inputs: Sequence[Array], out: Array, state: State, trace: Array, moment: Moment) -> None:
        sums, given, fired, clock = state
        kernels = self.refractory.values, self.response.values
        respond(inputs[0], self.threshold, *kernels, self.delay, clock, sums, given, fired, out, trace)


@dataclass(frozen=True, eq=False)
class Drive(Part):
    """`snn.response_neurons.CurrentBased`; ``pause`` the steps after a spike in which there is none."""

    kernels: ClassVar[tuple[Callable[..., Any], ...]] = (drive,)

    size: int
    threshold: float
    current_stays: float
    voltage_stays: float
    whole: bool
    pause: int

    def rest(self) -> State:
        """Return current and potential, and how long each neuron still waits."""
        return np.zeros((2, self.size)), np.zeros(self.size, np.int64)

    def advance(self, inputs: Sequence[Array], out: Array, state: State, trace: Array, moment: Moment) -> None:
        sums, wait = state
        rule = self.threshold, self.current_stays, self.voltage_stays, self.whole, self.pause
        drive(inputs[0], *rule, sums, wait, out, trace)


@singledispatch
def place(layer: Layer, network: Network, setup: Setup) -> Part:
    """Return neurons as the engine runs them."""
    message = f"the engine of responses does not run {layer.kind}"
    raise TypeError(message)


@place.register
def _(layer: SpikeResponse, network: Network, setup: Setup) -> Part:
    dt, steps = setup.clock.dt_ms, setup.clock.steps
    shape = network.shapes[layer.name]
    delay = layout.inwards(np.broadcast_to(layer.delay_steps(dt), shape)[None], shape)[0]
    fall = -layer.scale_refractory * layer.threshold
    return Respond(
        threshold=np.float32(layer.threshold),
        response=Kernel.of(1.0, layer.tau_ms, dt, layer.taps(dt, steps)),
        refractory=Kernel.of(fall, layer.tau_refractory_ms, dt, layer.refractory_taps(dt, steps)),
        delay=np.minimum(delay, steps),
    )


@place.register
def _(layer: CurrentBased, network: Network, setup: Setup) -> Part:
    return Drive(
        size=math.prod(network.shapes[layer.name]),
        threshold=layer.threshold,
        current_stays=1 - layer.current_decay,
        voltage_stays=1 - layer.voltage_decay,
        whole=layer.integer,
        pause=layer.refractory_steps - 1,
    )


@place.register
def _(layer: Accumulate, network: Network, setup: Setup) -> Part:
    return rate.place(layer, network, setup)


ENGINE = StepEngine("response", place, (respond, drive, rate.accumulate))
