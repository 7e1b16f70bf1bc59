"""The step loop that the engines of first spikes must equal: the published equations, with currents and not changes."""

from __future__ import annotations

import dataclasses

import numpy as np
from snn import analog
from snn.layers import Add, Affine, Conv, ConvTranspose, Dense, Input, MaxPool
from snn.neurons import Accumulate, CorrectiveFirstSpike, DynamicFirstSpike, Neuron
from snn.operations import constant_multiply_adds, fan_out

BIASES = {Dense: "bias", Conv: "bias", ConvTranspose: "bias", Affine: "shift"}
WEIGHTS = {Dense: "weight", Conv: "weight", ConvTranspose: "weight", Affine: "scale", Add: "factors"}


def latched_loop(network, samples, clock):
    """Return output, its potentials, operations, and by layer spikes and potentials, (steps, batch, *shape)."""
    return _Loop(network, samples, clock).run()


class _Loop:
    def __init__(self, network, samples, clock):
        self.network, self.clock, self.batch = network, clock, len(samples)
        self.dt = np.float32(clock.dt_ms)
        self.neurons = [layer for layer in network.layers if isinstance(layer, Neuron)]
        self.current = {layer.name: self.zeros(layer) for layer in self.neurons}  # s
        self.current[network.input.name] = samples
        self.potential = {layer.name: self.zeros(layer) for layer in self.neurons}  # V
        self.expected = {layer.name: self.zeros(layer) for layer in [network.input, *self.neurons]}  # P
        self.gate = {layer.name: np.zeros(self.batch, bool) for layer in self.neurons}  # g

    def zeros(self, layer):
        return np.zeros((self.batch, *self.network.shapes[layer.name]), np.float32)

    def run(self):
        steps, synapses = self.clock.steps, fan_out(self.network)
        operations = np.zeros((steps, self.batch))
        operations[0] += constant_multiply_adds(self.network)
        spikes = {layer.name: [] for layer in self.neurons if layer.spiking}
        potentials = {layer.name: [] for layer in self.neurons}
        for k in range(1, steps + 1):
            for layer in self.neurons:
                before = self.current[layer.name]
                self.advance(layer, k)
                potentials[layer.name].append(self.potential[layer.name].copy())
                if layer.spiking:
                    change = self.current[layer.name] - before
                    spikes[layer.name].append(change)
                    operations[k - 1] += ((change != 0) * synapses[layer.name]).reshape(self.batch, -1).sum(axis=1)
        spikes = {name: np.array(each) for name, each in spikes.items()}
        potentials = {name: np.array(each) for name, each in potentials.items()}
        last = self.network.output.name
        tops = potentials[last].reshape(steps, self.batch, -1)
        output = spikes[last].cumsum(axis=0).reshape(tops.shape) if last in spikes else tops
        return output, tops, operations.cumsum(axis=0), spikes, potentials

    def advance(self, layer, k):
        name, V = layer.name, self.potential[layer.name]
        reaching = self.reaching(layer.inputs[0])
        for source in reaching:
            arrived = (self.current[source] != 0).reshape(self.batch, -1).any(axis=1)
            self.gate[name] |= arrived | (source == self.network.input.name)
        neurons = [layer, *(self.network[source] for source in sorted(reaching))]
        if not next((each.gated for each in neurons if hasattr(each, "gated")), True):
            self.gate[name][:] = True
        rise = next((each.bias_rise_ms for each in neurons if hasattr(each, "bias_rise_ms")), 0)
        at_once = not rise or self.network.input.name in reaching or self.pools_biases(layer.inputs[0])
        r = 1 if at_once else min(1, k * self.clock.dt_ms / rise)
        g = self.gate[name].astype(np.float32)
        z = self.drive(layer.inputs[0], g, np.float32(r))
        V += self.dt * z
        if isinstance(layer, Accumulate):
            return
        threshold = np.float32(layer.threshold)
        raised = threshold
        if isinstance(layer, DynamicFirstSpike):
            raised = threshold + np.float32(layer.strength) * self.lift(layer.inputs[0])
        fires = raised <= V
        latch = not isinstance(layer, CorrectiveFirstSpike)
        self.current[name] = (fires | (latch & (self.current[name] > 0))).astype(np.float32)
        if isinstance(layer, DynamicFirstSpike):
            left = np.float32(self.clock.steps - k) * self.dt  # T - t
            expected = (self.current[name] == 0) & (z > 0)
            if layer.horizon:
                expected &= V + z * left >= threshold
            self.expected[name] = expected.astype(np.float32)

    def reaching(self, name):
        """Return the neurons, or the input, whose currents reach ``name``."""
        layer = self.network[name]
        if isinstance(layer, (Input, Neuron)):
            return {name}
        return set().union(*(self.reaching(each) for each in layer.inputs))

    def pools_biases(self, name):
        """Return whether a max-pool before ``name`` takes the largest of sums that are not 0 where nothing flows."""
        layer = self.network[name]
        if isinstance(layer, (Input, Neuron)):
            return False
        if isinstance(layer, MaxPool) and self.resting(layer.inputs[0]).any():
            return True
        return any(self.pools_biases(each) for each in layer.inputs)

    def resting(self, name):
        """Return what the operation ``name`` gives where nothing flows."""
        layer = self.network[name]
        if isinstance(layer, (Input, Neuron)):
            return self.zeros(layer)
        return analog.apply(layer, *(self.resting(each) for each in layer.inputs))

    def drive(self, name, g, r):
        """Return ``W s + r b g`` for a gate ``g``, (batch,)."""
        layer = self.network[name]
        if name in self.current:
            return self.current[name]
        inputs = [self.drive(each, g, r) for each in layer.inputs]
        field = BIASES.get(type(layer))
        if field is None:
            return analog.apply(layer, *inputs)
        off = dataclasses.replace(layer, **{field: np.zeros_like(getattr(layer, field))})
        on = dataclasses.replace(layer, **{field: getattr(layer, field) * r})
        without, with_bias = analog.apply(off, *inputs), analog.apply(on, *inputs)
        return np.where(g.reshape(-1, *[1] * (without.ndim - 1)) > 0, with_bias, without)

    def lift(self, name):
        """Return ``|W| P``."""
        layer = self.network[name]
        if name in self.expected:
            return self.expected[name]
        fields = {}
        if type(layer) in BIASES:
            fields[BIASES[type(layer)]] = np.zeros_like(getattr(layer, BIASES[type(layer)]))
        if type(layer) in WEIGHTS:
            fields[WEIGHTS[type(layer)]] = np.abs(getattr(layer, WEIGHTS[type(layer)]))
        return analog.apply(dataclasses.replace(layer, **fields), *(self.lift(each) for each in layer.inputs))
