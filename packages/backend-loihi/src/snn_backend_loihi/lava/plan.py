"""A program as Lava's processes: which layers are convolutions, and in what order neurons stand."""

from __future__ import annotations

import math
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from snn import layers as op
from snn.errors import UnsupportedLayer
from snn.network import Network, Shape

from ..program import Program, Synapses
from .orders import Build, Bundle, Group, Integers

Values = TypeVar("Values", bound=npt.NDArray[Any])
_IMAGE = 3
_LARGEST = 2**26  # numbers of a matrix


def plan(program: Program, network: Network, steps: int, read: frozenset[str]) -> Build:
    """Return ``program`` as processes of Lava, whose voltages are read in the layers ``read``."""
    groups = {
        name: Group(
            shape=_shape(network.shapes[name]),
            depth=group.depth,
            threshold=group.threshold,
            current_decay=group.current_decay,
            voltage_decay=group.voltage_decay,
            soft=group.reset == "subtract",
            initial=channels_last(group.initial, network.shapes[name]),
            bias_mantissa=channels_last(group.bias_mantissa, network.shapes[name]),
            bias_exponent=channels_last(group.bias_exponent, network.shapes[name]),
            read=name in read,
        )
        for name, group in program.compartments.items()
    }
    bundles = tuple(_bundle(way, program, network) for way in program.synapses)
    inputs = _shape(network.shapes[program.entry]) if program.entry else (0,)
    return Build(groups, bundles, program.entry, inputs, steps)


def channels_last(values: Values, shape: Shape) -> Values:
    """Return values of neurons, (..., neurons), in Lava's order, (..., *shape with channels last)."""
    if len(shape) != _IMAGE:
        return values
    turned: Any = np.ascontiguousarray(np.moveaxis(values.reshape(*values.shape[:-1], *shape), -3, -1))
    return turned


def channels_first(values: Values, shape: Shape) -> Values:
    """Return values of neurons in Lava's order, in the network's, (..., *shape)."""
    turned: Any = np.moveaxis(values, -1, -3)
    return turned if len(shape) == _IMAGE else values


def _shape(shape: Shape) -> Shape:
    return (*shape[1:], shape[0]) if len(shape) == _IMAGE else (math.prod(shape),)


def _bundle(way: Synapses, program: Program, network: Network) -> Bundle:
    delay = program.compartments[way.target].depth - _depth(way.source, program)
    layer = network[network[way.target].inputs[0]]
    if delay == 1 and _is_lavas(layer, network) and layer.inputs == (way.source,):
        return _convolution(layer, way, program)  # type: ignore[arg-type]  # it is one
    into = _order(network.shapes[way.target])
    out_of = _order(network.shapes[way.source])
    if len(into) * len(out_of) > _LARGEST:
        raise UnsupportedLayer(
            f"layer {way.target!r}: Lava would be given {len(into):,} times {len(out_of):,} weights; its convolutions "
            "are those of images which are padded alike on both sides",
            hint="leave executor at 'emulator', which gives the same spikes",
        )
    weight = np.zeros((len(into), len(out_of)), np.int64)
    weight[into[way.post], out_of[way.pre]] = way.mantissa
    return Bundle(way.source, way.target, weight, way.exponent, delay)


def _depth(name: str, program: Program) -> int:
    return program.compartments[name].depth if name in program.compartments else 0


def _is_lavas(layer: object, network: Network) -> bool:
    """Return whether ``layer`` is a convolution as Lava has them: of images, padded alike on both sides."""
    if not isinstance(layer, op.Conv) or layer.weight.ndim != _IMAGE + 1:
        return False
    return all(before == after for before, after in layer.padding)


def _convolution(layer: op.Conv, way: Synapses, program: Program) -> Bundle:
    unit = program.compartments[way.target].unit
    whole = np.rint(np.ldexp(layer.weight.astype(np.float64), unit - way.exponent)).astype(np.int64)
    # Lava's is a true convolution, with the kernel turned around
    turned = np.moveaxis(whole, 1, -1)[:, ::-1, ::-1]
    padding = (layer.padding[0][0], layer.padding[1][0])
    return Bundle(
        way.source,
        way.target,
        np.ascontiguousarray(turned),
        way.exponent,
        stride=layer.stride,  # type: ignore[arg-type]  # of two axes
        padding=padding,
        dilation=layer.dilation,  # type: ignore[arg-type]
        groups=layer.groups,
    )


def _order(shape: Shape) -> Integers:
    """Return where each neuron of the network stands in Lava."""
    numbers = np.arange(math.prod(shape))
    places = np.empty_like(numbers)
    places[channels_last(numbers, shape).ravel()] = numbers
    return places
