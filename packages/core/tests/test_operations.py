"""Multiply-adds and fan-out are the counts one gets by asking each input element what it moves."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from snn import analog, operations
from snn import layers as op
from snn.neurons import Accumulate, IntegrateFire, Neuron

from . import graphs

LINEAR = ("dense", "conv", "transpose", "avgpool", "pad", "upsample", "flatten", "add", "concat", "permute", "reshape")


def positive(layer):
    """Return ``layer`` with ones for the non-zero weights and no bias, so that its Jacobian counts paths."""
    fields = {}
    for field in dataclasses.fields(layer):
        value = getattr(layer, field.name)
        if isinstance(value, np.ndarray):
            fields[field.name] = np.zeros_like(value) if field.name in ("bias", "shift") else np.ones_like(value)
    if "weight" in fields:
        fields["weight"] = (layer.weight != 0).astype(np.float32)
    return dataclasses.replace(layer, **fields)


def jacobian(layer, shapes, position):
    """Return the paths from each element of one input to each of the output, (inputs, outputs), by moving each."""
    layer = positive(layer)
    size = int(np.prod(shapes[position]))
    moved = [np.zeros((size, *shape), np.float32) for shape in shapes]
    moved[position] = np.eye(size, dtype=np.float32).reshape(size, *shapes[position])
    if isinstance(layer, op.AvgPool):
        return (analog.apply(layer, *moved).reshape(size, -1) > 0).astype(float)
    return analog.apply(layer, *moved).reshape(size, -1).astype(float)


def sparse(network, seed):
    """Return ``network`` with a third of its weights zero."""
    rng = np.random.default_rng(seed)

    def thin(layer):
        if not hasattr(layer, "weight"):
            return layer
        return dataclasses.replace(layer, weight=layer.weight * (rng.random(layer.weight.shape) > 1 / 3))

    return network.rebuild(thin, "thinned")


@graphs.over_seeds(80)
def test_backward_is_the_transposed_jacobian_of_every_layer(seed):
    network = sparse(graphs.grow(seed, LINEAR, steps=10), seed)
    rng = np.random.default_rng(seed)
    for layer in network.layers[1:]:
        shapes = network.input_shapes(layer)
        paths = rng.integers(0, 5, network.shapes[layer.name]).astype(float)
        for position in range(len(shapes)):
            expected = jacobian(layer, shapes, position) @ paths.ravel()
            found = operations.backward(layer, paths, shapes, position)
            np.testing.assert_array_equal(found, expected.reshape(shapes[position]))


@graphs.over_seeds(60)
def test_multiply_adds_are_the_weights_that_meet_an_input(seed):
    network = sparse(graphs.grow(seed, (*LINEAR, "relu", "maxpool"), steps=10), seed)
    weighted = [layer for layer in network.layers if hasattr(layer, "weight")]
    expected = sum(int(jacobian(layer, network.input_shapes(layer), 0).sum()) for layer in weighted)
    assert operations.multiply_adds(network) == expected


def spiking(*kinds):
    """Yield networks of ``kinds`` with neurons between and at the end."""
    for seed in range(60):
        network = sparse(graphs.grow(seed, (*LINEAR, *kinds), steps=12), seed)
        rng = np.random.default_rng(seed)
        layers = []
        renamed = {}
        for layer in network.layers:
            inputs = tuple(renamed.get(name, name) for name in layer.inputs)
            layers.append(dataclasses.replace(layer, inputs=inputs))
            if layer is network.output or rng.random() < 0.3:
                renamed[layer.name] = f"{layer.name}/fire"
                layers.append(IntegrateFire(name=renamed[layer.name], inputs=(layer.name,)))
        yield network.replace(layers)


def test_fan_out_counts_the_paths_to_the_next_neurons():
    for network in spiking("maxpool"):
        found = operations.fan_out(network)
        for source in network.layers:
            if not (isinstance(source, Neuron) or source.arity == 0):
                continue
            size = int(np.prod(network.shapes[source.name]))
            total = np.zeros(size)
            reach = {source.name: np.eye(size)}
            for layer in network.layers:
                inside = [position for position, name in enumerate(layer.inputs) if name in reach]
                if isinstance(layer, Neuron):
                    total += sum(reach[layer.inputs[position]].sum(axis=1) for position in inside)
                elif inside:
                    shapes = network.input_shapes(layer)
                    step = windows if isinstance(layer, op.MaxPool) else jacobian
                    reach[layer.name] = sum(
                        reach[layer.inputs[position]] @ step(layer, shapes, position) for position in inside
                    )
            np.testing.assert_array_equal(found[source.name].ravel(), total)


def windows(layer, shapes, position):
    """Return which cells stand in which windows of a pool."""
    fields = {field.name: getattr(layer, field.name) for field in dataclasses.fields(layer)}
    return jacobian(op.AvgPool(**fields), shapes, position)


def test_fan_out_by_hand():
    # a kernel of 2 over 3 cells: the middle one stands in two windows, each with two output channels
    conv = graphs.conv("c", "in", np.ones((2, 1, 2)))
    fire = IntegrateFire(name="n", inputs=("c",))
    flat = op.Flatten(name="f", inputs=("n",))
    dense = graphs.dense("d", "f", [[1, 0, 1, 0], [1, 1, 0, 0]])
    network = graphs.chain((1, 3), conv, fire, flat, dense, Accumulate(name="out", inputs=("d",)))
    found = operations.fan_out(network)
    np.testing.assert_array_equal(found["in"], [[2, 4, 2]])
    np.testing.assert_array_equal(found["n"], [[2, 1], [1, 0]])
    np.testing.assert_array_equal(found["out"], [0, 0])
    assert operations.multiply_adds(network) == 8 + 4
    assert operations.constant_multiply_adds(network) == 8
    assert operations.analog_part(network) == {"in", "c"}


def test_border_is_left_out_of_the_multiply_adds():
    conv = graphs.conv("c", "in", np.ones((1, 1, 3)), padding=((1, 1),))
    assert operations.multiply_adds(graphs.chain((1, 4), conv)) == 2 + 3 + 3 + 2


def test_neurons_read_without_weights_count_one_each():
    fire = IntegrateFire(name="n", inputs=("in",))
    assert operations.fan_out(graphs.chain((3,), fire))["in"].tolist() == [1, 1, 1]


def test_kind_that_has_no_synapses_is_a_bug_of_the_caller():
    with pytest.raises(TypeError, match="a IntegrateFire has no synapses to count"):
        operations.backward(IntegrateFire(name="n", inputs=("in",)), np.ones(1), ((1,),), 0)
