"""Where a layer's values leave the analog activations: inherited, clipped, quantised, or fired at the wrong time.

With ``a`` the analog activation of a neuron, ``f`` its function, ``z`` its mean input in the run, that is what the
operations before it make of the values of the neurons that they read, and ``v`` its value:

::

    inherited     f(z) - a                  the neurons before have other values than their activations
    clipping      min(f(z), largest) - f(z) a neuron has a largest value, such as one spike a step
    quantisation  alone(z) - min(f(z), largest)     it counts in whole spikes, and starts with a potential
    unevenness    v - alone(z)              its input does not come evenly (Bu et al. 2022, Rueckauer et al. 2017)

``z`` is counted in thresholds of neurons that integrate and fire, since a backend may have given them and their weights
other units. What a backend has rounded of the weights is inherited, too.

``alone(z)`` is what the neuron would give if ``z`` came evenly in all steps (`snn.measures.ideal`). The four sum to
``v - a``, neuron by neuron.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import analog
from ..clock import Clock
from ..network import Layer, Network
from ..neurons import IntegrateFire, Neuron
from .ideal import alone, largest
from .references import Reference

Values = npt.NDArray[np.float64]


def mean_inputs(spiking: Network, entry: Values, values: Mapping[str, Values]) -> dict[str, Values]:
    """Return what enters each layer of neurons, on average, (batch, *shape) by name.

    Parameters
    ----------
    spiking : Network
    entry : ndarray, (batch, *shape)
        What entered the network, on average: per millisecond, or all of it for kinds with a window.
    values : mapping of layer name to ndarray, (batch, *shape)
        Of every layer of neurons that another layer reads.
    """
    found: dict[str, Values] = {}

    def step(layer: Layer, *inputs: Any) -> Any:
        if not isinstance(layer, Neuron):
            return analog.apply(layer, *inputs)
        found[layer.name] = inputs[0]
        return values.get(layer.name, inputs[0])

    analog.passed(spiking, entry, step)
    return found


def error_budget(
    layer: Layer, reference: Reference, activation: Values, mean_input: Values, value: Values, clock: Clock
) -> dict[str, Values] | None:
    """Return each part of ``value - activation``, (batch, *shape) by name; None for a kind of neuron not known."""
    ideal = alone(layer, mean_input, value, clock)
    if ideal is None or reference.function == "softmax":
        return None
    wanted = reference.apply(mean_input / (layer.threshold if isinstance(layer, IntegrateFire) else 1))
    bound = largest(layer, clock)
    kept = wanted if bound is None else np.minimum(wanted, bound)
    return {
        "inherited": wanted - activation,
        "clipping": kept - wanted,
        "quantisation": ideal - kept,
        "unevenness": value - ideal,
    }
