"""The network that is trained: from the layer notation, or from an untrained network with activations or neurons."""

from __future__ import annotations

import dataclasses
import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import singledispatch

import numpy as np
from snn import analog
from snn import layers as op
from snn.errors import SettingsError, UnsupportedLayer
from snn.network import Array, Layer, Network, Shape
from snn.neurons import Neuron
from snn.response_neurons import CurrentBased, SpikeResponse
from snn.simplifying import simplify

from .notation import read

TRAINED = (op.Dense, op.Conv)
"""The kinds of layers that have weights."""

PASSING = (op.Flatten, op.Reshape, op.Permute, op.Concat, op.Add, op.AvgPool)
"""Those that have none, and may stand between."""

_HINT = "backend and trainer run different kinds: docs/training.md lists what slayer trains"


@dataclass(frozen=True, eq=False)
class Prepared:
    """A spiking network, and which of its layers keep their weights.

    Attributes
    ----------
    network : Network
        Its last layer are neurons, and all its neurons are of one kind.
    fixed : set of str
        The names of layers whose weights are not trained.
    """

    network: Network
    fixed: frozenset[str] = frozenset()

    @property
    def weighted(self) -> tuple[op.Dense | op.Conv, ...]:
        """The layers with weights, in order."""
        return tuple(layer for layer in self.network.layers if isinstance(layer, TRAINED))


def from_notation(
    words: tuple[str, ...],
    neurons: Callable[[str], Neuron],
    pool: float,
    scale: float,
    seed: int,
) -> Prepared:
    """Return the network that ``words`` stand for; ``neurons`` makes those behind a layer of this name.

    ``pool`` is the weight of a sum over a window; ``scale`` multiplies weights between plus and minus one over the root
    of how many a neuron has.
    """

    def weights(name: str, shape: Shape) -> Array:
        if name.startswith("pool"):
            return np.full(shape, pool, np.float32)
        return _random(seed, name, shape, scale)

    found = read(words, weights, neurons)
    named = f"layers {', '.join(words)}"
    return Prepared(Network(found.layers, provenance=(named,), stage="spiking"), found.fixed)


def from_network(network: Network, neurons: Callable[[str], Neuron], scale: float) -> Prepared:
    """Return an untrained ``network`` with neurons in the place of its activations, and behind its last weights.

    Its weights are taken as they are where it has neurons of its own, else times ``scale``.

    Raises
    ------
    UnsupportedLayer
        It has a layer that is not trained here.
    """
    if network.stage == "parsed" and not any(isinstance(layer, Neuron) for layer in network.layers):
        network = simplify(network)
    _check(network)
    layers: list[Layer] = []
    own = any(isinstance(layer, Neuron) for layer in network.layers)
    for layer in network.layers:
        changed = layer
        if isinstance(layer, op.Activation):
            changed = dataclasses.replace(neurons(layer.inputs[0]), name=layer.name, inputs=layer.inputs)
        elif isinstance(layer, TRAINED) and not own:
            changed = dataclasses.replace(layer, weight=layer.weight * np.float32(scale))
        layers.append(changed)
    if not isinstance(layers[-1], Neuron):
        layers.append(neurons(layers[-1].name))
    spiking = Network(tuple(layers), (*network.provenance, "neurons for activations"), stage="spiking")
    return Prepared(spiking)


def check(prepared: Prepared, shape: Shape, classes: int) -> None:
    """Raise SettingsError or UnsupportedLayer where the network does not fit samples of ``shape`` and their classes."""
    network = prepared.network
    given = network.shapes[network.input.name]
    if given != shape:
        raise SettingsError(
            f"the network takes samples of shape {given}, and those to learn from have {shape}",
            hint="the first of layers is width x height x channels, or a number of elements",
        )
    outputs = math.prod(network.shapes[network.output.name])
    if outputs < classes:
        raise SettingsError(
            f"the network has {outputs} outputs, and the samples {classes} classes", hint="end layers with more neurons"
        )
    if not any(layer.name not in prepared.fixed for layer in prepared.weighted):
        raise SettingsError("the network has no weights to train", hint="add a dense layer or a convolution")


def _check(network: Network) -> None:
    kinds = {type(layer) for layer in network.layers if isinstance(layer, Neuron)}
    if len(kinds) > 1:
        names = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise UnsupportedLayer(
            f"the network has neurons of several kinds, {names}; one is trained at a time", hint=_HINT
        )
    for layer in network.layers:
        if fault := _fault(layer, network):
            raise UnsupportedLayer(f"layer {layer.name!r}: {fault}", hint=_HINT)


@singledispatch
def _fault(layer: Layer, network: Network) -> str:
    """Return why ``layer`` cannot be trained, or trained through; empty where it can."""
    if isinstance(layer, (op.Input, *PASSING)):
        return ""
    return f"trainer 'slayer' does not train through {layer.kind}"


@_fault.register
def _(layer: Neuron, network: Network) -> str:
    if isinstance(layer, CurrentBased) and not layer.integer:
        return "trainer 'slayer' trains CurrentBased neurons that count in whole numbers, as Loihi's do"
    known = isinstance(layer, (SpikeResponse, CurrentBased))
    return "" if known else f"trainer 'slayer' does not train {layer.kind} neurons"


@_fault.register
def _(layer: op.Activation, network: Network) -> str:
    last = layer is network.output
    if layer.function == "relu" or (last and layer.function in ("softmax", "linear")):
        return ""
    return f"spikes take the place of relu, and of softmax at the end, not of {layer.function}"


@_fault.register(op.Dense)
@_fault.register(op.Conv)
def _(layer: op.Dense | op.Conv, network: Network) -> str:
    if isinstance(layer, op.Conv) and layer.weight.ndim != 4:
        return "trainer 'slayer' trains convolutions over rows and columns"
    return "it has biases, and SLAYER's neurons have none" if layer.bias.any() else ""


@_fault.register
def _(layer: op.Add, network: Network) -> str:
    return "trainer 'slayer' adds what has factors of 1" if (layer.factors != 1).any() else ""


@_fault.register
def _(layer: op.AvgPool, network: Network) -> str:
    (x,) = network.input_shapes(layer)
    shares = np.unique(analog.divisors(layer, x[1:]))
    if len(x) == 3 and len(shares) == 1 and math.frexp(float(shares[0]))[0] == 0.5:
        return ""
    return "averages of other than 2, 4, 8, ... elements are rounded, and spikes would differ"


def _random(seed: int, name: str, shape: Shape, scale: float) -> Array:
    """Return weights, evenly distributed; the same for a seed and a name."""
    bound = scale / math.sqrt(math.prod(shape[1:]))
    draw = np.random.default_rng([seed, zlib.crc32(name.encode())])
    return draw.uniform(-bound, bound, shape).astype(np.float32)
