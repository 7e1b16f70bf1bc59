"""The simulator: one network, presented with one batch after another."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
from snn import analog
from snn.layers import MaxPool
from snn.network import Array, Layer, Network
from snn.neurons import IntegrateFire, Neuron
from snn.operations import constant_multiply_adds, fan_out
from snn.simulating import Events, Recording, Setup, Simulator, Stimulus


class StepLoop(Simulator):
    """Passes all layers once a step; a batch starts with new states, so that nothing is left of the one before."""

    def __init__(self, network: Network, setup: Setup) -> None:
        self.network, self.setup = network, setup
        self.layers = [_per_step(layer, setup.clock.dt_ms) for layer in network.layers[1:]]
        self.neurons = [layer.name for layer in network.layers if isinstance(layer, Neuron)]
        self.fan_out = fan_out(network)

    def run(self, stimulus: Stimulus) -> Recording:
        steps, batch, entry = self.setup.clock.steps, len(stimulus.samples), self.network.input.name
        states = {layer.name: self._at_rest(layer, batch) for layer in self.layers}
        shapes = {name: (steps, batch, *self.network.shapes[name]) for name in self.neurons}
        given = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}  # spikes, or the readout
        potentials = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
        operations = np.zeros((steps, batch))
        if stimulus.constant:
            operations[0] += constant_multiply_adds(self.network)
        for step in range(steps):
            values = {entry: stimulus.steps(step, step + 1)[0]}
            for layer in self.layers:
                inputs = [values[name] for name in layer.inputs]
                values[layer.name] = _advance(layer, states[layer.name], *inputs)
            for name in self.neurons:
                given[name][step], potentials[name][step] = values[name], states[name]["potential"]
            for name in self.neurons if stimulus.constant else (entry, *self.neurons):
                operations[step] += ((values[name] != 0) * self.fan_out[name]).reshape(batch, -1).sum(axis=1)
        output, wanted = given[self.network.output.name], self.setup.record
        if isinstance(self.network.output, IntegrateFire):
            output = output.cumsum(axis=0)
        return Recording(
            output=output.reshape(steps, batch, -1),
            operations=operations.cumsum(axis=0),
            counts={name: given[name].sum(axis=0).astype(np.int64) for name in wanted.counts},
            spikes={name: _events(given[name]) for name in wanted.spikes},
            potentials={name: potentials[name] for name in wanted.potentials},
        )

    def facts(self) -> Mapping[str, object]:
        return {"neurons": sum(int(np.prod(self.network.shapes[name])) for name in self.neurons)}

    def _at_rest(self, layer: Layer, batch: int) -> dict[str, Array]:
        shape = (batch, *self.network.shapes[layer.name])
        if isinstance(layer, Neuron):
            return {"potential": np.array(np.broadcast_to(getattr(layer, "initial", np.float32(0)), shape))}
        if isinstance(layer, MaxPool):
            (inputs,) = self.network.input_shapes(layer)
            return {"sum": np.zeros((batch, *inputs), np.float32), "largest": np.zeros(shape, np.float32)}
        return {}


def _per_step(layer: Layer, dt_ms: float) -> Layer:
    """Return ``layer`` with what it adds each millisecond as what it adds each step."""
    fields = {field.name for field in dataclasses.fields(layer)} & {"bias", "shift"}
    return dataclasses.replace(layer, **{name: getattr(layer, name) * np.float32(dt_ms) for name in fields})


def _advance(layer: Layer, state: dict[str, Array], *inputs: Array) -> Array:
    """Return what ``layer`` gives in one step, and bring its state up to date."""
    if isinstance(layer, Neuron):
        potential = state["potential"]
        potential += inputs[0]
        if not isinstance(layer, IntegrateFire):
            return potential
        fires = potential >= layer.threshold
        potential[fires] = 0 if layer.reset == "zero" else potential[fires] - np.float32(layer.threshold)
        return fires.astype(np.float32)
    if isinstance(layer, MaxPool):  # what the largest sum so far of each window has grown by
        state["sum"] += inputs[0]
        before, state["largest"] = state["largest"], analog.apply(layer, state["sum"])
        return state["largest"] - before
    return analog.apply(layer, *inputs)  # all other layers are linear: the spikes of one step are enough


def _events(spikes: Array) -> Events:
    """Return spikes, (steps, batch, *shape), as a list in order of step, sample and neuron."""
    step, sample, neuron = (x.astype(np.int32) for x in np.nonzero(spikes.reshape(*spikes.shape[:2], -1)))
    return Events(step, sample, neuron, np.ones(len(step), np.int8))
