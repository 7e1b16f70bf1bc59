"""What neurons get besides spikes, step by step: for simulators that are given it as currents.

That is their biases, and what enters before the first neurons.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from . import analog
from . import layers as op
from .connections import drive
from .errors import SimulationError
from .network import Array, Layer, Network
from .neurons import Neuron
from .simulating import Stimulus

_PER_MILLISECOND = ("bias", "shift")


def per_sample(network: Network, samples: Array, dt_ms: float) -> dict[str, Array]:
    """Return what each neuron gets in every step of a sample, (batch, neurons) by layer, while no neuron fires."""
    found = drive(network, samples)
    return {name: given.reshape(len(given), -1) * np.float32(dt_ms) for name, given in found.items()}


def per_step(network: Network, stimulus: Stimulus) -> dict[str, Array]:
    """Return what each neuron gets in each step of each sample, (samples * steps, neurons) by layer.

    Steps of one sample come one after the other. Neurons that the input reaches only through others get the same in all
    steps, and have a single row.
    """
    steps, dt_ms = stimulus.clock.steps, stimulus.clock.dt_ms
    entered = stimulus.steps(0, steps)
    touched = _touched(network)
    read = _read_by(network, touched)
    fixed = per_sample(network, np.zeros_like(stimulus.samples[:1]), dt_ms)
    values: dict[str, Array] = {}
    found = {name: given for name, given in fixed.items() if name not in touched}
    for layer in network.layers:
        if isinstance(layer, op.Input):
            values[layer.name] = entered
        elif isinstance(layer, Neuron):
            if layer.name in touched:
                given = values[layer.inputs[0]]
                found[layer.name] = np.moveaxis(given, 0, 1).reshape(given.shape[0] * given.shape[1], -1)
            values[layer.name] = np.zeros((*entered.shape[:2], *network.shapes[layer.name]), np.float32)
        elif layer.name in read:
            values[layer.name] = _in_steps(layer, dt_ms, *(values[name] for name in layer.inputs))
    return found


def reached(network: Network) -> frozenset[str]:
    """Return the layers of neurons that the input, as a current, reaches without passing others."""
    return frozenset(name for name in _touched(network) if isinstance(network[name], Neuron))


def check(currents: Mapping[str, Array]) -> None:
    """Raise SimulationError where a current is no finite number, which simulators take without a word."""
    for name, rows in currents.items():
        if not np.isfinite(rows).all():
            raise SimulationError(
                f"layer {name!r} is given a current that is no finite number",
                hint="are the samples preprocessed as the model was trained?",
            )


def _touched(network: Network) -> frozenset[str]:
    """Return the layers that the input reaches without passing a neuron, with the neurons at the end of the ways."""
    names: set[str] = {network.input.name}
    for layer in network.layers:
        if any(name in names and not isinstance(network[name], Neuron) for name in layer.inputs):
            names.add(layer.name)
    return frozenset(names)


def _read_by(network: Network, touched: frozenset[str]) -> frozenset[str]:
    """Return the layers that those in ``touched`` read, directly or through others, up to the neurons before them."""
    waiting = [name for name in touched if name != network.input.name]
    found: set[str] = {name for name in waiting if not isinstance(network[name], Neuron)}
    while waiting:
        for name in network[waiting.pop()].inputs:
            if name not in found:
                found.add(name)
                if not isinstance(network[name], Neuron):
                    waiting.append(name)
    return frozenset(found)


def _in_steps(layer: Layer, dt_ms: float, *inputs: Array) -> Array:
    """Return what ``layer`` gives in each step, (steps, batch, *shape), for what it is given in each."""
    fields = [name for name in _PER_MILLISECOND if hasattr(layer, name)]
    scaled = dataclasses.replace(layer, **{name: getattr(layer, name) * np.float32(dt_ms) for name in fields})
    given = [values.reshape(-1, *values.shape[2:]) for values in inputs]
    if isinstance(layer, op.MaxPool):  # what the largest sum so far of each window has grown by
        given = [inputs[0].cumsum(axis=0).reshape(given[0].shape)]
    result = analog.apply(scaled, *given)
    result = result.reshape(*inputs[0].shape[:2], *result.shape[1:])
    if isinstance(layer, op.MaxPool):
        result = np.diff(result, axis=0, prepend=np.zeros_like(result[:1]))
    return result
