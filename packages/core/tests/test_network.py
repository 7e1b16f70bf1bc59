"""A network that exists is well formed; one that is not says which layer, and which shapes, are at fault."""

from __future__ import annotations

import copy
import pickle
import time

import numpy as np
import pytest
from snn import layers as op
from snn import neurons
from snn.clock import Clock
from snn.errors import NetworkError
from snn.network import Network

from . import graphs


def ones(*shape):
    return np.ones(shape, np.float32)


IMAGE = (2, 4, 4)
CONV = {"weight": ones(2, 2, 3, 3), "bias": ones(2), "stride": (1, 1), "padding": ((0, 0),) * 2, "dilation": (1, 1)}
POOL = {"size": (2, 2), "stride": (2, 2), "padding": ((0, 0),) * 2}

MALFORMED = [
    (op.Dense, {"weight": ones(3, 4), "bias": ones(3)}, (5,), r"weight \(3, 4\) does not fit input \(5,\)"),
    (op.Dense, {"weight": ones(3, 4), "bias": ones(3)}, (4, 1), r"weight \(3, 4\) does not fit input \(4, 1\)"),
    (op.Dense, {"weight": ones(4), "bias": ones(3)}, (4,), r"weight \(4,\) does not fit"),
    (op.Dense, {"weight": ones(3, 4), "bias": ones(2)}, (4,), r"bias has shape \(2,\), not \(3,\)"),
    (op.Conv, CONV | {"bias": ones(3)}, IMAGE, r"bias has shape \(3,\), not \(2,\)"),
    (op.Conv, CONV, (3, 4, 4), r"weight \(2, 2, 3, 3\) in 1 groups does not fit input \(3, 4, 4\)"),
    (op.Conv, CONV, (2, 4), r"weight \(2, 2, 3, 3\) in 1 groups does not fit input \(2, 4\)"),
    (op.Conv, CONV | {"groups": 3}, IMAGE, "3 groups do not divide 2 input and 2 output channels"),
    (op.Conv, CONV | {"groups": 0}, IMAGE, "0 groups"),
    (op.Conv, CONV | {"stride": (1,)}, IMAGE, r"stride \(1,\) needs 2 entries"),
    (op.Conv, CONV | {"stride": (0, 1)}, IMAGE, r"stride \(0, 1\) must be at least 1"),
    (op.Conv, CONV | {"dilation": (1, 0)}, IMAGE, r"dilation \(1, 0\) must be at least 1"),
    (op.Conv, CONV | {"padding": ((0, -1), (0, 0))}, IMAGE, "is negative"),
    (op.Conv, CONV, (2, 2, 4), r"output would have shape \(2, 0, 2\)"),
    (op.Conv, CONV | {"stride": (9, 1)}, (2, 1, 4), r"output would have shape \(2, 0, 2\)"),
    (op.ConvTranspose, CONV, (3, 4, 4), r"weight \(2, 2, 3, 3\) does not fit input \(3, 4, 4\)"),
    (op.ConvTranspose, CONV | {"bias": ones(5)}, IMAGE, r"bias has shape \(5,\), not \(2,\)"),
    (op.ConvTranspose, CONV | {"padding": ((9, 9), (0, 0))}, IMAGE, "every axis must be at least 1"),
    (op.ConvTranspose, CONV | {"stride": (0, 1)}, IMAGE, r"stride \(0, 1\) must be at least 1"),
    (op.ConvTranspose, CONV | {"dilation": (1, -1)}, IMAGE, r"dilation \(1, -1\) must be at least 1"),
    (op.MaxPool, POOL, (2, 1, 4), r"output would have shape \(2, 0, 2\)"),
    (op.MaxPool, POOL, (2,), "no spatial axis"),
    (op.MaxPool, POOL | {"size": (0, 1)}, IMAGE, "must be"),
    (op.AvgPool, POOL | {"padding": ((2, 0), (0, 0))}, IMAGE, "must be smaller than the window"),
    (op.AvgPool, POOL | {"size": (2, 2, 2)}, IMAGE, "needs 2 entries"),
    (op.Pad, {"padding": ((1, 1),)}, IMAGE, "needs 2 entries"),
    (op.Pad, {"padding": ((1, 1), (0, -1))}, IMAGE, "is negative"),
    (op.Upsample, {"factors": (2,)}, IMAGE, "needs 2 entries"),
    (op.Upsample, {"factors": (2, 0)}, IMAGE, "must be at least 1"),
    (op.BatchNorm, {"scale": ones(3), "shift": ones(2)}, IMAGE, r"scale has shape \(3,\), not \(2,\)"),
    (op.Affine, {"scale": ones(2), "shift": ones(4, 4)}, IMAGE, r"shift \(4, 4\) fits neither"),
    (op.Activation, {"function": "relu", "maximum": 0.0}, IMAGE, "a maximum of 0.0 for relu"),
    (op.Activation, {"function": "tanh", "maximum": 1.0}, IMAGE, "only relu has one"),
    (op.Reshape, {"shape": (2, 9)}, IMAGE, r"shape \(2, 9\) does not hold the elements of input \(2, 4, 4\)"),
    (op.Reshape, {"shape": (-4, -8)}, IMAGE, "every axis must be at least 1"),
    (op.Reshape, {"shape": ()}, (1,), "every axis must be at least 1"),
    (op.Permute, {"axes": (0, 1)}, IMAGE, r"axes \(0, 1\) are no order of the 3 axes"),
    (op.Concat, {"axis": 3}, IMAGE, "axis 3 is none of input"),
    (op.Concat, {"axis": -1}, IMAGE, "axis -1 is none of input"),
    (op.Add, {"factors": ones(2)}, IMAGE, r"factors \(2,\) do not fit 1 inputs"),
    (neurons.IntegrateFire, {"threshold": 0.0}, IMAGE, "threshold 0.0 must be above 0"),
    (neurons.FirstSpike, {"threshold": 0.0}, IMAGE, "threshold 0.0 must be above 0"),
    (neurons.DynamicFirstSpike, {"threshold": -1.0}, IMAGE, "threshold -1.0 must be above 0"),
    (neurons.DynamicFirstSpike, {"strength": -0.5}, IMAGE, "strength -0.5 must not be negative"),
    (neurons.IntegrateFire, {"leak": -1.0}, IMAGE, "leak -1.0 must not be negative"),
    (neurons.IntegrateFire, {"initial": ones(3)}, IMAGE, r"initial \(3,\) does not fit input \(2, 4, 4\)"),
]


@pytest.mark.parametrize(("kind", "fields", "shape", "told"), MALFORMED)
def test_layer_that_does_not_fit_is_named_with_the_shapes(kind, fields, shape, told):
    with pytest.raises(NetworkError, match=told) as caught:
        graphs.chain(shape, kind(name="culprit", inputs=("in",), **fields))
    assert f"layer 'culprit' ({kind.__name__})" in str(caught.value)


def test_merged_inputs_must_agree():
    pad = op.Pad(name="pad", inputs=("in",), padding=((0, 1),))
    with pytest.raises(NetworkError, match=r"'sum' \(Add\): inputs differ in shape: \(\(1, 3\), \(1, 4\)\)"):
        graphs.chain((1, 3), pad, op.Add(name="sum", inputs=("in", "pad"), factors=ones(2)))
    with pytest.raises(NetworkError, match="differ outside axis 0"):
        graphs.chain((1, 3), pad, op.Concat(name="cat", inputs=("in", "pad"), axis=0))


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        ((), "this one has none"),
        ((graphs.relu("a", "in"),), "reads 'in', which is not an earlier layer"),
        ((op.Input(name="in", shape=(1,)), graphs.relu("a", "b"), graphs.relu("b", "in")), "layer 'a'.*reads 'b'"),
        ((op.Input(name="in", shape=(1,)), graphs.relu("a", "a")), "layer 'a'.*reads 'a'"),
        ((op.Input(name="in", shape=(1,)), graphs.relu("in", "in")), "two layers are named 'in'"),
        ((op.Input(name="", shape=(1,)),), "a Input has no name"),
        ((op.Input(name="in", shape=()),), r"shape \(\); every axis"),
        ((op.Input(name="in", shape=(2, 0)),), r"shape \(2, 0\)"),
        ((op.Input(name="in", shape=(2.0, 3)),), r"shape \(2.0, 3\); sizes are whole numbers"),
        ((op.Input(name="in", shape=(2, 3), layout=(0, 2)),), r"layout \(0, 2\) is no order of the 2 axes"),
        ((op.Input(name="in", shape=(1,)), op.Flatten(name="f", inputs=())), "'f'.*has 0 inputs; it takes 1"),
        ((op.Input(name="in", shape=(1,)), graphs.relu("a", "in"), op.Flatten(name="f", inputs=("in", "a"))), "has 2"),
        ((op.Input(name="in", shape=(1,)), op.Concat(name="c", inputs=())), "takes at least one"),
        ((op.Input(name="in", shape=(1,)), op.Input(name="two", shape=(1,))), "one Input.*found.*'in', 'two'"),
        ((op.Input(name="in", shape=(1,)), graphs.relu("a", "in"), graphs.relu("b", "in")), "nothing reads layer 'a'"),
    ],
)
def test_graph_that_is_none_is_refused(layers, told):
    with pytest.raises(NetworkError, match=told):
        Network(layers)


def test_input_comes_first_and_is_read():
    entry = op.Input(name="in", shape=(1,))
    assert Network((entry,)).input is Network((entry,)).output is entry
    with pytest.raises(NetworkError):
        Network((graphs.relu("a", "in"), entry))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_no_numbers_are_named_and_counted(value):
    weight = ones(2, 3)
    weight[1, 2] = value
    with pytest.raises(NetworkError, match="layer 'd': weight has 1 of 6 values that are not finite") as caught:
        graphs.dense("d", "in", weight)
    assert "diverged" in caught.value.hint


def test_weights_too_large_for_float32_are_refused_without_a_warning_of_numpy():
    with pytest.raises(NetworkError, match="layer 'a': scale has 1 of 1 values"):
        op.Affine(name="a", inputs=("in",), scale=np.array([1e300]), shift=np.zeros(1))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), np.float32("nan")])
def test_number_that_is_none_is_refused_in_every_field(value):
    with pytest.raises(NetworkError, match=r"layer 'a': slope is (nan|inf)"):
        op.Activation(name="a", inputs=("in",), function="elu", slope=value)


def test_arrays_are_float32_and_cannot_be_written_to():
    given = np.arange(6.0).reshape(2, 3)
    layer = graphs.dense("d", "in", given)
    given[:] = -1
    assert layer.weight.dtype == np.float32
    np.testing.assert_array_equal(layer.weight, [[0, 1, 2], [3, 4, 5]])
    with pytest.raises(ValueError, match="read-only"):
        layer.weight[0, 0] = 9


def test_frozen_view_of_an_array_somebody_can_write_to_is_copied():
    given = ones(2, 3)
    view = given[:]
    view.setflags(write=False)
    layer = op.Dense(name="d", inputs=("in",), weight=view, bias=ones(2))
    given[:] = 9
    np.testing.assert_array_equal(layer.weight, ones(2, 3))


def test_frozen_array_is_not_copied():
    layer = graphs.dense("d", "in", ones(2, 3))
    again = op.Dense(name="e", inputs=("in",), weight=layer.weight, bias=layer.bias)
    assert again.weight is layer.weight
    mapped = np.frombuffer(bytes(24), np.float32).reshape(2, 3)
    assert op.Dense(name="e", inputs=("in",), weight=mapped, bias=layer.bias).weight is mapped


def test_fields_are_plain_tuples_and_numbers_whatever_was_given():
    layer = graphs.conv("c", "in", ones(1, 1, 2), stride=[np.int64(2)], padding=[[np.int32(1), 0]])
    assert (layer.stride, layer.padding) == ((2,), ((1, 0),))
    assert type(layer.stride[0]) is int
    assert type(graphs.relu("a", "in", np.float32(6)).maximum) is float
    assert type(graphs.relu("a", "in", 6).maximum) is float
    assert Clock(100, 1) == Clock(100.0, 1.0)
    assert type(Clock(100, 1).duration_ms) is float


def test_number_in_the_place_of_an_array_becomes_one():
    for given in (0.5, np.float32(0.5), np.full((), 0.5)):
        initial = neurons.IntegrateFire(name="n", inputs=("in",), initial=given).initial
        assert (initial.shape, initial.dtype, float(initial)) == ((), np.float32, 0.5)


def test_readers_are_listed_once_and_in_order():
    twice = op.Add(name="twice", inputs=("in", "in"), factors=ones(2))
    network = graphs.chain((3,), twice, op.Concat(name="out", inputs=("twice", "in"), axis=0))
    assert [layer.name for layer in network.readers("in")] == ["twice", "out"]
    assert network.input_shapes(network["out"]) == ((3,), (3,))
    assert "twice" in network
    assert "other" not in network


def test_rebuild_keeps_the_history_and_adds_a_line():
    network = graphs.chain((3,), graphs.relu("a", "in"), provenance=("read",), stage="simplified")
    changed = network.rebuild(lambda layer: layer, "changed nothing")
    assert (changed.provenance, changed.stage) == (("read", "changed nothing"), "simplified")
    assert network.provenance == ("read",)


def test_earlier_stages_cannot_be_changed():
    network = graphs.chain((3,), analog={"parsed": graphs.chain((3,))})
    with pytest.raises(TypeError):
        network.analog["parsed"] = network


def test_network_of_very_many_layers_is_checked_in_a_moment():
    layers = [graphs.relu(str(n), str(n - 1) if n else "in") for n in range(20_000)]
    begin = time.process_time()
    assert graphs.chain((1,), *layers).output.name == "19999"
    assert time.process_time() - begin < 5


def test_source_shape_undoes_the_layout():
    assert op.Input(name="in", shape=(3, 8, 6), layout=(2, 0, 1)).source_shape == (8, 6, 3)
    assert op.Input(name="in", shape=(3, 8, 6)).source_shape == (3, 8, 6)


def test_a_network_can_be_handed_to_another_process():
    network = Network(
        (
            op.Input(name="in", shape=(2,)),
            op.Dense(name="out", inputs=("in",), weight=np.eye(2), bias=np.zeros(2)),
        ),
        ("made by hand",),
    )
    network = network.replace(network.layers, "again")
    back = pickle.loads(pickle.dumps(network))  # noqa: S301  its own
    assert back.provenance == ("made by hand", "again")
    np.testing.assert_array_equal(back["out"].weight, np.eye(2))
    assert not back["out"].weight.flags.writeable
    assert not copy.deepcopy(network)["out"].weight.flags.writeable


def test_a_layer_that_would_fill_any_memory_is_refused():
    with pytest.raises(NetworkError, match=r"'up'.*2147483648 elements"):
        Network((op.Input(name="in", shape=(1, 9)), op.Upsample(name="up", inputs=("in",), factors=(10**9,))))
