"""The step loop that every engine must equal, written from the equations, and the networks it is compared on."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from snn import analog
from snn.clock import Clock
from snn.encoding import ConstantCurrent
from snn.layers import (
    Conv,
    ConvTranspose,
    Dense,
    Flatten,
    Input,
    MaxPool,
)
from snn.network import Network
from snn.neurons import Accumulate, IntegrateFire, Neuron, SoftmaxFire
from snn.operations import constant_multiply_adds, fan_out
from snn.randomness import uniform
from snn.simulating import Record, Setup
from snn_backend_inisim.backend import IniSim


def step_loop(network, stimulus, setup):
    """Return output, operations, and by layer spikes and potentials, (steps, batch, *shape), one step at a time."""
    dt = np.float32(setup.clock.dt_ms)
    layers = [_per_step(layer, dt) for layer in network.layers]
    batch, steps = len(stimulus.samples), setup.clock.steps
    state, spikes, potentials = {}, {}, {}
    operations = np.zeros((steps, batch))
    if stimulus.constant:
        operations[0] += constant_multiply_adds(network)
    synapses = fan_out(network)
    for t in range(steps):
        values = {network.input.name: stimulus.steps(t, t + 1)[0]}
        if stimulus.kind == "spikes":
            operations[t] += _work(values[network.input.name], synapses[network.input.name])
        for layer in layers[1:]:
            inputs = [values[name] for name in layer.inputs]
            name, shape = layer.name, network.shapes[layer.name]
            if isinstance(layer, Neuron):
                if not t:
                    state[name] = _rest(layer, batch, shape)
                values[name] = _fire(layer, inputs[0], state[name], dt, t, setup.seed, stimulus.numbers)
                spikes.setdefault(name, []).append(values[name])
                potentials.setdefault(name, []).append(state[name]["V"].copy())
                if layer.spiking:
                    operations[t] += _work(values[name], synapses[name])
            elif isinstance(layer, MaxPool):
                total = state.get(name, {}).get("A", 0) + inputs[0]
                best = analog.apply(layer, total)
                values[name] = best - state.get(name, {}).get("best", 0)
                state[name] = {"A": total, "best": best}
            else:
                values[name] = analog.apply(layer, *inputs)
    spikes = {name: np.array(each) for name, each in spikes.items()}
    potentials = {name: np.array(each) for name, each in potentials.items()}
    name = network.output.name
    output = potentials[name] if not network.output.spiking else spikes[name].cumsum(axis=0)
    return output.reshape(steps, batch, -1), operations.cumsum(axis=0), spikes, potentials


def _per_step(layer, dt):
    for name in ("bias", "shift"):
        if hasattr(layer, name):
            return dataclasses.replace(layer, **{name: getattr(layer, name) * dt})
    return layer


def _work(spikes, synapses):
    return ((spikes != 0) * synapses).reshape(len(spikes), -1).sum(axis=1)


def _rest(layer, batch, shape):
    initial = getattr(layer, "initial", np.float32(0))
    return {
        "V": np.broadcast_to(initial, (batch, *shape)).astype(np.float32),
        "last": np.full((batch, *shape), -np.inf),
    }


def _fire(layer, z, state, dt, t, seed, numbers):
    V = state["V"]
    match layer:
        case Accumulate():
            V += z
            return V.copy()
        case SoftmaxFire():
            V += z
            scaled = layer.gain * V.astype(np.float64)
            share = np.exp(scaled - scaled.max(axis=1, keepdims=True))
            share /= share.sum(axis=1, keepdims=True)
            draws = [uniform(seed, int(n), layer.name, t, t + 1, V[0].size).reshape(V[0].shape) for n in numbers]
            return (np.array(draws) < share).astype(np.float32)
        case IntegrateFire():
            listens = t - state["last"] >= round(layer.refractory_ms / float(dt), 6)
            V[listens] += z[listens]
            leaks = listens & (V > 0)
            V[leaks] = np.maximum(V[leaks] - np.float32(layer.leak) * dt, 0)
            s = listens & (layer.threshold <= V)
            state["last"][s] = t
            if layer.reset == "subtract":
                V[s] -= np.float32(layer.threshold)
            elif layer.reset == "zero":
                V[s] = 0
            else:
                V[s] %= np.float32(layer.threshold)
            return s.astype(np.float32)


class Builder:
    """Stacks layers with dyadic weights, whose sums are exact in any order; each method returns the layer's name."""

    def __init__(self, shape, seed=0):
        self.random = np.random.default_rng(seed)
        self.layers = []
        self.shapes = {}
        self.last = self.add(Input(name="input", shape=shape))

    def add(self, layer):
        self.layers.append(layer)
        self.shapes[layer.name] = layer.output_shape(tuple(self.shapes[name] for name in layer.inputs))
        self.last = layer.name
        return layer.name

    def numbers(self, *shape, parts=8, top=8):
        """Return multiples of 1 / parts up to top / parts, a third of them 0."""
        values = self.random.integers(-top, top + 1, shape) * (self.random.random(shape) < 2 / 3)
        return (values / parts).astype(np.float32)

    def put(self, kind, *inputs, **fields):
        inputs = inputs or (self.last,)
        return self.add(kind(name=f"{kind.__name__.lower()}{len(self.layers)}", inputs=inputs, **fields))

    def dense(self, units, *inputs):
        (count,) = self.shapes[(inputs or (self.last,))[0]]
        return self.put(Dense, *inputs, weight=self.numbers(units, count), bias=self.numbers(units))

    def conv(self, channels, kernel, *inputs, stride=1, padding=(0, 0), dilation=1, groups=1):
        x = self.shapes[(inputs or (self.last,))[0]]
        n = len(kernel)
        weight = self.numbers(channels, x[0] // groups, *kernel)
        fields = {"stride": _each(stride, n), "dilation": _each(dilation, n), "padding": _pairs(padding, n)}
        return self.put(Conv, *inputs, weight=weight, bias=self.numbers(channels), groups=groups, **fields)

    def transposed(self, channels, kernel, *inputs, stride=1, padding=(0, 0), dilation=1, groups=1):
        x = self.shapes[(inputs or (self.last,))[0]]
        n = len(kernel)
        weight = self.numbers(x[0], channels // groups, *kernel)
        fields = {"stride": _each(stride, n), "dilation": _each(dilation, n), "padding": _pairs(padding, n)}
        return self.put(ConvTranspose, *inputs, weight=weight, bias=self.numbers(channels), groups=groups, **fields)

    def pool(self, kind, size, *inputs, stride=None, padding=(0, 0), **fields):
        n = len(size)
        window = {"size": size, "stride": _each(stride or size, n), "padding": _pairs(padding, n)}
        return self.put(kind, *inputs, **window, **fields)

    def fire(self, *inputs, **fields):
        return self.put(IntegrateFire, *inputs, **fields)

    def flat(self):
        return self.put(Flatten)

    def network(self):
        return Network(tuple(self.layers), stage="spiking")

    def samples(self, count=3):
        """Return inputs in sixteenths, (count, *shape), some of them 0 and some negative."""
        return self.numbers(count, *self.shapes["input"], parts=16, top=16)


def _each(value, n):
    return (value,) * n if isinstance(value, int) else value


def _pairs(padding, n):
    return (padding,) * n if isinstance(padding[0], int) else padding


def setup_for(network, clock, seed=0):
    """Return a setup that records everything there is."""
    neurons = frozenset(layer.name for layer in network.layers if isinstance(layer, Neuron))
    spiking = frozenset(name for name in neurons if network[name].spiking)
    return Setup(clock=clock, record=Record(counts=spiking, spikes=spiking, potentials=neurons), seed=seed)


def assert_equals_step_loop(network, samples, clock=None, stimulus=None, seed=0, numbers=None):
    """Run the engine and the step loop, and compare everything they give."""
    clock = clock or Clock(duration_ms=20, dt_ms=1)
    numbers = np.arange(len(samples)) if numbers is None else numbers
    stimulus = stimulus or ConstantCurrent(samples, numbers, clock)
    setup = setup_for(network, clock, seed)
    with IniSim().build(network, setup) as simulator:
        found = simulator.run(stimulus)
    output, operations, spikes, potentials = step_loop(network, stimulus, setup)
    for name, expected in potentials.items():
        np.testing.assert_array_equal(found.potentials[name], expected, err_msg=f"potentials of {name}")
    for name in setup.record.counts:
        shape = network.shapes[name]
        np.testing.assert_array_equal(found.counts[name], spikes[name].sum(axis=0), err_msg=f"counts of {name}")
        dense = found.spikes[name].dense(clock.steps, len(samples), shape)
        np.testing.assert_array_equal(dense, spikes[name], err_msg=f"spikes of {name}")
    np.testing.assert_array_equal(found.output, output)
    np.testing.assert_array_equal(found.operations, operations)
    assert_equals_where_potentials_are_not_kept(network, stimulus, setup, found)
    return found


def assert_equals_where_potentials_are_not_kept(network, stimulus, setup, expected):
    """Compare a run that keeps no potentials, in which spikes stay packed, with one that does."""
    setup = dataclasses.replace(setup, record=dataclasses.replace(setup.record, potentials=frozenset()))
    with IniSim().build(network, setup) as simulator:
        found = simulator.run(stimulus)
    for name, events in expected.spikes.items():
        for field in ("step", "sample", "neuron", "sign"):
            np.testing.assert_array_equal(getattr(found.spikes[name], field), getattr(events, field))
        np.testing.assert_array_equal(found.counts[name], expected.counts[name])
    np.testing.assert_array_equal(found.output, expected.output)
    np.testing.assert_array_equal(found.operations, expected.operations)


@pytest.fixture
def builder():
    return Builder


@pytest.fixture
def equals_step_loop():
    return assert_equals_step_loop


@pytest.fixture
def loop():
    return step_loop


@pytest.fixture
def record_all():
    return setup_for
