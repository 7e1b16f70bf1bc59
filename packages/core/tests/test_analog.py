"""Every layer computes what plain loops over single numbers compute."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from snn import analog
from snn import layers as op
from snn.errors import NetworkError

from . import graphs, oracle

EXAMPLES = settings(max_examples=60, deadline=None, derandomize=True)
SMALL = st.integers(1, 3)


def per_axis(axes, entry):
    return st.tuples(*[entry] * axes)


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def agree(layer, x, expected):
    """Compare ``layer`` on the one sample ``x`` with ``expected``, a dict of index to value."""
    shape = layer.output_shape((x.shape,))
    found = analog.apply(layer, x[None])[0]
    assert found.dtype == np.float32
    assert found.shape == shape
    wanted = np.array([expected[index] for index in oracle.cells(shape)]).reshape(shape)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


@st.composite
def convolutions(draw, *, transposed=False):
    axes = draw(st.integers(1, 2))
    groups, per_in, per_out = draw(SMALL), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    pad = st.integers(-2, 2) if transposed else st.integers(0, 2)
    fields = {
        "stride": draw(per_axis(axes, SMALL)),
        "dilation": draw(per_axis(axes, SMALL)),
        "padding": draw(per_axis(axes, st.tuples(pad, pad))),
        "groups": groups,
    }
    kernel = draw(per_axis(axes, SMALL))
    kind = op.ConvTranspose if transposed else op.Conv
    outer = (groups * per_in, per_out) if transposed else (groups * per_out, per_in)
    layer = kind(
        name="c", inputs=("in",), weight=numbers(*outer, *kernel), bias=numbers(groups * per_out, seed=1), **fields
    )
    shape = (groups * per_in, *draw(per_axis(axes, st.integers(1, 5))))
    assume(min(layer.output_shape((shape,))) > 0)
    return layer, numbers(*shape, seed=2)


@EXAMPLES
@given(convolutions())
def test_convolution_is_the_sum_over_its_taps(case):
    layer, x = case
    agree(layer, x, oracle.conv(layer, x, x.shape[1:], layer.output_shape((x.shape,))))


@EXAMPLES
@given(convolutions(transposed=True))
def test_transposed_convolution_strews_each_cell_over_its_taps(case):
    layer, x = case
    agree(layer, x, oracle.transpose(layer, x, x.shape[1:], layer.output_shape((x.shape,))))


def test_convolution_by_hand():
    layer = graphs.conv("c", "in", [[[1, 2]]], [0.5], stride=(2,), padding=((1, 0),))
    # windows over 0 | 1 2 3: (0, 1) and (2, 3)
    np.testing.assert_array_equal(analog.apply(layer, np.array([[[1, 2, 3]]], np.float32)), [[[2.5, 8.5]]])


def test_cells_that_a_negative_padding_adds_hold_the_bias_alone():
    layer = op.ConvTranspose(
        name="t",
        inputs=("in",),
        weight=np.full((1, 1, 1), 3, np.float32),
        bias=np.full(1, 0.5, np.float32),
        stride=(2,),
        padding=((0, -2),),
        dilation=(1,),
    )
    found = analog.apply(layer, np.array([[[1, 2]]], np.float32))
    np.testing.assert_array_equal(found, [[[3.5, 0.5, 6.5, 0.5, 0.5]]])


def test_convolution_gives_the_same_however_the_patches_are_cut(monkeypatch):
    layer = graphs.conv("c", "in", numbers(4, 2, 3, 3), numbers(4), groups=2, padding=((1, 1), (0, 1)))
    x = numbers(7, 4, 6, 6, seed=3)
    whole = analog.apply(layer, x)
    monkeypatch.setattr(analog, "_PATCH_BYTES", 1)
    np.testing.assert_allclose(analog.apply(layer, x), whole, rtol=1e-6, atol=1e-6)


@st.composite
def pools(draw):
    axes = draw(st.integers(1, 2))
    size = draw(per_axis(axes, SMALL))
    padding = tuple((draw(st.integers(0, n - 1)), draw(st.integers(0, n - 1))) for n in size)
    fields = {"name": "p", "inputs": ("in",), "size": size, "padding": padding, "stride": draw(per_axis(axes, SMALL))}
    shape = (draw(st.integers(1, 2)), *draw(per_axis(axes, st.integers(1, 5))))
    layer = draw(st.sampled_from([op.MaxPool(**fields), *(op.AvgPool(**fields, divisor=d) for d in DIVISORS)]))
    assume(min(layer.output_shape((shape,))) > 0)
    return layer, numbers(*shape, seed=4)


DIVISORS = ("inside", "padded")


@EXAMPLES
@given(pools())
def test_pools_look_at_the_cells_of_their_windows(case):
    layer, x = case
    expected = oracle.maxpool if isinstance(layer, op.MaxPool) else oracle.avgpool
    agree(layer, x, expected(layer, x, x.shape[1:], layer.output_shape((x.shape,))))


def test_padding_never_wins_a_maximum():
    layer = op.MaxPool(name="p", inputs=("in",), size=(2,), stride=(1,), padding=((1, 1),))
    found = analog.apply(layer, np.array([[[-3, -5]]], np.float32))
    np.testing.assert_array_equal(found, [[[-3, -3, -5]]])


@pytest.mark.parametrize(("divisor", "expected"), [("inside", [4, 6, 8]), ("padded", [2, 6, 4])])
def test_average_counts_the_cells_inside_or_all(divisor, expected):
    layer = op.AvgPool(name="p", inputs=("in",), size=(2,), stride=(1,), padding=((1, 1),), divisor=divisor)
    np.testing.assert_array_equal(analog.apply(layer, np.array([[[4, 8]]], np.float32)), [[expected]])


def test_dense_is_the_sum_of_products():
    layer = graphs.dense("d", "in", numbers(3, 4), numbers(3, seed=1))
    x = numbers(4, seed=2)
    expected = {
        (o,): float(layer.bias[o]) + sum(float(layer.weight[o, i]) * float(x[i]) for i in range(4)) for o in range(3)
    }
    agree(layer, x, expected)


def test_pad_puts_zeros_around():
    layer = op.Pad(name="p", inputs=("in",), padding=((1, 0), (0, 2)))
    np.testing.assert_array_equal(analog.apply(layer, np.array([[[[5]]]], np.float32)), [[[[0, 0, 0], [5, 0, 0]]]])


def test_upsample_repeats_each_cell_along_every_axis():
    layer = op.Upsample(name="u", inputs=("in",), factors=(1, 3))
    found = analog.apply(layer, np.array([[[[1, 2], [3, 4]]]], np.float32))
    np.testing.assert_array_equal(found, [[[[1, 1, 1, 2, 2, 2], [3, 3, 3, 4, 4, 4]]]])


@pytest.mark.parametrize("kind", [op.BatchNorm, op.Affine])
def test_affine_scales_and_shifts_each_channel(kind):
    layer = kind(name="a", inputs=("in",), scale=np.array([2, -1], np.float32), shift=np.array([0, 10], np.float32))
    found = analog.apply(layer, np.array([[[1, 2], [3, 4]]], np.float32))
    np.testing.assert_array_equal(found, [[[2, 4], [7, 6]]])


def test_affine_takes_one_number_an_element():
    layer = op.Affine(name="a", inputs=("in",), scale=np.array([[1, 2], [3, 4]]), shift=np.array([10, 20]))
    found = analog.apply(layer, np.array([[[1, 1], [1, 1]]], np.float32))
    np.testing.assert_array_equal(found, [[[11, 12], [23, 24]]])


def test_flatten_keeps_the_last_axis_fastest():
    found = analog.apply(op.Flatten(name="f", inputs=("in",)), np.arange(6, dtype=np.float32).reshape(1, 2, 3))
    np.testing.assert_array_equal(found, [[0, 1, 2, 3, 4, 5]])


def test_reshape_keeps_the_order_of_the_elements():
    layer = op.Reshape(name="r", inputs=("in",), shape=(3, 2))
    found = analog.apply(layer, np.arange(6, dtype=np.float32).reshape(1, 2, 3))
    np.testing.assert_array_equal(found, [[[0, 1], [2, 3], [4, 5]]])


def test_permute_has_the_input_axis_axes_k_at_output_axis_k():
    layer = op.Permute(name="p", inputs=("in",), axes=(1, 2, 0))
    x = numbers(2, 3, 4)
    found = analog.apply(layer, x[None])[0]
    assert found.shape == layer.output_shape((x.shape,)) == (3, 4, 2)
    assert all(found[j, k, i] == x[i, j, k] for i, j, k in oracle.cells(x.shape))


@pytest.mark.parametrize(
    ("axis", "expected"), [(0, [[1, 2], [3, 4], [5, 6], [7, 8]]), (1, [[1, 2, 5, 6], [3, 4, 7, 8]])]
)
def test_concat_puts_inputs_one_after_another(axis, expected):
    parts = [np.array([[[1, 2], [3, 4]]], np.float32), np.array([[[5, 6], [7, 8]]], np.float32)]
    np.testing.assert_array_equal(analog.apply(op.Concat(name="c", inputs=("a", "b"), axis=axis), *parts)[0], expected)


@pytest.mark.parametrize(
    ("factors", "expected"), [([2, -1], [[-3, -2], [-1, 0]]), ([[1, 0], [0, 1]], [[1, 2], [7, 8]])]
)
def test_add_weighs_each_input_by_its_factor(factors, expected):
    parts = [np.array([[[1, 2], [3, 4]]], np.float32), np.array([[[5, 6], [7, 8]]], np.float32)]
    layer = op.Add(name="s", inputs=("a", "b"), factors=np.array(factors, np.float32))
    np.testing.assert_array_equal(analog.apply(layer, *parts)[0], expected)


def erf_by_series(x):
    # Abramowitz and Stegun 7.1.6; converges everywhere
    return (
        2
        / math.sqrt(math.pi)
        * math.exp(-x * x)
        * sum(2**n * x ** (2 * n + 1) / math.prod(range(1, 2 * n + 2, 2)) for n in range(60))
    )


FUNCTIONS = {
    "linear": lambda x: x,
    "relu": lambda x: max(x, 0),
    "elu": lambda x: x if x > 0 else 0.7 * (math.exp(x) - 1),
    "exponential": math.exp,
    "gelu": lambda x: x * (1 + erf_by_series(x / math.sqrt(2))) / 2,
    "gelu_tanh": lambda x: x / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "hard_sigmoid": lambda x: min(max(0.7 * x + 0.5, 0), 1),
    "leaky_relu": lambda x: x if x > 0 else 0.7 * x,
    "selu": lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * (math.exp(x) - 1)),
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "silu": lambda x: x / (1 + math.exp(-x)),
    "softplus": lambda x: math.log(1 + math.exp(x)),
    "softsign": lambda x: x / (1 + abs(x)),
    "tanh": math.tanh,
}


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_function_is_that_of_the_textbook(function):
    x = np.array([-4, -1.5, -0.1, 0, 0.1, 0.6, 1.5, 4], np.float32)
    found = analog.apply(op.Activation(name="a", inputs=("in",), function=function, slope=0.7), x[None])[0]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [FUNCTIONS[function](float(v)) for v in x], rtol=2e-6, atol=2e-7)


def test_every_function_has_its_textbook_form_here():
    assert {*FUNCTIONS, "softmax"} == set(op.Function.__args__)


@pytest.mark.parametrize("function", sorted({*FUNCTIONS, "softmax"} - {"exponential"}))
def test_no_function_overflows_on_large_inputs(function):
    layer = op.Activation(name="a", inputs=("in",), function=function)
    assert np.isfinite(analog.apply(layer, np.array([[-1e4, 1e4]], np.float32))).all()


def test_maximum_bounds_a_rectifier():
    found = analog.apply(graphs.relu("a", "in", 6.0), np.array([[-1, 3, 7]], np.float32))
    np.testing.assert_array_equal(found, [[0, 3, 6]])


def test_softmax_is_over_the_channels_with_its_gain():
    layer = op.Activation(name="a", inputs=("in",), function="softmax", gain=2.0)
    found = analog.apply(layer, np.array([[[0, 0], [math.log(3), 0]]], np.float32))[0]
    np.testing.assert_allclose(found, [[0.1, 0.5], [0.9, 0.5]], rtol=1e-6)  # 3**2 to 1


@graphs.over_seeds(25)
def test_results_do_not_depend_on_batches(seed):
    network = graphs.grow(seed)
    x = graphs.samples(network, 5)
    whole = analog.evaluate(network, x, network.shapes)
    for size in (1, 2):
        parts = [part for _, part in analog.evaluate_batches(network, x, network.shapes, size)]
        for name, values in whole.items():
            assert values.shape == (5, *network.shapes[name])
            np.testing.assert_allclose(np.concatenate([part[name] for part in parts]), values, rtol=1e-5, atol=1e-6)


def test_no_samples_give_no_outputs():
    network = graphs.chain((3, 1), graphs.relu("out", "in"))
    nothing = np.zeros((0, 3, 1), np.float32)
    assert analog.evaluate(network, nothing)["out"].shape == (0, 3, 1)


def test_window_reaches_past_the_input_by_less_than_itself():
    with pytest.raises(NetworkError, match=r"padding \(\(2, 0\),\) must be smaller than the window \(2,\)"):
        graphs.chain((1, 4), op.MaxPool(name="p", inputs=("in",), size=(2,), stride=(1,), padding=((2, 0),)))
