"""The plain meaning of a spiking network, a step at a time: what every backend is compared with.

In each step all layers are passed once, in their order, so that the output of a step answers the input of that step.
What is given per millisecond (currents, biases, shifts) enters times the step; spikes do not. Where neurons have
windows, it enters in the first step, in full, and in no later one. Slow, and meant to be read beside the docstrings of
`snn.neurons` and `snn.layers`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import singledispatch
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .. import analog, windows
from ..clock import Clock
from ..layers import Affine, BatchNorm, Conv, ConvTranspose, Dense, MaxPool
from ..network import Array, Layer, Network, Shape
from ..neurons import Accumulate, BitPattern, FewSpike, IntegrateFire, Neuron, SoftmaxFire, WindowFirstSpike
from ..operations import constant_multiply_adds, fan_out
from ..randomness import uniform
from ..response_neurons import CurrentBased, SpikeResponse
from ..simulating import Integers, Stimulus
from . import response_reference, window_reference

_PER_MILLISECOND = {Dense: "bias", Conv: "bias", ConvTranspose: "bias", Affine: "shift", BatchNorm: "shift"}

NEURONS = (IntegrateFire, Accumulate, SoftmaxFire, *window_reference.KINDS, *response_reference.KINDS)
"""The kinds of neurons that are known here."""


@dataclass(frozen=True, eq=False)
class Trace:
    """Everything that happened.

    Attributes
    ----------
    output : ndarray, (steps, batch, classes)
        Spikes so far, or what they are worth, as `snn.simulating.Recording` has it, or the potential.
    operations : ndarray, (steps, batch)
        Synaptic operations so far.
    spikes, potentials : mapping of layer name to ndarray, (steps, batch, *shape)
        Spikes in each step; the potential after it, and after the reset.
    """

    output: Array
    operations: npt.NDArray[np.float64]
    spikes: Mapping[str, Array]
    potentials: Mapping[str, Array]


def simulate(network: Network, stimulus: Stimulus, seed: int = 0) -> Trace:
    """Return what ``network`` does when the batch ``stimulus`` is presented to it at rest."""
    steps, batch, entry = stimulus.clock.steps, len(stimulus.samples), network.input.name
    run = _Run(batch, stimulus.clock, seed, stimulus.numbers, windows.starts(network))
    parts = {layer.name: part(layer, network.shapes[layer.name], run) for layer in network.layers[1:]}
    neurons = {layer.name: layer for layer in network.layers if isinstance(layer, Neuron)}
    spikes: dict[str, list[Array]] = {name: [] for name, layer in neurons.items() if layer.spiking}
    potentials: dict[str, list[Array]] = {name: [] for name in neurons}
    synapses, operations = fan_out(network), np.zeros((steps, batch))
    given = []
    if stimulus.constant:
        operations[0] += constant_multiply_adds(network)
    for step in range(steps):
        values = {entry: np.array(stimulus.steps(step, step + 1)[0], np.float32)}
        if run.starts:  # in float64, so that no window begins with a potential that sums have rounded
            values[entry] = np.multiply(stimulus.samples, float(step == 0), dtype=np.float64)
        for layer in network.layers[1:]:
            values[layer.name] = parts[layer.name](step, *(values[name] for name in layer.inputs))
        for name in neurons:
            potentials[name].append(parts[name].potential.copy())  # type: ignore[attr-defined]  # a neuron has one
        given.append(values[network.output.name])
        values |= {name: parts[name].spikes for name in run.starts}  # type: ignore[attr-defined]  # not what they gave
        for name, kept in spikes.items():
            kept.append(values[name])
        for name in (*spikes, *(() if stimulus.constant else (entry,))):
            operations[step] += ((values[name] != 0) * synapses[name]).reshape(batch, -1).sum(axis=1)
    fired = {name: np.array(kept, np.float32) for name, kept in spikes.items()}
    traces = {name: np.array(kept, np.float32) for name, kept in potentials.items()}
    last = network.output.name
    output = np.cumsum(given, axis=0) if last in fired else traces[last]
    return Trace(output.astype(np.float32).reshape(steps, batch, -1), operations.cumsum(axis=0), fired, traces)


@dataclass(frozen=True, eq=False)
class _Run:
    batch: int
    clock: Clock
    seed: int
    numbers: Integers
    starts: Mapping[str, int]


Part: TypeAlias = Callable[..., Array]
"""One layer: takes the number of the step and the values of the layer's inputs, gives its output, all of one step."""


@singledispatch
def part(layer: Layer, shape: Shape, run: _Run) -> Part:
    """Return what ``layer`` does in each step."""

    def with_share(share: float) -> Layer:
        name = _PER_MILLISECOND.get(type(layer))
        fields: dict[str, Any] = {name: getattr(layer, name) * np.float32(share)} if name else {}
        return dataclasses.replace(layer, **fields)

    first = later = with_share(run.clock.dt_ms)
    if run.starts:
        first, later = with_share(1), with_share(0)
    return lambda step, *inputs: analog.apply(later if step else first, *inputs)


@part.register(MaxPool)
class _Peak:
    """What the largest sum so far of each window has grown by in this step."""

    def __init__(self, layer: MaxPool, shape: Shape, run: _Run) -> None:
        self.layer = layer
        self.total: Array = np.zeros((), np.float32)
        self.peak: Array = np.zeros((), np.float32)

    def __call__(self, step: int, x: Array) -> Array:
        self.total = self.total + x
        before, self.peak = self.peak, analog.apply(self.layer, self.total)
        return self.peak - before


@part.register(Accumulate)
class _Integrator:
    """``V += z``."""

    def __init__(self, layer: Accumulate, shape: Shape, run: _Run) -> None:
        self.potential = np.zeros((run.batch, *shape), np.float64 if run.starts else np.float32)

    def __call__(self, step: int, z: Array) -> Array:
        self.potential += z
        return self.potential.copy()


@part.register(IntegrateFire)
class _Spiker:
    """``V += z; V -= leak * dt; s = [V >= threshold]; reset``, unless the last spike was too short ago."""

    def __init__(self, layer: IntegrateFire, shape: Shape, run: _Run) -> None:
        self.layer, self.dt_ms = layer, run.clock.dt_ms
        self.potential = np.array(np.broadcast_to(layer.initial, (run.batch, *shape)), np.float32)
        self.fired = np.full((run.batch, *shape), -np.inf)  # the step of the last spike

    def __call__(self, step: int, z: Array) -> Array:
        layer, V, threshold = self.layer, self.potential, np.float32(self.layer.threshold)
        # Rounded, so that 1.1 ms in steps of 0.1 ms are 11 steps.
        listens = step - self.fired >= round(layer.refractory_ms / self.dt_ms, 6)
        V[listens] += z[listens]
        leaks = listens & (V > 0)
        V[leaks] = np.maximum(V[leaks] - np.float32(layer.leak * self.dt_ms), 0)
        spikes = listens & (threshold <= V)
        self.fired[spikes] = step
        match layer.reset:
            case "subtract":
                V[spikes] -= threshold
            case "zero":
                V[spikes] = 0
            case "modulo":
                V[spikes] %= threshold
        return spikes.astype(np.float32)


@part.register(SoftmaxFire)
class _Lottery:
    """``V += z``; a neuron fires with the probability that the softmax over the channels gives it."""

    def __init__(self, layer: SoftmaxFire, shape: Shape, run: _Run) -> None:
        self.layer, self.run = layer, run
        self.potential = np.zeros((run.batch, *shape), np.float32)

    def __call__(self, step: int, z: Array) -> Array:
        self.potential += z
        scaled = self.layer.gain * self.potential.astype(np.float64)
        share = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        count = self.potential[0].size
        draws = [
            uniform(self.run.seed, int(number), self.layer.name, step, step + 1, count) for number in self.run.numbers
        ]
        return (np.array(draws).reshape(share.shape) < share).astype(np.float32)


@part.register(BitPattern)
@part.register(FewSpike)
@part.register(WindowFirstSpike)
def _(layer: Neuron, shape: Shape, run: _Run) -> Part:
    return window_reference.KINDS[type(layer)](layer, (run.batch, *shape), run.starts[layer.name])


@part.register(SpikeResponse)
@part.register(CurrentBased)
def _(layer: Neuron, shape: Shape, run: _Run) -> Part:
    return response_reference.KINDS[type(layer)](layer, (run.batch, *shape), run.clock)
