"""Neurons, and what is before them: each layer of neurons as the modules that read, integrate and fire.

Five ways of reading are known. A convolution of stride 1 is a module each map. An average pool whose windows lie side
by side is a module each map, which passes events on at the addresses of their windows, and one of neurons behind it.
A dense layer is one module, with a flattening one before it where maps are read. Neurons that read the elements
themselves are convolutions with a kernel of one weight. All else is unrolled: a dense layer with the weights that
the layers between come to.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from snn import layers as op
from snn.network import Array
from snn.neurons import Accumulate, IntegrateFire, Neuron, SoftmaxFire

from . import modules, names
from .drafting import Draft, maps, on_two_axes
from .integers import LARGEST, Integers, Lost, rounded, together
from .modules import SILENT, Rule
from .plan import Cells, Place, Unfit
from .ways import Way, constant, matrix, way

_COARSER = "choose a smaller backend.megasim.scaling_factor, or normalise the network"


class _Reading:
    """One layer of neurons and its way, as they come into the draft.

    Parameters
    ----------
    draft : Draft
    layer : Neuron
    before : Way
    divisor : int
        What weights are divided by, and all else is multiplied with in its place.
    """

    def __init__(self, draft: Draft, layer: Neuron, before: Way, divisor: int = 1) -> None:
        self.draft, self.layer, self.before = draft, layer, before
        worths = [draft.places[name].worth for name in before.sources]
        self.unit = draft.scheme.scaling_factor * divisor * math.lcm(*(worth.denominator for worth in worths))
        self.label = draft.labels[layer.name]
        self._lost: list[Lost] = []
        self._most = 0

    def weights(self, weight: npt.ArrayLike, worth: Fraction) -> Integers:
        """Return the weights for spikes of a height, which is part of them, as integers."""
        found, lost = rounded(np.asarray(weight, np.float64) * float(worth), self.unit)
        self._lost.append(lost)
        if np.abs(found).max(initial=0) > LARGEST:
            largest = np.abs(weight).max()
            raise Unfit(self.layer.name, f"its weight {largest:.3g} is over 32 bits, in {self.unit:,}ths", _COARSER)
        return found

    def biases(self, bias: Array) -> Integers | None:
        """Return what enters in a step, (...) as given per millisecond; None where it is 0."""
        if not np.any(bias):
            return None
        return self.weights(bias * np.float64(self.draft.scheme.clock.dt_ms), Fraction(1))

    def start(self) -> Integers | None:
        """Return the potentials at rest, (*shape); None where they are 0."""
        if not isinstance(self.layer, IntegrateFire) or not np.any(self.layer.initial):
            return None
        shape = self.draft.network.shapes[self.layer.name]
        return self.weights(np.broadcast_to(self.layer.initial, shape), Fraction(1))

    def rule(self) -> Rule:
        """Return how the neurons fire."""
        ticks, delay = self.draft.ticks, self.draft.scheme.delay
        if isinstance(self.layer, Accumulate):
            return Rule(SILENT, False, ticks, delay, fires=False)
        height = self.layer.threshold if isinstance(self.layer, IntegrateFire) else 1 / getattr(self.layer, "gain", 1.0)
        threshold, lost = rounded(height, self.unit)
        self._lost.append(lost)
        if not 1 <= threshold <= LARGEST:
            raise Unfit(self.layer.name, f"its threshold {height:.3g} is not in 32 bits, in {self.unit:,}ths", _COARSER)
        subtract = isinstance(self.layer, IntegrateFire) and self.layer.reset == "subtract"
        return Rule(int(threshold), subtract, ticks, delay)

    def control(self, bias: Integers | None, start: Integers | None) -> tuple[str, ...]:
        """Return the sources of control that a module reads, but that of the reset."""
        draws = isinstance(self.layer, SoftmaxFire)
        parts = ((bias is not None, names.BIAS), (start is not None, names.START), (draws, names.DRAW))
        return tuple(name for there, name in parts if there)

    def bound(self, rising: Integers, bias: Integers | int) -> None:
        """Note what a step changes potentials by: the sums of weights above 0 and below, (signs, neurons)."""
        rise = rising[0] + np.maximum(bias, 0)
        fall = rising[1] - np.minimum(bias, 0)
        self._most = max(self._most, int(rise.max(initial=0)), int(fall.max(initial=0)))

    def done(self, reads: str, nodes: tuple[str, ...], height: int, width: int, start: Integers | None) -> None:
        """Add the place of the neurons and what is known of them to the draft."""
        self.draft.places[self.layer.name] = Place(nodes, height, width)
        rest = 0 if start is None else int(np.abs(start).max())
        self.draft.cells[self.layer.name] = Cells(reads, self.unit, self._most, rest, together(self._lost))


def read(draft: Draft, layer: Neuron) -> None:
    """Add the modules of ``layer`` and of what is before it; raise Unfit where that cannot be."""
    before = way(draft.network, layer)
    kinds = tuple(type(between) for between in before.layers)
    apart = _in_maps(draft, before)
    if not _is_chain(before, layer) or isinstance(layer, SoftmaxFire):
        _unrolled(_Reading(draft, layer, before))
    elif kinds in ((), (op.Flatten,)):
        source = draft.places[before.sources[0]]
        _same(_Reading(draft, layer, before), "same", source.nodes, source)
    elif kinds == (op.Conv,) and apart and set(before.layers[0].stride) == {1}:  # type: ignore[attr-defined]  # a Conv's
        _convolution(_Reading(draft, layer, before), before.layers[0])  # type: ignore[arg-type]
    elif kinds == (op.AvgPool,) and apart and _side_by_side(before.layers[0]):  # type: ignore[arg-type]
        _average(_Reading(draft, layer, before, math.prod(before.layers[0].size)), before.layers[0])  # type: ignore[attr-defined,arg-type]
    elif kinds in ((op.Dense,), (op.Flatten, op.Dense)):
        _dense(_Reading(draft, layer, before), before.layers[-1])  # type: ignore[arg-type]
    else:
        _unrolled(_Reading(draft, layer, before))


def _is_chain(before: Way, layer: Neuron) -> bool:
    """Return whether there is one source, and each layer reads the one before it."""
    names_ = [*before.sources, *(between.name for between in before.layers)]
    readers = [*before.layers, layer]
    return len(before.sources) == 1 and all(
        reader.inputs == (name,) for name, reader in zip(names_, readers, strict=True)
    )


def _in_maps(draft: Draft, before: Way) -> bool:
    """Return whether the source has a node each map, with images of one axis or two."""
    source = before.sources[0]
    shape = draft.network.shapes[source]
    return len(shape) in (2, 3) and len(draft.places[source].nodes) == shape[0]


def _side_by_side(pool: op.AvgPool) -> bool:
    return pool.size == pool.stride and not any(any(pair) for pair in pool.padding)


def _same(reading: _Reading, reads: str, nodes: tuple[str, ...], source: Place, share: float = 1.0) -> None:
    """Add neurons each of which reads ``share`` of the spikes at its own address."""
    draft, start, rule = reading.draft, reading.start(), reading.rule()
    draft.make_room(reading.layer.name, source.elements * (start is not None))
    kernel = reading.weights(np.full((1, 1, 1), share), source.worth)
    apart = None if start is None else start.reshape(len(nodes), source.height, source.width)
    shape = source.height, source.width
    made = names.nodes(reading.label, len(nodes))
    for number, (node, given) in enumerate(zip(made, nodes, strict=True)):
        own = None if apart is None else apart[number]
        parameters = modules.convolution(kernel, (0, 0), shape, shape, rule, None, own)
        draft.add("module_conv", (given, *reading.control(None, own)), reading.label, node, parameters)
    reading.bound(np.array([[kernel.max()], [0]]), 0)
    reading.done(reads, made, *shape, start)


def _average(reading: _Reading, pool: op.AvgPool) -> None:
    """Add the modules of a pool, and neurons that read them.

    MegaSim subsamples addresses where events leave a module, behind its neurons. So those of the pool fire at once for
    every event; what adds up the events of a window is the neurons behind.
    """
    draft, place = reading.draft, reading.draft.places[reading.before.sources[0]]
    count, height, width = maps(draft.network.shapes[pool.name])
    size = on_two_axes(pool.size, 1)
    at_once = Rule(draft.scheme.scaling_factor, False, 0, draft.scheme.delay)
    made = modules.subsampling(size, (height, width), at_once)
    label = draft.labels[pool.name]
    nodes = names.nodes(label, count)
    if place.nodes[0] in draft.places[draft.network.input.name].nodes:
        draft.unsigned = pool.name
    for node, given in zip(nodes, place.nodes, strict=True):
        draft.add("module_conv", (given,), label, node, made)
    _same(reading, "pool", nodes, Place(nodes, height, width, place.worth), 1 / math.prod(size))


def _convolution(reading: _Reading, conv: op.Conv) -> None:
    """Add a module each map."""
    draft, place = reading.draft, reading.draft.places[reading.before.sources[0]]
    count, height, width = maps(draft.network.shapes[conv.name])
    bias, start, rule = reading.biases(conv.bias), reading.start(), reading.rule()
    weight = _spread(conv)
    integers = height * width * ((bias is not None) + (start is not None)) + math.prod(weight.shape[1:])
    draft.make_room(reading.layer.name, count * integers)
    kernels = reading.weights(weight, place.worth)
    each, per_group = weight.shape[1], count // conv.groups
    nodes = names.nodes(reading.label, count)
    for number, node in enumerate(nodes):
        first = number // per_group * each
        own = None if start is None else start.reshape(count, height, width)[number]
        given = None if bias is None else int(bias[number])
        before = on_two_axes([pair[0] for pair in conv.padding], 0)
        parameters = modules.convolution(
            kernels[number], before, (place.height, place.width), (height, width), rule, given, own
        )
        inputs = (*place.nodes[first : first + each], *reading.control(bias, start))
        draft.add("module_conv", inputs, reading.label, node, parameters)
    sums = [np.maximum(sign * kernels, 0).sum(axis=(1, 2, 3)) for sign in (1, -1)]
    reading.bound(np.array(sums), 0 if bias is None else bias)
    reading.done("convolution", nodes, height, width, start)


def _spread(conv: op.Conv) -> Array:
    """Return the kernels of a convolution, (out, in / groups, height, width), with zeros in the gaps."""
    weight = conv.weight.reshape(*conv.weight.shape[:2], *on_two_axes(conv.weight.shape[2:], 1))
    gaps = on_two_axes(conv.dilation, 1)
    size = [(length - 1) * gap + 1 for length, gap in zip(weight.shape[2:], gaps, strict=True)]
    found = np.zeros((*weight.shape[:2], *size), np.float32)
    found[:, :, :: gaps[0], :: gaps[1]] = weight
    return found


def _dense(reading: _Reading, dense: op.Dense) -> None:
    """Add one module, and a flattening one where it reads maps."""
    draft, source = reading.draft, reading.before.sources[0]
    draft.make_room(reading.layer.name, dense.weight.size)
    flat = [layer.name for layer in reading.before.layers[:-1]]
    label = draft.labels[flat[0]] if flat else draft.labels[f"{source}\0"]
    node = draft.flattened(source, label)
    kernel = reading.weights(dense.weight.T, draft.places[source].worth)
    _full(reading, "dense", [kernel], (node,), reading.biases(dense.bias))


def _unrolled(reading: _Reading) -> None:
    """Add one module that has all weights between its sources and the neurons."""
    draft, layer, before = reading.draft, reading.layer, reading.before
    size = math.prod(draft.network.shapes[layer.name])
    draft.make_room(layer.name, size * sum(draft.places[name].elements for name in before.sources))
    found = [
        reading.weights(matrix(draft.network, before, name, layer), draft.places[name].worth) for name in before.sources
    ]
    nodes = tuple(draft.flattened(name, draft.labels[f"{name}\0"]) for name in before.sources)
    _full(reading, "unrolled", found, nodes, reading.biases(constant(draft.network, before, layer)))


def _full(
    reading: _Reading, reads: str, kernels: list[Integers], inputs: tuple[str, ...], bias: Integers | None
) -> None:
    """Add a fully connected module, or a softmax; ``kernels`` are (elements, neurons), one an input."""
    draft, rule, softmax = reading.draft, reading.rule(), isinstance(reading.layer, SoftmaxFire)
    given = reading.start()
    start = None if given is None else given.reshape(-1)
    parameters = modules.dense(kernels, rule, bias, start, softmax=softmax)
    node, module = reading.label, "module_softmax" if softmax else "module_fully_connected"
    draft.add(module, (*inputs, *reading.control(bias, start)), reading.label, node, parameters)
    sums = [sum(np.maximum(sign * kernel, 0).sum(axis=0) for kernel in kernels) for sign in (1, -1)]
    reading.bound(np.array(sums), 0 if bias is None else bias)
    reading.done(reads, (node,), 1, kernels[0].shape[1], start)
