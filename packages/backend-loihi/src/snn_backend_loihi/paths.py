"""Where the weights stand that count between two layers of neurons, once what is more involved has been rewritten.

On the way to a layer of neurons there is then nothing but one `Weights` a source, and layers that only move or repeat
what they are given: what rounding makes of the numbers in those is what the synapses have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from snn import analog
from snn import layers as op
from snn.currents import reached
from snn.network import Layer, Network
from snn.neurons import Neuron
from snn.operations import analog_part

from .together import put_together
from .weights import Weights, with_fields
from .wiring import PASSING, SCALED, WEIGHTED, plain, twice

Numbers = npt.NDArray[np.float64]


class _Involved(Exception):  # noqa: N818  a way to go on
    """Layers that have to be put together first."""


@dataclass(frozen=True, eq=False)
class Paths:
    """A network whose weights can be rounded, and where they are.

    Attributes
    ----------
    network : Network
    into : mapping of layer name to tuple of Weights
        For each layer of neurons; none where only the samples reach it, through more than one layer of weights.
    biases : mapping of layer name to tuple of str
        For each layer of neurons, the layers before it that have biases.
    driven : set of str
        Layers of neurons that the samples reach as a current.
    mixed : set of str
        Those of them that spikes reach, too.
    """

    network: Network
    into: Mapping[str, tuple[Weights, ...]] = field(default_factory=dict)
    biases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    driven: frozenset[str] = frozenset()
    mixed: frozenset[str] = frozenset()

    def bias(self, name: str) -> tuple[str, Numbers]:
        """Return the biases of a layer, per millisecond, with its name."""
        return name, np.asarray(getattr(self.network[name], _bias_field(self.network[name])), np.float64)

    def put_bias(self, layers: dict[str, Layer], name: str, values: Numbers) -> None:
        """Put ``values`` in the place of the biases of a layer."""
        layer = layers.get(name, self.network[name])
        layers[name] = with_fields(layer, **{_bias_field(layer): values.astype(np.float32)})


def found(network: Network) -> Paths:
    """Return where the weights of ``network`` are, which is rewritten where it has to be.

    Raises
    ------
    TooInvolved
        What is between two layers of neurons is too large to be put together.
    """
    into: dict[str, tuple[Weights, ...]] = {}
    biases: dict[str, tuple[str, ...]] = {}
    before = analog_part(network)
    driven = reached(network)
    for neuron in [layer for layer in network.layers if isinstance(layer, Neuron)]:
        try:
            tidied = _tidied(network, neuron.inputs[0])
            walk = _Walk(tidied)
            walk.go(neuron.inputs[0])
            network = tidied
        except _Involved:
            if neuron.inputs[0] in before:  # worked out before it is given to the chip
                continue
            network = put_together(network, neuron, driven)
            walk = _Walk(network)
            walk.go(network[neuron.name].inputs[0])
        into[neuron.name], biases[neuron.name] = tuple(walk.weights), tuple(walk.biases)
    mixed = frozenset(name for name in driven if network[name].inputs[0] not in before)
    return Paths(network, into, biases, driven, mixed)


def _tidied(network: Network, name: str) -> Network:
    """Return ``network`` with convolutions for average pools and factors moved into weights, on the way to ``name``."""
    changed: dict[str, Layer] = {}
    _tidy(network, name, 1.0, changed)
    return network.replace(changed.get(layer.name, layer) for layer in network.layers) if changed else network


def _tidy(network: Network, name: str, factor: float, changed: dict[str, Layer]) -> None:
    """Add to ``changed`` what becomes of ``name``, and of what it reads, where its output is to be ``factor`` times."""
    layer = network[name]
    if len(network.readers(name)) > 1 and not plain(network, name):
        raise _Involved
    if isinstance(layer, op.Add) and factor == 1 and layer.factors.ndim == 1:
        changed[name] = _plain_sum(network, layer, changed)
    elif isinstance(layer, PASSING) and not plain(network, name):
        for source in layer.inputs:
            _tidy(network, source, factor, changed)
    elif isinstance(layer, (op.AvgPool, *WEIGHTED, *SCALED)):
        changed[name] = _times(_convolution(layer, network) if isinstance(layer, op.AvgPool) else layer, factor)
    elif factor != 1 or isinstance(layer, op.Add):
        raise _Involved


def _plain_sum(network: Network, layer: op.Add, changed: dict[str, Layer]) -> Layer:
    """Return ``layer`` with factors at spikes only: those at other inputs are moved into these."""
    factors = np.array(layer.factors)
    for position, source in enumerate(layer.inputs):
        if not plain(network, source):
            _tidy(network, source, float(factors[position]), changed)
            factors[position] = 1
    return replace(layer, factors=factors)


def _times(layer: Layer, factor: float) -> Layer:
    if factor == 1:
        return layer
    names = ("weight", "bias") if hasattr(layer, "weight") else ("scale", "shift")
    return with_fields(layer, **{name: getattr(layer, name) * np.float32(factor) for name in names})


@dataclass
class _Walk:
    """Gathers the weights and biases before a layer of neurons."""

    network: Network
    weights: list[Weights] = field(default_factory=list)
    biases: list[str] = field(default_factory=list)

    def go(self, name: str) -> None:
        """Go back from ``name``; raise _Involved where there is not one weight a synapse."""
        layer = self.network[name]
        if isinstance(layer, (op.Add, *WEIGHTED, *SCALED)) and twice(self.network, name):
            raise _Involved
        if isinstance(layer, op.Add):
            for position, source in enumerate(layer.inputs):
                if plain(self.network, source):
                    self.weights.append(Weights(name, "factors", position))
                else:
                    self.go(source)
        elif isinstance(layer, (*WEIGHTED, *SCALED)):
            if not plain(self.network, layer.inputs[0]):
                raise _Involved
            self.weights.append(Weights(name, "weight" if isinstance(layer, WEIGHTED) else "scale"))
            self.biases.append(name)
        elif isinstance(layer, PASSING) and not plain(self.network, name):
            for source in layer.inputs:
                self.go(source)
        else:
            raise _Involved


def _convolution(pool: op.AvgPool, network: Network) -> Layer:
    """Return an average pool as a convolution of each channel by itself, where all windows have one divisor."""
    (x,) = network.input_shapes(pool)
    shares = np.unique(analog.divisors(pool, x[1:]))
    if len(shares) > 1:
        raise _Involved
    weight = np.full((x[0], 1, *pool.size), 1 / shares[0], np.float32)
    return op.Conv(
        name=pool.name,
        inputs=pool.inputs,
        weight=weight,
        bias=np.zeros(x[0], np.float32),
        stride=pool.stride,
        padding=pool.padding,
        dilation=(1,) * len(pool.size),
        groups=x[0],
    )


def _bias_field(layer: Layer) -> str:
    return "bias" if hasattr(layer, "bias") else "shift"
