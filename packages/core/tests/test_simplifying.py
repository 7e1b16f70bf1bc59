"""Simplified networks compute what the parsed ones do, with fewer layers; what cannot be folded exactly stays."""

from __future__ import annotations

import time

import numpy as np
import pytest
from snn import analog, simplifying
from snn import layers as op
from snn.draft import Draft
from snn.errors import ConversionError
from snn.simplifying import simplify

from . import graphs


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def norm(name, source, channels, kind=op.BatchNorm, seed=1):
    return kind(name=name, inputs=(source,), scale=numbers(channels, seed=seed), shift=numbers(channels, seed=seed + 1))


def conv(name, source, out, into, size=2, **fields):
    return graphs.conv(name, source, numbers(out, into, size, size, seed=5), numbers(out, seed=6), **fields)


def kinds(network):
    return [layer.kind for layer in network.layers]


def equal(network):
    """Return ``network`` simplified, after comparing its outputs with those of the original."""
    simple = simplify(network)
    x = graphs.samples(network, 6, seed=99)
    wanted = analog.evaluate(network, x)[network.output.name]
    found = analog.evaluate(simple, x)[simple.output.name]
    assert np.abs(wanted - found).max() <= 1e-4 * max(np.ptp(wanted), 1e-3)
    assert (simple.stage, simple.analog["parsed"]) == ("simplified", network)
    return simple


@graphs.over_seeds(250)
def test_outputs_stay(seed):
    network = graphs.grow(seed, graphs.REWRITTEN, steps=4 + seed % 14, end=("dense", "softmax", "none")[seed % 3])
    simple = equal(network)
    assert len(simple.layers) <= len(network.layers)
    assert "BatchNorm" not in kinds(simple)
    assert kinds(simplify(simple)) == kinds(simple), "a second time changes nothing"


CONV = conv("c", "in", 3, 2)
PADDED = conv("c", "in", 3, 2, padding=((1, 1), (0, 1)))
OUT = graphs.relu("out", "n")


@pytest.mark.parametrize(
    ("layers", "left", "told"),
    [
        ([CONV, norm("n", "c", 3), OUT], "Input Conv Activation", "folded 'n' into 'c'"),
        ([PADDED, norm("n", "c", 3), OUT], "Input Conv Activation", "folded 'n' into 'c'"),
        (
            [norm("n", "in", 2), conv("c", "n", 3, 2), graphs.relu("out", "c")],
            "Input Conv Activation",
            "folded 'n' into 'c'",
        ),
        (
            [norm("n", "in", 2), conv("c", "n", 3, 2, padding=((1, 0), (0, 0))), graphs.relu("out", "c")],
            "Input Affine Conv Activation",
            "kept 'n' as an affine layer",
        ),
        (
            [CONV, graphs.relu("r", "c"), norm("n", "r", 3), graphs.relu("out", "n")],
            "Input Conv Activation Affine Activation",
            "kept 'n' as an affine layer",
        ),
        (
            [CONV, graphs.relu("r", "c"), norm("n", "r", 3), conv("out", "n", 1, 3)],
            "Input Conv Activation Conv",
            "folded 'n' into 'out'",
        ),
    ],
)
def test_affine_layer_is_folded_where_that_is_exact_and_kept_elsewhere(layers, left, told):
    simple = equal(graphs.chain((2, 5, 5), *layers))
    assert kinds(simple) == left.split()
    assert any(told in line for line in simple.provenance)


def test_norm_after_a_rectifier_is_never_folded_backward():
    relu = graphs.relu("r", "c")
    network = graphs.chain((2, 5, 5), CONV, relu, norm("n", "r", 3), op.Flatten(name="out", inputs=("n",)))
    simple = equal(network)
    np.testing.assert_array_equal(simple["c"].weight, CONV.weight)
    np.testing.assert_array_equal(simple["c"].bias, CONV.bias)


def test_folding_by_hand():
    # 2 (3 x + 1) + 5 = 6 x + 7, and 4 (2 x + 5) + 1 = 8 x + 21
    back = op.BatchNorm(name="n", inputs=("d",), scale=np.array([2.0]), shift=np.array([5.0]))
    simple = simplify(graphs.chain((1,), graphs.dense("d", "in", [[3]], [1]), back))
    assert (float(simple["d"].weight[0, 0]), float(simple["d"].bias[0])) == (6, 7)
    ahead = op.Affine(name="a", inputs=("in",), scale=np.array([2.0]), shift=np.array([5.0]))
    simple = simplify(graphs.chain((1,), ahead, graphs.dense("d", "a", [[4]], [1])))
    assert (float(simple["d"].weight[0, 0]), float(simple["d"].bias[0])) == (8, 21)


def test_layer_that_others_read_too_is_not_changed():
    add = op.Add(name="out", inputs=("n", "c"), factors=np.ones(2))
    simple = equal(graphs.chain((2, 5, 5), CONV, norm("n", "c", 3), add))
    assert kinds(simple) == ["Input", "Conv", "Affine", "Add"]


def test_norm_after_a_concat_goes_into_the_branches():
    a, b = conv("a", "in", 2, 2), conv("b", "in", 3, 2)
    concat = op.Concat(name="cat", inputs=("a", "b"), axis=0)
    simple = equal(graphs.chain((2, 5, 5), a, b, concat, norm("n", "cat", 5), OUT))
    assert kinds(simple) == ["Input", "Conv", "Conv", "Concat", "Activation"]
    assert "folded 'n' into 'a', 'b'" in simple.provenance


def test_norm_after_a_concat_of_one_branch_twice_stays():
    concat = op.Concat(name="cat", inputs=("c", "c"), axis=0)
    simple = equal(graphs.chain((2, 5, 5), CONV, concat, norm("n", "cat", 6), OUT))
    assert "Affine" in kinds(simple)


@pytest.mark.parametrize(
    ("divisor", "padding", "folded"), [("inside", 1, True), ("padded", 1, False), ("padded", 0, True)]
)
def test_norm_passes_an_average_only_where_every_window_weighs_the_same(divisor, padding, folded):
    pool = op.AvgPool(name="p", inputs=("n",), size=(2, 2), stride=(2, 2), padding=((padding, 0),) * 2, divisor=divisor)
    flat = op.Flatten(name="f", inputs=("p",))
    size = 4 if not padding else 9
    dense = graphs.dense("out", "f", numbers(2, 2 * size))
    shape = (2, 4, 4) if not padding else (2, 5, 5)
    simple = equal(graphs.chain(shape, norm("n", "in", 2), pool, flat, dense))
    assert ("Affine" not in kinds(simple)) == folded


def test_norm_does_not_pass_a_largest_value():
    pool = op.MaxPool(name="p", inputs=("n",), size=(2, 2), stride=(2, 2), padding=((0, 0),) * 2)
    flat, dense = op.Flatten(name="f", inputs=("p",)), graphs.dense("out", "f", numbers(2, 8))
    simple = equal(graphs.chain((2, 4, 4), norm("n", "in", 2), pool, flat, dense))
    assert "Affine" in kinds(simple)


@pytest.mark.parametrize("groups", [1, 2])
def test_norms_fold_into_grouped_and_transposed_convolutions(groups):
    fields = {"stride": (2, 1), "padding": ((0, 0),) * 2, "dilation": (1, 2), "groups": groups}
    transposed = op.ConvTranspose(
        name="t", inputs=("in",), weight=numbers(4, 3, 2, 2), bias=numbers(3 * groups), **fields
    )
    simple = equal(graphs.chain((4, 3, 3), transposed, norm("n", "t", 3 * groups), OUT))
    assert kinds(simple) == ["Input", "ConvTranspose", "Activation"]
    grouped = conv("c", "n", 6, 4 // groups, groups=groups)
    simple = equal(graphs.chain((4, 3, 3), norm("n", "in", 4), grouped, norm("m", "c", 6), graphs.relu("out", "m")))
    assert kinds(simple) == ["Input", "Conv", "Activation"]


def test_mean_image_goes_through_permute_and_flatten_into_the_dense_layer():
    mean = op.Affine(name="mean", inputs=("in",), scale=np.full(2, 1 / 255), shift=-numbers(2, 3, 4))
    layers = [
        mean,
        op.Permute(name="p", inputs=("mean",), axes=(1, 2, 0)),
        op.Flatten(name="f", inputs=("p",)),
        graphs.dense("out", "f", numbers(5, 24), numbers(5)),
    ]
    simple = equal(graphs.chain((2, 3, 4), *layers))
    assert kinds(simple) == ["Input", "Flatten", "Dense"]
    assert "moved the axis order of 'p' into 'out'" in simple.provenance


def test_idle_layers_are_dropped_each_with_a_line():
    layers = [
        op.Pad(name="pad", inputs=("in",), padding=((0, 0),)),
        op.Activation(name="linear", inputs=("pad",), function="linear"),
        graphs.relu("r", "linear"),
        graphs.relu("again", "r", 6.0),
        graphs.relu("third", "again"),
        op.MaxPool(name="pool", inputs=("third",), size=(1,), stride=(1,), padding=((0, 0),)),
        op.Upsample(name="up", inputs=("pool",), factors=(1,)),
        op.Permute(name="permute", inputs=("up",), axes=(0, 1)),
        op.Reshape(name="reshape", inputs=("permute",), shape=(2, 3)),
        op.Concat(name="concat", inputs=("reshape",)),
        op.Add(name="add", inputs=("concat",), factors=np.ones(1)),
        op.Flatten(name="out", inputs=("add",)),
    ]
    simple = equal(graphs.chain((2, 3), *layers))
    assert [layer.name for layer in simple.layers] == ["in", "r", "again", "out"]
    for name in ("pad", "linear", "third", "pool", "up", "permute", "reshape", "concat", "add"):
        assert f"dropped {name!r}, which changes nothing" in simple.provenance


def test_padding_before_a_convolution_is_merged_into_it():
    pad = op.Pad(name="pad", inputs=("in",), padding=((1, 0), (2, 1)))
    simple = equal(graphs.chain((2, 5, 5), pad, conv("c", "pad", 3, 2, padding=((0, 1), (0, 0)))))
    assert simple["c"].padding == ((1, 1), (2, 1))


def test_padding_before_a_pool_stays():
    pad = op.Pad(name="pad", inputs=("in",), padding=((1, 1),))
    pool = op.MaxPool(name="out", inputs=("pad",), size=(2,), stride=(1,), padding=((0, 0),))
    assert kinds(equal(graphs.chain((2, 3), pad, pool))) == ["Input", "Pad", "MaxPool"]


def test_residual_branches_keep_their_sum():
    layers = [
        conv("a", "in", 2, 2, padding=((1, 0),) * 2),
        norm("na", "a", 2),
        graphs.relu("ra", "na"),
        conv("b", "ra", 2, 2, padding=((1, 0),) * 2),
        norm("nb", "b", 2, seed=7),
        op.Add(name="sum", inputs=("nb", "in"), factors=np.ones(2)),
        graphs.relu("out", "sum"),
    ]
    assert kinds(equal(graphs.chain((2, 4, 4), *layers))) == [
        "Input",
        "Conv",
        "Activation",
        "Conv",
        "Add",
        "Activation",
    ]


def test_wrong_rule_is_caught_and_the_first_layer_it_spoils_is_named(monkeypatch):
    def halve(draft, layer):
        if layer.name != "b" or draft.notes:
            return False
        draft.update("b", weight=layer.weight / 2)
        draft.notes.append("halved 'b'")
        return True

    layers = [
        graphs.dense(name, source, numbers(3, 3), numbers(3)) for name, source in zip("abc", ["in", *"ab"], strict=True)
    ]
    monkeypatch.setattr(simplifying, "_RULES", (halve,))
    with pytest.raises(ConversionError, match=r"layer 'b' \(Dense\) of the simplified network differs from 'b'"):
        simplify(graphs.chain((3,), *layers))


def test_difference_below_a_tenth_of_a_thousandth_of_the_range_is_let_pass():
    network = graphs.chain((1,), graphs.dense("d", "in", [[1.0]]))
    x = np.array([[0.0], [1.0]], np.float32)
    for error, passes in ((0.9e-4, True), (1.2e-4, False)):
        other = graphs.chain((1,), graphs.dense("d", "in", [[1.0 + error]]))
        if passes:
            simplifying.verify(network, other, {"d": "d"}, x)
        else:
            with pytest.raises(ConversionError):
                simplifying.verify(network, other, {"d": "d"}, x)


def test_proof_is_made_on_the_samples_given_and_on_noise():
    network = graphs.chain((2,))
    given = np.full((3, 2), 7, np.float32)
    found = simplifying.probes(network, given)
    np.testing.assert_array_equal(found[:3], given)
    assert len(found) == 3 + simplifying.PROBES
    assert 0 <= found[3:].min() < 0.2
    assert 0.8 < found[3:].max() < 1


def test_draft_knows_which_layer_each_one_equals():
    draft = Draft(graphs.chain((2,), graphs.relu("a", "in"), graphs.relu("b", "a")))
    draft.drop("a", "gone")
    assert draft.layers["b"].inputs == ("in",)
    assert draft.equals == {"in": "in", "b": "b"}
    assert draft.finish().provenance == ("gone",)


def test_network_with_nothing_to_simplify_keeps_its_layers():
    network = graphs.chain((2,), graphs.dense("d", "in", [[1, 2]]), graphs.relu("out", "d"))
    assert simplify(network).layers == network.layers


def test_network_of_an_input_alone_and_of_idle_layers_alone_can_be_simplified():
    assert kinds(equal(graphs.chain((2,)))) == ["Input"]
    linear = op.Activation(name="out", inputs=("in",), function="linear")
    assert kinds(equal(graphs.chain((2,), linear))) == ["Input", "Activation"]


def test_deep_network_is_simplified_in_a_moment():
    layers, source = [], "in"
    for n in range(300):
        layers += [graphs.dense(f"d{n}", source, np.eye(2)), norm(f"n{n}", f"d{n}", 2), graphs.relu(f"r{n}", f"n{n}")]
        source = f"r{n}"
    ones = {
        f"n{n}": op.BatchNorm(name=f"n{n}", inputs=(f"d{n}",), scale=np.ones(2), shift=np.full(2, 0.1))
        for n in range(300)
    }
    begin = time.process_time()
    assert len(simplify(graphs.chain((2,), *[ones.get(layer.name, layer) for layer in layers])).layers) == 601
    assert time.process_time() - begin < 10
