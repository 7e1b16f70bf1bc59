"""Numbers of layers that are weights of synapses: what they are, how large, and how others are put in their place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from snn import analog
from snn import layers as op
from snn.network import Array, Layer, Network

from .thresholds import Gains
from .wiring import WEIGHTED

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Weights:
    """Numbers of a layer that are weights of synapses.

    Attributes
    ----------
    layer, field : str
    position : int
        Of the input whose factors they are, in an `Add`; else -1.
    """

    layer: str
    field: str
    position: int = -1

    def values(self, network: Network, grown: Gains) -> Numbers:
        """Return the numbers, for spikes that are worth what they will be."""
        layer = network[self.layer]
        found = np.asarray(getattr(layer, self.field), np.float64)
        if self.position >= 0:
            return np.asarray(found[self.position] * gain(network, layer.inputs[self.position], grown).max())
        worth = gain(network, layer.inputs[0], grown)
        if isinstance(layer, op.Dense):
            return found * worth
        if isinstance(layer, WEIGHTED):
            channels = worth.reshape(len(worth), -1).max(axis=1)
            if isinstance(layer, op.ConvTranspose):
                return found * channels.reshape(-1, *[1] * (found.ndim - 1))
            groups = getattr(layer, "groups", 1)
            grouped = found.reshape(groups, -1, *found.shape[1:])
            return (grouped * channels.reshape(groups, 1, -1, *[1] * (found.ndim - 2))).reshape(found.shape)
        return found * worth.max()

    def largest_sum(self, network: Network, values: Numbers) -> float:
        """Return a bound of the sum of weights of one sign that a neuron can be given in a step."""
        layer = network[self.layer]
        if not isinstance(layer, WEIGHTED):
            return float(np.abs(values).max(initial=0))
        # in a transposed convolution, (in, out / groups, *kernel), every place of the kernel may meet the same output
        axis = (0, *range(2, values.ndim)) if isinstance(layer, op.ConvTranspose) else tuple(range(1, values.ndim))
        return max(float(np.maximum(sign * values, 0).sum(axis=axis).max(initial=0)) for sign in (1, -1))

    def put(self, layers: dict[str, Layer], network: Network, values: Numbers) -> None:
        """Put ``values`` in the place of the numbers, in the layer of ``layers``, where it has been changed before."""
        layer = layers.get(self.layer, network[self.layer])
        if self.position >= 0:
            factors = np.array(getattr(layer, self.field))
            factors[self.position] = values
            values = factors
        layers[self.layer] = with_fields(layer, **{self.field: values.astype(np.float32)})


def gain(network: Network, name: str, grown: Gains) -> Array:
    """Return what the spikes in each element of ``name``, which is plain, will be worth more."""
    layer = network[name]
    if name in grown:
        return np.full(network.shapes[name], grown[name], np.float32)
    return analog.apply(layer, *(gain(network, source, grown)[None] for source in layer.inputs))[0]


def with_fields(layer: Layer, **fields: Any) -> Layer:
    """Return ``layer`` with other ``fields``."""
    return replace(layer, **fields)
