"""Whatever is in the files, only a ParseError or an UnsupportedLayer comes out, and soon."""

from __future__ import annotations

import pytest
from caffe_files import caffemodel, layer, legacy_mean, random, text
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from snn.errors import ParseError, UnsupportedLayer
from snn_frontend_caffe.frontend import Caffe

MANY = settings(
    max_examples=150, derandomize=True, deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
NORM = "batch_norm_param { eps: 0.001 }"
TEXT = text(
    layer("Convolution", "conv", fields="convolution_param { num_output: 4 kernel_size: 3 group: 2 dilation: 1 }"),
    layer("BatchNorm", "bn", "conv", NORM, top="conv"),
    layer("Scale", "scale", "conv", "scale_param { bias_term: true axis: 1 num_axes: 1 }", top="conv"),
    layer("Pooling", "pool", "conv", "pooling_param { pool: AVE kernel_size: 3 stride: 2 pad: 1 round_mode: CEIL }"),
    layer("Reshape", "shaped", "pool", "reshape_param { shape { dim: 0 dim: -1 dim: 2 } axis: 0 num_axes: -1 }"),
    layer("Flatten", "flat", "shaped", "flatten_param { axis: 1 end_axis: -1 }"),
    layer("Eltwise", "sum", "flat flat", "eltwise_param { operation: SUM coeff: 1 coeff: -2 }"),
    layer("InnerProduct", "ip", "sum", "inner_product_param { num_output: 3 } include { phase: TEST }"),
    layer("Softmax", "prob", "ip", "softmax_param { axis: 1 }"),
)
WEIGHTS = {
    "conv": [random(4, 1, 3, 3), random(4)],
    "bn": [random(4), random(4, low=1, high=2), random(1, low=1, high=2)],
    "scale": [random(4), random(4)],
    "ip": [random(3, 36), random(3)],
}
WORDS = [
    "layer",
    "layers",
    "{",
    "}",
    "[",
    "]",
    ":",
    ";",
    "<",
    ">",
    ",",
    '"',
    "'",
    "#",
    "-",
    ".",
    "0",
    "1",
    "-1",
    "99999999999999999999",
    "1e400",
    "nan",
    "inf",
    "true",
    "dim",
    "name",
    "type",
    "bottom",
    "top",
    "conv",
    "data",
    "input",
    "input_dim",
    "input_shape",
    "Convolution",
    "ReLU",
    "Split",
    "LRN",
    "Input",
    "include",
    "phase",
    "TRAIN",
    "pooling_param",
    "pad",
    "kernel_h",
    "num_output",
    "axis",
    "coeff",
    '"data"',
    '""',
    '"\\n"',
    "\\x00",
    "é",
]


def outcome(folder):
    """Return whether the model was read, or refused by its name with a hint."""
    try:
        Caffe().parse(folder / "net.prototxt")
    except (ParseError, UnsupportedLayer) as error:
        return str(error).startswith("net.prototxt: ") and bool(error.hint)
    return True


def write(folder, content, weights):
    (folder / "net.prototxt").write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / "net.caffemodel").write_bytes(weights)


def test_the_model_that_is_changed_here_is_read(tmp_path):
    write(tmp_path, TEXT, caffemodel(WEIGHTS))
    assert Caffe().parse(tmp_path / "net.prototxt").output.name == "prob"


@pytest.mark.parametrize("notation", ["V1", "V2"])
@given(data=st.data())
@MANY
def test_changed_bytes_of_the_weights(tmp_path, notation, data):
    content = bytearray(caffemodel(WEIGHTS, notation))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content
    write(tmp_path, TEXT, bytes(content))
    assert outcome(tmp_path)


@given(content=st.binary(max_size=300))
@MANY
def test_random_bytes_as_weights(tmp_path, content):
    write(tmp_path, TEXT, content)
    assert outcome(tmp_path)


@given(content=st.binary(max_size=300))
@MANY
def test_random_bytes_as_text(tmp_path, content):
    write(tmp_path, content, caffemodel(WEIGHTS))
    assert outcome(tmp_path)


@given(words=st.lists(st.sampled_from(WORDS), max_size=60))
@MANY
def test_random_words_as_text(tmp_path, words):
    write(tmp_path, " ".join(words), caffemodel(WEIGHTS))
    assert outcome(tmp_path)


@given(data=st.data())
@MANY
def test_changed_words_of_the_text(tmp_path, data):
    words = TEXT.split(" ")
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(words) - 1))
        action = data.draw(st.sampled_from(["change", "remove", "insert", "swap"]))
        if action == "change":
            words[place] = data.draw(st.sampled_from(WORDS))
        elif action == "remove":
            del words[place]
        elif action == "insert":
            words.insert(place, data.draw(st.sampled_from(WORDS)))
        else:
            other = data.draw(st.integers(0, len(words) - 1))
            words[place], words[other] = words[other], words[place]
    write(tmp_path, " ".join(words), caffemodel(WEIGHTS))
    assert outcome(tmp_path)


@given(data=st.data())
@MANY
def test_changed_numbers_of_the_text(tmp_path, data):
    pieces = TEXT.replace("dim: ", "dim: \0").replace(": ", ": \0").split("\0")
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(1, len(pieces) - 1))
        _, _, rest = pieces[place].partition(" ")
        number = data.draw(st.sampled_from([-2, -1, 0, 1, 2, 3, 7, 64, 2**20, 2**31, 2**63, 10**25]))
        pieces[place] = f"{number} {rest}"
    write(tmp_path, "".join(pieces), caffemodel(WEIGHTS))
    assert outcome(tmp_path)


@given(data=st.data())
@MANY
def test_changed_bytes_of_a_mean_image(tmp_path, data):
    content = bytearray(legacy_mean(random(2, 6, 6)))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, min(40, len(content) - 1)))] = data.draw(st.integers(0, 255))
    entry = 'layer { name: "data" type: "Data" top: "data" transform_param { mean_file: "m.binaryproto" } }'
    write(tmp_path, f"{entry}\n" + layer("ReLU", "relu"), b"")
    (tmp_path / "m.binaryproto").write_bytes(bytes(content))
    assert outcome(tmp_path)
