"""Layers under control: parts that stand around, or in the place of, those of the rate engine."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from snn.network import Array, Layer, Network
from snn.neurons import Neuron
from snn.operations import analog_part
from snn.simulating import Setup

from . import rate
from .compiling import compiled
from .controls import Controls, Payloads
from .kernels import copy
from .parts import Moment, Part, Scale, State, Synapses
from .rate import SUBTRACT, ZERO, Fire, FireInFull
from .stepping import StepEngine

_LEAST = 100  # the threshold begins at this part of itself, where it follows the rates
_FULL_AT = 50  # layers; a layer so deep begins with no bias at all


@compiled(
    "void(float32[:, ::1], float32, float64, int64, float32, int64, float32, float32, float32[::1], float32[::1],"
    " float32[::1], float32[::1], float32[::1], float32[:, ::1], float32[:, ::1])"
)
def fire_with_heights(
    z: Array,
    threshold: np.float32,
    least: float,
    reset: int,
    leak: np.float32,
    pause: int,
    carries: np.float32,
    remembers: np.float32,
    potential: Array,
    wait: Array,
    counts: Array,
    carried: Array,
    so_far: Array,
    out: Array,
    trace: Array,
) -> None:
    """Integrate and fire spikes of any height; ``so_far`` holds the steps so far and the most spikes of a neuron.

    ``carries`` and ``remembers`` are 1 or 0: whether spikes have payloads, and whether earlier ones are taken off.
    """
    for t in range(len(out)):
        now, spikes = z[t if len(z) > 1 else 0], out[t]
        rate = np.float64(so_far[1]) / max(np.float64(so_far[0]), 1.0)
        limit = np.float32(least + (threshold - least) * rate)
        for i in range(len(potential)):
            spikes[i] = 0
            if wait[i] > 0:
                wait[i] -= 1
                continue
            v = potential[i] + now[i]
            if v > 0:
                v = max(v - leak, np.float32(0))
            if v >= limit:
                wait[i] = pause
                counts[i] += 1
                so_far[1] = max(so_far[1], counts[i])
                payload = carries * (v - limit - carried[i])
                carried[i] += remembers * payload
                spikes[i] = (limit + payload) / threshold
                if reset == SUBTRACT:
                    v -= limit
                elif reset == ZERO:
                    v = np.float32(0)
                else:
                    v = np.float32(np.fmod(v, limit))
            potential[i] = v
        so_far[0] += 1
        if len(trace):
            copy(potential, trace[t])


@dataclass(frozen=True, eq=False)
class FireWithHeights(FireInFull):
    """`FireInFull` whose threshold ``follows`` the highest rate, and whose spikes carry ``payloads``."""

    follows: bool
    payloads: Payloads

    def rest(self) -> State:
        count = len(self.initial)
        return self.initial.copy(), *(np.zeros(count, np.float32) for _ in range(3)), np.zeros(2, np.float32)

    def advance(self, inputs: Sequence[Array], out: Array, state: State, trace: Array, moment: Moment) -> None:
        potential, wait, counts, carried, so_far = state
        least = float(self.threshold) / (_LEAST if self.follows else 1)
        reset = self.reset if self.payloads == "none" else ZERO
        carries, remembers = np.float32(self.payloads != "none"), np.float32(self.payloads == "difference")
        rule = self.threshold, least, reset, self.leak, self.pause, carries, remembers
        fire_with_heights(inputs[0], *rule, potential, wait, counts, carried, so_far, out, trace)


@dataclass(frozen=True, eq=False)
class Clamped(Part):
    """Neurons that get no input in their first ``steps``."""

    part: Part
    steps: int

    def rest(self) -> State:
        return self.part.rest()

    def advance(self, inputs: Sequence[Array], out: Array, state: State, trace: Array, moment: Moment) -> None:
        if moment.start >= self.steps:
            self.part.advance(inputs, out, state, trace, moment)
            return
        z = np.array(np.broadcast_to(inputs[0], out.shape), order="C")
        z[: self.steps - moment.start] = 0
        self.part.advance([z], out, state, trace, moment)


@dataclass(frozen=True, eq=False)
class Relaxed(Part):
    """An operation without its ``bias``, (elements,), and the share of that which each step has, (steps,)."""

    part: Part
    bias: Array
    shares: Array

    def rest(self) -> State:
        return self.part.rest()

    def advance(self, inputs: Sequence[Array], out: Array, state: State, trace: Array, moment: Moment) -> None:
        self.part.advance(inputs, out, state, trace, moment)
        out += self.shares[moment.start : moment.stop, None] * self.bias


def engine(controls: Controls) -> StepEngine:
    """Return the rate engine under ``controls``."""
    kernels = (*rate.ENGINE.kernels, *((fire_with_heights,) if controls.heights else ()))

    def around(part: Part, layer: Layer, network: Network, setup: Setup) -> Part:
        return _control(controls, part, layer, network, setup)

    return StepEngine("rate", rate.place, kernels, around=around, stop_margin=controls.stop_margin)


def _control(controls: Controls, part: Part, layer: Layer, network: Network, setup: Setup) -> Part:
    """Return ``part``, which runs ``layer``, under control."""
    if isinstance(part, Fire) and controls.heights:
        rule = {entry.name: getattr(part, entry.name) for entry in dataclasses.fields(part)}
        part = FireWithHeights(**rule, follows=controls.online_normalisation, payloads=controls.payloads)
    if steps := controls.clamp_steps.get(layer.name, 0):
        part = Clamped(part, steps)
    if controls.bias_relaxation and layer.name not in analog_part(network):
        shares = _shares(_depth(network, layer), setup.clock.steps)
        if isinstance(part, Synapses) and part.bias.any():
            part = Relaxed(dataclasses.replace(part, bias=np.zeros_like(part.bias)), part.bias, shares)
        elif isinstance(part, Scale) and part.shift.any():
            part = Relaxed(dataclasses.replace(part, shift=np.zeros_like(part.shift)), part.shift, shares)
    return part


def _shares(depth: int, steps: int) -> Array:
    """Return the share of the bias in each step, ``clip(1 - (1 - 2 t / T) depth / 50, 0, 1)`` with t = 1 … T."""
    t = np.arange(1, steps + 1)
    return np.clip(1 - (1 - 2 * t / steps) * depth / _FULL_AT, 0, 1).astype(np.float32)


def _depth(network: Network, layer: Layer) -> int:
    """Return the most layers of neurons on a way from the input to ``layer``."""
    depths: dict[str, int] = {}
    for each in network.layers:
        before = max((depths[name] for name in each.inputs), default=0)
        depths[each.name] = before + isinstance(each, Neuron)
    return depths[layer.name]
