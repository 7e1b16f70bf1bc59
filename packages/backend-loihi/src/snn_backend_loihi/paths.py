"""Where the weights stand that count between two layers of neurons, once what is more involved has been rewritten.

On the way to a layer of neurons there is then nothing but one `Weights` a source, and layers that only move or repeat
what they are given: what rounding makes of the numbers in those is what the synapses have.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from snn import analog
from snn import layers as op
from snn.connections import connections, drive
from snn.errors import UnsupportedLayer
from snn.network import Array, Layer, Network
from snn.neurons import Neuron
from snn.operations import analog_part

from .thresholds import Gains

Numbers = npt.NDArray[np.float64]

MOVING = (op.Flatten, op.Permute, op.Reshape, op.Pad, op.Concat)
"""Layers that move what they are given, and add nothing up."""

_PASSING = (*MOVING, op.Upsample)
_WEIGHTED = (op.Dense, op.Conv, op.ConvTranspose)
_SCALED = (op.Affine, op.BatchNorm)
_DENSE = 2**24  # weights of a dense layer that is put in the place of others
_HINT = "convert it with --set convert.spiking_pools=true, or train it with activations between the layers"


class _Involved(Exception):  # noqa: N818  a way to go on
    """Layers that have to be put together first."""


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
            return np.asarray(found[self.position] * _gain(network, layer.inputs[self.position], grown).max())
        gain = _gain(network, layer.inputs[0], grown)
        if isinstance(layer, op.Dense):
            return found * gain
        if isinstance(layer, _WEIGHTED):
            channels = gain.reshape(len(gain), -1).max(axis=1)
            if isinstance(layer, op.ConvTranspose):
                return found * channels.reshape(-1, *[1] * (found.ndim - 1))
            groups = getattr(layer, "groups", 1)
            grouped = found.reshape(groups, -1, *found.shape[1:])
            return (grouped * channels.reshape(groups, 1, -1, *[1] * (found.ndim - 2))).reshape(found.shape)
        return found * gain.max()

    def largest_sum(self, network: Network, values: Numbers) -> float:
        """Return a bound of the sum of weights of one sign that a neuron can be given in a step."""
        layer = network[self.layer]
        if not isinstance(layer, _WEIGHTED):
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
        layers[self.layer] = _changed(layer, **{self.field: values.astype(np.float32)})


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
        layers[name] = _changed(layer, **{_bias_field(layer): values.astype(np.float32)})


def found(network: Network) -> Paths:
    """Return where the weights of ``network`` are, which is rewritten where it has to be.

    Raises
    ------
    UnsupportedLayer
        What is between two layers of neurons is too large to be put together.
    """
    into: dict[str, tuple[Weights, ...]] = {}
    biases: dict[str, tuple[str, ...]] = {}
    before = analog_part(network)
    driven = frozenset(
        layer.name for layer in network.layers if isinstance(layer, Neuron) and _reads(network, layer.name, before)
    )
    for neuron in [layer for layer in network.layers if isinstance(layer, Neuron)]:
        try:
            tidied = _tidied(network, neuron.inputs[0])
            walk = _Walk(tidied)
            walk.go(neuron.inputs[0])
            network = tidied
        except _Involved:
            if neuron.inputs[0] in before:  # worked out before it is given to the chip
                continue
            network = _put_together(network, neuron, driven)
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
    if len(network.readers(name)) > 1 and not _plain(network, name):
        raise _Involved
    if isinstance(layer, op.Add) and factor == 1 and layer.factors.ndim == 1:
        changed[name] = _plain_sum(network, layer, changed)
    elif isinstance(layer, _PASSING) and not _plain(network, name):
        for source in layer.inputs:
            _tidy(network, source, factor, changed)
    elif isinstance(layer, (op.AvgPool, *_WEIGHTED, *_SCALED)):
        changed[name] = _times(_convolution(layer, network) if isinstance(layer, op.AvgPool) else layer, factor)
    elif factor != 1 or isinstance(layer, op.Add):
        raise _Involved


def _plain_sum(network: Network, layer: op.Add, changed: dict[str, Layer]) -> Layer:
    """Return ``layer`` with factors at spikes only: those at other inputs are moved into these."""
    factors = np.array(layer.factors)
    for position, source in enumerate(layer.inputs):
        if not _plain(network, source):
            _tidy(network, source, float(factors[position]), changed)
            factors[position] = 1
    return replace(layer, factors=factors)


def _times(layer: Layer, factor: float) -> Layer:
    if factor == 1:
        return layer
    names = ("weight", "bias") if hasattr(layer, "weight") else ("scale", "shift")
    return _changed(layer, **{name: getattr(layer, name) * np.float32(factor) for name in names})


def _changed(layer: Layer, **fields: Any) -> Layer:
    return replace(layer, **fields)


@dataclass
class _Walk:
    """Gathers the weights and biases before a layer of neurons."""

    network: Network
    weights: list[Weights] = field(default_factory=list)
    biases: list[str] = field(default_factory=list)

    def go(self, name: str) -> None:
        """Go back from ``name``; raise _Involved where there is not one weight a synapse."""
        layer = self.network[name]
        if isinstance(layer, (op.Add, *_WEIGHTED, *_SCALED)) and _twice(self.network, name):
            raise _Involved
        if isinstance(layer, op.Add):
            for position, source in enumerate(layer.inputs):
                if _plain(self.network, source):
                    self.weights.append(Weights(name, "factors", position))
                else:
                    self.go(source)
        elif isinstance(layer, (*_WEIGHTED, *_SCALED)):
            if not _plain(self.network, layer.inputs[0]):
                raise _Involved
            self.weights.append(Weights(name, "weight" if isinstance(layer, _WEIGHTED) else "scale"))
            self.biases.append(name)
        elif isinstance(layer, _PASSING) and not _plain(self.network, name):
            for source in layer.inputs:
                self.go(source)
        else:
            raise _Involved


def _plain(network: Network, name: str) -> bool:
    """Return whether ``name`` is spikes, or the input, at most moved."""
    layer = network[name]
    if isinstance(layer, (op.Input, Neuron)):
        return True
    return isinstance(layer, MOVING) and all(_plain(network, source) for source in layer.inputs)


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


def _put_together(network: Network, neuron: Neuron, driven: frozenset[str]) -> Network:
    """Return ``network`` with one dense layer in the place of all that is between ``neuron`` and those before it."""
    size = math.prod(network.shapes[neuron.name])
    sources = _sources(network, neuron.inputs[0])
    inputs = sum(math.prod(network.shapes[name]) for name in sources)
    if neuron.name in driven or size * inputs > _DENSE:
        why = "the samples reach it, too" if neuron.name in driven else f"it would have {size * inputs:,} weights"
        message = f"layer {neuron.name!r}: what is before it is no single layer of weights, and no dense one, for {why}"
        raise UnsupportedLayer(message, hint=_HINT)
    starts = np.cumsum([0, *(math.prod(network.shapes[name]) for name in sources)])
    weight = np.zeros((size, inputs), np.float32)
    for way in connections(network, entry=False):
        if way.target == neuron.name:
            weight[way.post, starts[sources.index(way.source)] + way.pre] = way.weight
    zeros = np.zeros((1, *network.shapes[network.input.name]), np.float32)
    bias = drive(network, zeros)[neuron.name].ravel()
    name = f"{neuron.name}/loihi"
    flat = [op.Flatten(name=f"{name}/{source}", inputs=(source,)) for source in sources]
    joined = op.Concat(name=f"{name}/all", inputs=tuple(layer.name for layer in flat), axis=0)
    dense = op.Dense(name=name, inputs=(joined.name,), weight=weight, bias=bias)
    shaped = op.Reshape(name=f"{name}/shape", inputs=(name,), shape=network.shapes[neuron.name])
    layers: list[Layer] = []
    for layer in network.layers:
        if layer.name == neuron.name:
            layers += [*flat, joined, dense, shaped, replace(layer, inputs=(shaped.name,))]
        else:
            layers.append(layer)
    return network.replace(_read(layers), f"one dense layer, {name!r}, in the place of what was before {neuron.name!r}")


def _read(layers: list[Layer]) -> list[Layer]:
    """Return the layers that some other reads, and the last."""
    while True:
        wanted = {name for layer in layers for name in layer.inputs} | {layers[0].name, layers[-1].name}
        kept = [layer for layer in layers if layer.name in wanted]
        if len(kept) == len(layers):
            return kept
        layers = kept


def _twice(network: Network, name: str) -> bool:
    """Return whether a spike may come to an element of ``name`` by two ways, whose weights would be one synapse."""
    found = [_sources(network, source) for source in network[name].inputs]
    plain = [_repeated(network, source) for source in network[name].inputs]
    return any(plain) or len(set().union(*found)) < sum(map(len, found))


def _repeated(network: Network, name: str) -> bool:
    """Return whether layers that only move things bring one source twice."""
    layer = network[name]
    if isinstance(layer, (op.Input, Neuron)) or not _plain(network, name):
        return False
    found = [_sources(network, source) for source in layer.inputs]
    return len(set().union(*found)) < sum(map(len, found)) or any(_repeated(network, n) for n in layer.inputs)


def _sources(network: Network, name: str) -> list[str]:
    """Return the layers of neurons, or the input, that ``name`` is made of."""
    if isinstance(network[name], (op.Input, Neuron)):
        return [name]
    found: dict[str, None] = {}
    for source in network[name].inputs:
        found |= dict.fromkeys(_sources(network, source))
    return list(found)


def _reads(network: Network, neuron: str, before: frozenset[str]) -> bool:
    """Return whether a neuron reads something that no spike reaches."""
    return any(_touches(network, name, before) for name in network[neuron].inputs)


def _touches(network: Network, name: str, before: frozenset[str]) -> bool:
    if name in before:
        return True
    return not isinstance(network[name], Neuron) and any(
        _touches(network, source, before) for source in network[name].inputs
    )


def _bias_field(layer: Layer) -> str:
    return "bias" if hasattr(layer, "bias") else "shift"


def _gain(network: Network, name: str, grown: Gains) -> Array:
    """Return what the spikes in each element of ``name``, which is plain, will be worth more."""
    layer = network[name]
    if name in grown:
        return np.full(network.shapes[name], grown[name], np.float32)
    return analog.apply(layer, *(_gain(network, source, grown)[None] for source in layer.inputs))[0]
