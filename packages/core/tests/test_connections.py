"""Synapses as arrays give what the layers give, and the drive is all the rest."""

from __future__ import annotations

import math

import numpy as np
import pytest
from snn import analog
from snn import layers as op
from snn.connections import LINEAR, connections, depths, drive, synapses
from snn.network import Network
from snn.neurons import Accumulate, IntegrateFire
from snn.testing import golden_layers

CASES = {
    made.__name__: made
    for made in (
        golden_layers.dense,
        golden_layers.conv,
        golden_layers.conv_of_one_axis,
        golden_layers.depthwise_conv,
        golden_layers.grouped_conv,
        golden_layers.strided_padded_conv,
        golden_layers.dilated_conv,
        golden_layers.transposed_conv,
        golden_layers.avg_pool_inside,
        golden_layers.avg_pool_padded,
        golden_layers.upsample,
        golden_layers.pad,
        golden_layers.flatten,
        golden_layers.flatten_before_dense,
        golden_layers.permute,
        golden_layers.reshape,
        golden_layers.concat,
        golden_layers.concat_of_channels,
        golden_layers.concat_along_space,
        golden_layers.add,
        golden_layers.add_per_channel,
        golden_layers.affine,
        golden_layers.affine_per_element,
        golden_layers.batch_norm,
    )
}


def behind_neurons(case):
    """Return the layers of a golden case behind neurons, and read by others."""
    entry = op.Input(name="input", shape=case.sample.shape[1:])
    first = IntegrateFire(name=golden_layers.X, inputs=("input",))
    last = Accumulate(name="out", inputs=(case.layers[-1].name,))
    return Network((entry, first, *case.layers, last), stage="spiking")


def through(found, spikes, size):
    """Return what ``spikes``, (elements,), give through synapses."""
    total = np.zeros(size)
    np.add.at(total, found.post, found.weight.astype(np.float64) * spikes[found.pre])
    return total


@pytest.mark.parametrize("name", CASES)
def test_synapses_and_drive_together_are_the_layers(name):
    case = CASES[name]()
    network = behind_neurons(case)
    found = connections(network, entry=True)
    assert [(way.source, way.target) for way in found] == [("input", golden_layers.X), (golden_layers.X, "out")]
    spikes = np.random.default_rng(0).integers(-8, 8, case.sample.size) / 4
    rest = drive(network, np.zeros_like(case.sample))["out"].ravel()
    assert through(found[1], case.sample.ravel(), rest.size) + 4 * rest == pytest.approx(case.output.ravel())
    part = Network((op.Input(name=golden_layers.X, shape=case.sample.shape[1:]), *case.layers))
    wanted = analog.evaluate(part, spikes.reshape(case.sample.shape).astype(np.float32))[part.output.name].ravel()
    assert through(found[1], spikes, rest.size) + rest == pytest.approx(wanted)


@pytest.mark.parametrize("name", CASES)
def test_synapses_are_in_order_and_none_twice_or_of_weight_zero(name):
    for way in connections(behind_neurons(CASES[name]()), entry=True):
        places = list(zip(way.post.tolist(), way.pre.tolist(), strict=True))
        assert places == sorted(set(places))
        assert (way.weight != 0).all()
        assert way.weight.dtype == np.float32


def chain():
    """Return an input that is scaled, neurons, and two ways to the next: straight, and through a layer."""
    return Network(
        (
            op.Input(name="input", shape=(2,)),
            op.Affine(name="scaled", inputs=("input",), scale=np.array([2, 3]), shift=np.array([1, 0])),
            IntegrateFire(name="a", inputs=("scaled",)),
            op.Dense(name="dense", inputs=("a",), weight=np.array([[1, 2], [0, 4]]), bias=np.array([0.5, 0])),
            op.Add(name="sum", inputs=("a", "dense"), factors=np.array([1, 10])),
            Accumulate(name="out", inputs=("sum",)),
        ),
        stage="spiking",
    )


def test_ways_that_meet_are_one_synapse():
    first, second = connections(chain(), entry=True)
    assert first.weight.tolist() == [2, 3]
    assert list(zip(second.post, second.pre, second.weight, strict=True)) == [(0, 0, 11), (0, 1, 20), (1, 1, 41)]


def test_a_constant_input_has_no_synapses_but_a_drive():
    (only,) = connections(chain(), entry=False)
    assert (only.source, only.target) == ("a", "out")
    found = drive(chain(), np.array([[1, 2], [0, 0]], np.float32))
    assert found["a"].tolist() == [[3, 6], [1, 0]]
    assert found["out"].tolist() == [[5, 0], [5, 0]]


def test_a_max_pool_is_a_node_with_its_windows():
    network = Network(
        (
            op.Input(name="input", shape=(1, 4)),
            IntegrateFire(name="a", inputs=("input",)),
            op.MaxPool(name="pool", inputs=("a",), size=(2,), stride=(2,), padding=((0, 0),)),
            Accumulate(name="out", inputs=("pool",)),
        ),
        stage="spiking",
    )
    _, into, out = connections(network, entry=True)
    assert (into.pre.tolist(), into.post.tolist(), into.weight.tolist()) == ([0, 1, 2, 3], [0, 0, 1, 1], [1] * 4)
    assert (out.source, out.target, out.weight.tolist()) == ("pool", "out", [1, 1])


def test_a_max_pool_of_a_constant_current_is_in_the_drive():
    network = Network(
        (
            op.Input(name="input", shape=(1, 4)),
            op.MaxPool(name="pool", inputs=("input",), size=(2,), stride=(2,), padding=((0, 0),)),
            Accumulate(name="out", inputs=("pool",)),
        ),
        stage="spiking",
    )
    assert connections(network, entry=False) == ()
    assert drive(network, np.array([[[1, 5, 2, 0]]], np.float32))["out"].tolist() == [[[5, 2]]]


def test_pools_and_convolutions_in_a_row_are_one_list():
    rng = np.random.default_rng(1)
    kernel = rng.integers(-4, 4, (3, 2, 3, 3)) / 4
    layers = (
        op.AvgPool(name="pool", inputs=(golden_layers.X,), size=(2, 2), stride=(2, 2), padding=((0, 0), (0, 0))),
        op.Pad(name="pad", inputs=("pool",), padding=((1, 0), (0, 1))),
        op.Conv(
            name="conv",
            inputs=("pad",),
            weight=kernel,
            bias=np.zeros(3),
            stride=(1, 2),
            padding=((1, 1), (1, 1)),
            dilation=(1, 1),
        ),
        op.Flatten(name="flat", inputs=("conv",)),
        op.Dense(name="dense", inputs=("flat",), weight=rng.integers(-4, 4, (5, 45)) / 4, bias=np.zeros(5)),
    )
    sample = (rng.integers(0, 8, (1, 2, 8, 8)) / 4).astype(np.float32)
    network = behind_neurons(golden_layers.Golden(layers, sample, np.zeros((1, 5), np.float32)))
    found = connections(network, entry=True)[1]
    part = Network((op.Input(name=golden_layers.X, shape=(2, 8, 8)), *layers))
    assert through(found, sample.ravel(), 5) == pytest.approx(analog.evaluate(part, sample)["dense"].ravel())
    assert len(found.pre) <= 5 * math.prod((2, 8, 8))


def test_what_is_joined_and_then_weighted_keeps_its_place():
    network = Network(
        (
            op.Input(name="input", shape=(1,)),
            IntegrateFire(name="a", inputs=("input",)),
            op.Dense(name="twice", inputs=("a",), weight=np.array([[2]]), bias=np.zeros(1)),
            IntegrateFire(name="b", inputs=("twice",)),
            op.Concat(name="both", inputs=("a", "b")),
            op.Dense(name="dense", inputs=("both",), weight=np.array([[3, 5]]), bias=np.zeros(1)),
            Accumulate(name="out", inputs=("dense",)),
        ),
        stage="spiking",
    )
    found = {
        (way.source, way.target): (way.pre.tolist(), way.weight.tolist()) for way in connections(network, entry=False)
    }
    assert found == {("a", "b"): ([0], [2]), ("a", "out"): ([0], [3]), ("b", "out"): ([0], [5])}


def test_a_node_is_as_deep_as_the_longest_way_to_it():
    """A branch of one layer meets a branch of two; what only the constant input reaches is not deep."""
    layers = (
        op.Input(name="input", shape=(2,)),
        IntegrateFire(name="first", inputs=("input",)),
        IntegrateFire(name="second", inputs=("first",)),
        op.Add(name="sum", inputs=("first", "second"), factors=np.array([1, 1])),
        IntegrateFire(name="third", inputs=("sum",)),
        Accumulate(name="out", inputs=("third",)),
    )
    network = Network(layers, stage="spiking")
    found = depths(network, connections(network, entry=False))
    assert found == {"input": 0, "first": 0, "second": 1, "third": 2, "out": 3}
    found = depths(network, connections(network, entry=True))
    assert found == {"input": 0, "first": 1, "second": 2, "third": 3, "out": 4}


def test_every_linear_kind_becomes_synapses_and_no_other():
    taken = {kind for kind in synapses.registry if kind is not object}
    assert taken == LINEAR | {op.MaxPool}
