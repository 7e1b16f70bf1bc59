"""What OpenCV cannot tell: numbers by hand, and Caffe's definitions written as plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
from caffe_files import layer, model, random, text
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from snn import analog
from snn.errors import ParseError
from snn_frontend_caffe.frontend import Caffe


def output(folder, content, samples, weights=None):
    network = Caffe().parse(model(folder, content, weights))
    return analog.evaluate(network, samples)[network.output.name]


def pooled(x, k, s, p, method, *, ceil):
    """Return pools of one map as Caffe's definition has them, window by window; None where it gives no number."""
    n = len(x)
    count = int(math.ceil((n + 2 * p - k) / s) if ceil else math.floor((n + 2 * p - k) / s)) + 1
    if p and (count - 1) * s >= n + p:
        count -= 1
    if count < 1 or (count - 1) * s - p >= n:
        return None
    result = np.zeros((count, count))
    for row, column in np.ndindex(count, count):
        top, left = row * s - p, column * s - p
        bottom, right = min(top + k, n + p), min(left + k, n + p)
        area = (bottom - top) * (right - left)
        cells = x[max(top, 0) : min(bottom, n), max(left, 0) : min(right, n)]
        result[row, column] = cells.max() if method == "MAX" else cells.sum() / area
    return result


@given(
    n=st.integers(1, 9),
    k=st.integers(1, 5),
    s=st.integers(1, 4),
    p=st.integers(0, 3),
    method=st.sampled_from(["MAX", "AVE"]),
    ceil=st.booleans(),
)
@settings(max_examples=300, derandomize=True, deadline=None)
def test_pools_are_caffes_definition_window_by_window(tmp_path_factory, n, k, s, p, method, ceil):
    assume(p < k)
    rounding = "" if ceil else "round_mode: FLOOR"
    fields = f"pooling_param {{ pool: {method} kernel_size: {k} stride: {s} pad: {p} {rounding} }}"
    content = text(layer("Pooling", "pool", fields=fields), shape=(1, 1, n, n))
    x = random(n, n, seed=n)
    wanted = pooled(x, k, s, p, method, ceil=ceil)
    folder = tmp_path_factory.mktemp("pool")
    if wanted is None:
        with pytest.raises(ParseError, match="'pool'"):
            Caffe().parse(model(folder, content))
    else:
        assert output(folder, content, x[None, None])[0, 0] == pytest.approx(wanted, abs=1e-6)


def test_a_pool_padded_along_one_axis_leaves_out_windows_behind_the_map_along_both(tmp_path):
    fields = "pooling_param { kernel_h: 3 kernel_w: 1 stride_h: 2 stride_w: 2 pad_h: 1 pad_w: 0 }"
    content = text(layer("Pooling", "pool", fields=fields), shape=(1, 1, 6, 6))
    x = np.arange(36, dtype=np.float32).reshape(1, 1, 6, 6)
    # windows begin at rows -1, 1, 3 and 5 and at columns 0, 2 and 4; a fourth of these would begin at 6, behind the map
    assert output(tmp_path, content, x)[0, 0].tolist() == [[6, 8, 10], [18, 20, 22], [30, 32, 34], [30, 32, 34]]


def test_a_convolution_may_be_padded_along_one_axis_only(tmp_path):
    fields = "convolution_param { num_output: 1 kernel_size: 1 pad_h: 1 }"
    content = text(layer("Convolution", "conv", fields=fields), shape=(1, 1, 1, 2))
    found = output(tmp_path, content, np.ones((1, 1, 1, 2), np.float32), {"conv": [np.ones((1, 1, 1, 1)), np.zeros(1)]})
    assert found[0, 0].tolist() == [[0, 0], [1, 1], [0, 0]]


def test_a_padded_average_rounded_up_divides_by_the_padding_but_not_by_what_lies_beyond(tmp_path):
    fields = "pooling_param { pool: AVE kernel_size: 3 stride: 2 pad: 1 }"
    content = text(layer("Pooling", "pool", fields=fields), shape=(1, 1, 4, 4))
    # windows begin at -1, 1 and 3; they end at 2, 4 and, cut at the padding, 5: of 3, 3 and 2 cells
    found = output(tmp_path, content, np.ones((1, 1, 4, 4), np.float32))
    assert found[0, 0] == pytest.approx(np.outer([2, 3, 1], [2, 3, 1]) / np.outer([3, 3, 2], [3, 3, 2]))


def transposed(x, weight, stride, pad, dilation):
    """Return the transpose of a convolution, number by number."""
    (_, n, m), (_, out, k, _) = x.shape, weight.shape
    size = [(length - 1) * stride + dilation * (k - 1) + 1 for length in (n, m)]
    full = np.zeros((out, *size))
    for c, i, j in np.ndindex(*x.shape):
        for o, a, b in np.ndindex(out, k, k):
            full[o, i * stride + a * dilation, j * stride + b * dilation] += x[c, i, j] * weight[c, o, a, b]
    return full[:, pad : size[0] - pad, pad : size[1] - pad]


def test_a_dilated_deconvolution_is_the_transpose_of_a_convolution(tmp_path):
    fields = "convolution_param { num_output: 3 kernel_size: 3 stride: 2 pad: 1 dilation: 2 }"
    content = text(layer("Deconvolution", "up", fields=fields), shape=(1, 2, 4, 5))
    weight, bias, x = random(2, 3, 3, 3), random(3), random(1, 2, 4, 5)
    found = output(tmp_path, content, x, {"up": [weight, bias]})
    assert found[0] == pytest.approx(transposed(x[0], weight, 2, 1, 2) + bias[:, None, None], abs=1e-5)


def test_a_kernel_may_have_a_size_an_axis(tmp_path):
    fields = "convolution_param { num_output: 1 kernel_size: 1 kernel_size: 2 stride: 2 stride: 1 pad: 0 pad: 1 }"
    content = text(layer("Convolution", "conv", fields=fields), shape=(1, 1, 3, 3))
    x = np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3)
    found = output(tmp_path, content, x, {"conv": [np.array([[[[1, 10]]]], np.float32), np.array([0.5])]})
    assert found[0, 0].tolist() == [[0.5, 10.5, 21.5, 2.5], [60.5, 76.5, 87.5, 8.5]]


def test_a_convolution_along_one_axis(tmp_path):
    content = text(
        layer("Convolution", "conv", fields="convolution_param { num_output: 1 kernel_size: 2 }"), shape=(1, 1, 4)
    )
    x = np.array([[[1, 2, 4, 8]]], np.float32)
    found = output(tmp_path, content, x, {"conv": [np.array([[[1, -1]]]), np.zeros(1)]})
    assert found[0, 0].tolist() == [-1, -2, -4]


def test_batch_norm_divides_both_sums_by_the_factor(tmp_path):
    content = text(layer("BatchNorm", "bn", fields="batch_norm_param { eps: 0 }"), shape=(1, 2, 1, 1))
    x = np.array([10, 20], np.float32).reshape(1, 2, 1, 1)
    # means 4 / 2 and 8 / 2, variances 8 / 2 and 32 / 2
    weights = {"bn": [np.array([4, 8]), np.array([8, 32]), np.array([2])]}
    assert output(tmp_path, content, x, weights).ravel().tolist() == [4, 4]


def test_a_batch_norm_that_was_never_trained_has_mean_and_variance_zero(tmp_path):
    content = text(layer("BatchNorm", "bn", fields="batch_norm_param { eps: 0.25 }"), shape=(1, 1, 1, 1))
    weights = {"bn": [np.array([4]), np.array([8]), np.array([0])]}
    assert output(tmp_path, content, np.full((1, 1, 1, 1), 3, np.float32), weights).item() == 6  # 3 / sqrt(0.25)


X = np.arange(12, dtype=np.float32).reshape(1, 2, 2, 3)


@pytest.mark.parametrize(
    ("fields", "factors", "wanted"),
    [
        ("", [1, 2], X * np.array([1, 2]).reshape(1, 2, 1, 1)),
        ("axis: 2", [1, 2], X * np.array([1, 2]).reshape(1, 1, 2, 1)),
        ("axis: -1", [1, 2, 3], X * np.array([1, 2, 3])),
        ("axis: 1 num_axes: 2", [[1, 2], [3, 4]], X * np.array([[1, 2], [3, 4]]).reshape(1, 2, 2, 1)),
        ("axis: 2 num_axes: -1", [[1, 2, 3], [4, 5, 6]], X * np.array([[1, 2, 3], [4, 5, 6]])),
        ("num_axes: 0", 3, X * 3),
    ],
)
def test_scale_runs_along_the_axes_it_names(tmp_path, fields, factors, wanted):
    content = text(layer("Scale", "scale", fields=f"scale_param {{ {fields} }}"), shape=X.shape)
    assert (output(tmp_path, content, X, {"scale": [np.array(factors)]}) == wanted).all()


def test_bias_adds_its_weights(tmp_path):
    content = text(layer("Bias", "bias"), shape=X.shape)
    assert (
        output(tmp_path, content, X, {"bias": [np.array([10, 20])]}) == X + np.reshape([10, 20], (1, 2, 1, 1))
    ).all()
    content = text(layer("Bias", "bias", fields="bias_param { axis: 3 }"), shape=X.shape)
    assert (output(tmp_path, content, X, {"bias": [np.array([1, 2, 3])]}) == X + np.array([1, 2, 3])).all()


def test_an_inner_product_may_have_its_weights_transposed(tmp_path):
    fields = "inner_product_param { num_output: 2 transpose: true bias_term: false }"
    content = text(layer("InnerProduct", "ip", fields=fields), shape=(1, 3))
    weight = np.array([[1, 2], [3, 4], [5, 6]])
    found = output(tmp_path, content, np.array([[1, 10, 100]], np.float32), {"ip": [weight]})
    assert found.tolist() == [[531, 642]]


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ("shape { dim: 0 dim: 12 }", (12,)),
        ("shape { dim: -1 dim: 12 }", (12,)),
        ("shape { dim: 0 dim: 0 dim: -1 }", (2, 6)),
        ("shape { dim: 0 dim: 3 dim: 0 dim: -1 }", (3, 2, 2)),
        ("shape { dim: 3 dim: -1 } axis: 1", (3, 4)),
        ("shape { dim: 6 } axis: 2", (2, 6)),
        ("shape { dim: 6 } axis: -3", (2, 6)),
        ("shape { dim: 4 } axis: 1 num_axes: 2", (4, 3)),
        ("shape { dim: 1 } axis: 3 num_axes: 0", None),  # four axes and the batch
        ("shape { dim: 5 dim: 12 }", (12,)),  # 5 is the batch
    ],
)
def test_reshape_keeps_the_batch_and_the_order(tmp_path, fields, wanted):
    content = text(layer("Reshape", "shaped", fields=f"reshape_param {{ {fields} }}"), shape=(5, 2, 2, 3))
    if wanted is None:
        with pytest.raises(Exception, match=r"'shaped'.*four|'shaped'.*4 axes"):
            Caffe().parse(model(tmp_path, content))
        return
    found = output(tmp_path, content, X)
    assert found.shape == (1, *wanted)
    assert found.ravel().tolist() == X.ravel().tolist()


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [("", (12,)), ("axis: 2", (2, 6)), ("axis: 1 end_axis: 2", (4, 3)), ("axis: -3 end_axis: -2", (4, 3))],
)
def test_flatten_joins_the_axes_it_names(tmp_path, fields, wanted):
    content = text(layer("Flatten", "flat", fields=f"flatten_param {{ {fields} }}"), shape=X.shape)
    assert output(tmp_path, content, X).shape == (1, *wanted)


def test_relu_with_a_slope_is_read_and_refused_by_convert(tmp_path):
    import snn
    from snn.errors import ConversionError

    layers = [
        layer("InnerProduct", "ip", fields="inner_product_param { num_output: 2 }"),
        layer("ReLU", "leaky", "ip", "relu_param { negative_slope: 0.25 }"),
        layer("InnerProduct", "out", "leaky", "inner_product_param { num_output: 2 }"),
    ]
    eye = [np.eye(2), np.zeros(2)]
    path = model(tmp_path, text(*layers, shape=(1, 2)), {"ip": eye, "out": eye})
    network = Caffe().parse(path)
    assert analog.evaluate(network, np.array([[-4, 4]], np.float32))["out"].tolist() == [[-1, 4]]
    with pytest.raises(ConversionError, match=r"'leaky' \(leaky_relu\)"):
        snn.convert(network, backend="inisim")
