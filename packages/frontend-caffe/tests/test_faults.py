"""A model that cannot be read says so in one line, with the file, the layer and what to do, and takes little memory."""

from __future__ import annotations

import re
import subprocess
import sys
import tracemalloc

import h5py
import numpy as np
import pytest
from caffe_files import INPUT, blob, caffemodel, field, layer, model, packed, random, text, varint
from snn.errors import ParseError, SettingsError, UnsupportedLayer
from snn_frontend_caffe.frontend import Caffe

IP = layer("InnerProduct", "ip", fields="inner_product_param { num_output: 2 }")
WEIGHTS = {"ip": [random(2, 3), random(2)]}
POOL = layer("Pooling", "pool", fields="pooling_param { kernel_size: 2 }")
BILLION = 10**9
HUGE = (1, 1, 4000, 4000)


def refusal(path, kind=ParseError, **settings):
    with pytest.raises(kind) as caught:
        Caffe(**settings).parse(path)
    assert caught.value.hint
    assert str(caught.value).startswith(f"{path.name}: ")
    return str(caught.value)


def with_weights(folder, content):
    """Return a model of one InnerProduct, whose weights file is ``content``."""
    path = model(folder, text(IP, shape=(1, 3)))
    (folder / "net.caffemodel").write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("LRN", "lrn_param { local_size: 5 alpha: 0.0001 beta: 0.75 }"),
        ("Sigmoid", ""),
        ("PReLU", ""),
        ("Python", 'python_param { module: "os" layer: "system" param_str: "rm" }'),
        ("NobodyKnowsThis", "nobody_knows_param { a: 1 b { c: 'd' } }"),
        ("Pooling", "pooling_param { pool: STOCHASTIC kernel_size: 2 }"),
        ("Eltwise", "eltwise_param { operation: PROD }"),
        ("Eltwise", "eltwise_param { operation: MAX }"),
        ("Concat", "concat_param { axis: 0 }"),
        ("Flatten", "flatten_param { axis: 0 }"),
        ("Softmax", "softmax_param { axis: 2 }"),
        ("InnerProduct", "inner_product_param { num_output: 2 axis: 2 }"),
        ("BatchNorm", "batch_norm_param { use_global_stats: false }"),
        ("Scale", "scale_param { axis: 0 }"),
        ("Reshape", "reshape_param { shape { dim: 8 dim: 9 } }"),
        ("Convolution", "convolution_param { num_output: 2 kernel_size: 3 quantised: true }"),
        ("Pooling", "pooling_param { kernel_size: 2 ceil_mode: false }"),
        ("ReLU", "some_fork_param { a: 1 }"),
    ],
)
def test_a_layer_without_counterpart_is_named_with_its_type(tmp_path, kind, fields):
    weights = {"culprit": [random(2, 2, 3, 3), random(2)]}
    told = refusal(model(tmp_path, text(layer(kind, "culprit", fields=fields)), weights), UnsupportedLayer)
    assert told.startswith(f"net.prototxt: layer 'culprit' ({kind})")


def test_a_layer_of_the_earlier_notation_is_named_in_the_later_one(tmp_path):
    entry = 'input: "data" input_dim: 1 input_dim: 2 input_dim: 3 input_dim: 3'
    for kind in ("LRN", "WHATEVER"):
        content = f'{entry} layers {{ name: "n" type: {kind} bottom: "data" top: "n" }}'
        assert f"layer 'n' ({kind})" in refusal(model(tmp_path, content), UnsupportedLayer)


def test_all_layers_without_counterpart_are_listed(tmp_path):
    layers = [
        layer("LRN", "one"),
        layer("TanH", "two", "one"),
        layer("Concat", "three", "two", "concat_param { axis: 0 }"),
    ]
    lines = refusal(model(tmp_path, text(*layers)), UnsupportedLayer).splitlines()
    assert [line.split("'")[1] for line in lines] == ["one", "two", "three"]


def conv(fields):
    return [layer("Convolution", "c", fields=f"convolution_param {{ {fields} }}")]


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        (conv("kernel_size: 3"), "'c'.*has no num_output"),
        (conv("num_output: 2"), "'c'.*has no kernel_size"),
        (conv("num_output: 2 kernel_size: 0"), "'c'.*'0'"),
        (conv("num_output: 3 kernel_size: 3 group: 2"), "'c'.*2 groups"),
        (conv("num_output: 2 num_output: 3"), "'num_output'.*more than"),
        (conv("num_output: two"), "'num_output'.*'two'"),
        ([layer("Convolution", "c", fields="convolution_param: 5")], "'convolution_param'.*a block"),
        (conv("num_output: 1 kernel_h: 3"), "both kernel_h and"),
        ([layer("Pooling", "p", fields="pooling_param { pool: MEDIAN kernel_size: 2 }")], "'p'.*MEDIAN.*MAX or AVE"),
        ([layer("Pooling", "p", fields="pooling_param { kernel_size: 2 pad: 2 }")], "'p'.*smaller than the window"),
        ([layer("Pooling", "p", fields="pooling_param { kernel_size: 20 }")], "'p'.*larger than the map"),
        ([layer("Pooling", "p", fields="pooling_param { kernel_size: 1 stride: 9 pad: 0 kernel_h: 2 }")], "'p'"),
        ([layer("ReLU", "r", bottom="nowhere")], "'r'.*'nowhere'"),
        ([layer("ReLU", "r", bottom="data data")], "'r'.*2 bottoms"),
        ([layer("Eltwise", "e", "data data", "eltwise_param { coeff: 1 }")], "'e'.*1 coefficients for 2"),
        ([layer("Eltwise", "e", "data")], "'e'.*1 bottoms"),
        ([layer("Pooling", "p", fields="pooling_param { kernel_size: 3 kernel_size: 2 }")], "'p'.*has 2 numbers"),
        ([layer("Reshape", "s", fields="reshape_param { shape { dim: 0 dim: 5 } }")], "'s'.*72"),
        ([layer("Reshape", "s", fields="reshape_param { shape { dim: 0 dim: -1 dim: -1 } }")], "'s'.*more than one"),
        ([layer("Flatten", "f", fields="flatten_param { axis: 7 }")], "'f'.*'axis' is 7"),
        ([POOL, layer("Concat", "c", "data pool")], "'c'"),
        (["layer { name: 'x' bottom: 'data' top: 'x' }"], "layer 2 .line 3. has no type"),
        (["layer { type: 'ReLU' bottom: 'data' }"], "layer 2 .line 3. has neither"),
        (["layer { name: 'r' type: 'ReLU' bottom: 'data' }"], "'r'.*no top"),
        ([layer("ReLU", "r", fields="include { } exclude { }")], "both include and exclude"),
        ([layer("ReLU", "r", fields="blobs { data: 1 }")], "'r'.*weights in the text"),
        (["layers { layer { name: 'r' type: 'relu' } bottom: 'data' top: 'r' }"], "both 'layer' and 'layers'"),
        ([], "gives no result"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_with_the_layer(tmp_path, layers, words):
    assert re.search(words, refusal(model(tmp_path, text(*layers), WEIGHTS)))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("   \n ", "is empty"),
        ('name: "net"', "has no layers"),
        ("layer {", "has no end"),
        ("layer { name: }", "a value is expected"),
        ("layer } {", "1:7"),
        ("layer [", "1:7"),
        ("layer: { name: ['a' 'b' }", ""),
        ("layer { name 5 }", "needs a ':'"),
        ("{" * 5000, ""),
        ("layer " + "{ a " * 5000, "nested more than"),
        ('layer { name: "unfinished }', ""),
        ("\x00\x01\x02", ""),
        ("layers { layer { name: 'c' type: 'conv' } }", "first notation"),
        ('net: "train.prototxt" base_lr: 0.01 max_iter: 100', "a solver"),
        ('input: "data" input_dim: 1 layer { name: "r" type: "ReLU" bottom: "data" top: "r" }', "shape \\(1,\\)"),
        ('input: "data" layer { name: "r" type: "ReLU" bottom: "data" top: "r" }', "does not say of what shape"),
        ('input: "a" input: "a" layer { name: "r" type: "ReLU" bottom: "a" top: "r" }', "one name"),
        ('colour: "red" layer { name: "r" type: "ReLU" bottom: "a" top: "r" }', "'colour'"),
    ],
)
def test_text_that_is_no_network_is_refused(tmp_path, content, words):
    with pytest.raises((ParseError, UnsupportedLayer)) as caught:
        Caffe().parse(model(tmp_path, content))
    assert re.search(words, str(caught.value))
    assert str(caught.value).startswith("net.prototxt: ")


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "net.prototxt"
    for content in (caffemodel(WEIGHTS) + b"\xff\xfe", b"\xa2\x06\xff" * 9):
        path.write_bytes(content)
        assert "is not text" in refusal(path)


def test_weights_given_as_the_network_are_refused_with_what_to_give(tmp_path):
    path = tmp_path / "net.caffemodel"
    path.write_bytes(caffemodel(WEIGHTS))
    with pytest.raises(ParseError, match="holds weights") as caught:
        Caffe().parse(path)
    assert "prototxt" in caught.value.hint


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ([], "ip.*has the weights weight, bias; net.caffemodel holds none"),
        ([random(2, 3)], "'ip'.*net.caffemodel holds 1"),
        ([random(2, 3), random(2), random(2)], "'ip'.*net.caffemodel holds 3"),
        ([random(3, 2), random(2)], r"'ip'.*weight has shape \(3, 2\) in net.caffemodel, not \(2, 3\)"),
        ([random(2, 3), random(3)], r"'ip'.*bias has shape \(3,\) in net.caffemodel, not \(2,\)"),
        ([np.full((2, 3), np.nan), random(2)], "'ip'.*6 of 6 values that are not finite"),
    ],
)
def test_weights_that_do_not_fit_are_told_with_their_layer(tmp_path, arrays, words):
    assert re.search(words, refusal(model(tmp_path, text(IP, shape=(1, 3)), {"ip": arrays, "other": [random(1)]})))


def layer_bytes(*blobs, name=b"ip"):
    return field(100, field(1, name) + b"".join(field(7, content) for content in blobs))


SHAPE = field(7, field(1, varint(2) + varint(3)))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "net.caffemodel: the file is empty"),
        (b"\x00" * 50, "net.caffemodel: the file is no message"),
        (random(500).tobytes(), "net.caffemodel"),
        (caffemodel(WEIGHTS)[:-7], "net.caffemodel: the file is no message"),
        (field(1, b"no layers"), "net.caffemodel: the file holds no layers"),
        (varint(100 << 3 | 2) + varint(2**40) + b"short", "net.caffemodel: the file is no message"),
        (field(100, b"\xff\xff\xff"), "net.caffemodel: layer 1 is no message"),
        (layer_bytes(b"\xff\xff\xff"), "net.caffemodel: layer 'ip', weights 0 is no message"),
        (
            layer_bytes(SHAPE + field(5, packed([1.0] * 5)), blob(random(2))),
            "'ip', weights 0: the shape .2, 3. does not hold",
        ),
        (layer_bytes(SHAPE + field(5, b"\x00" * 23), blob(random(2))), "'ip', weights 0"),
        (
            layer_bytes(field(7, field(1, BILLION)) + field(5, packed([1.0]))),
            "'ip', weights 0: the shape .1000000000,.",
        ),
        (
            layer_bytes(field(7, field(1, b"\x02" * 5000)) + field(5, packed([1.0]))),
            "weights 0: the shape of 5000 axes",
        ),
        (layer_bytes(field(7, field(1, 2**64 - 1)) + field(5, b"")), "weights 0: the shape .-1,."),
        (layer_bytes(field(1, 1) + field(2, 1) + field(3, 2) + field(4, 3)), "weights 0: the shape .1, 1, 2, 3."),
        (caffemodel(WEIGHTS) * 2, "two layers are named 'ip'"),
        (b"\x89HDF\r\n\x1a\n" + b"\x00" * 500, "net.caffemodel: the file cannot be read"),
        (field(2, field(1, b"old")), "first notation"),
        (layer_bytes(SHAPE + field(12, b"half")), "'ip', weights 0: the numbers are in a format of NVIDIA"),
        (b"version https://git-lfs.github.com/spec/v1\n", "pointer"),
    ],
)
def test_damaged_and_lying_weights_are_refused_by_file_and_layer(tmp_path, content, words):
    assert re.search(words, refusal(with_weights(tmp_path, content)))


def test_hdf5_without_weights_or_with_links_or_gaps_is_refused(tmp_path):
    path = model(tmp_path, text(IP, shape=(1, 3)))
    stored = tmp_path / "net.caffemodel.h5"
    with h5py.File(stored, "w") as file:
        file["weights"] = np.zeros(3)
    assert "holds no weights in data/LAYER/0" in refusal(path)
    with h5py.File(stored, "w") as file:
        file["data/ip/0"] = WEIGHTS["ip"][0]
        file["data/ip/2"] = WEIGHTS["ip"][1]
    assert "holds only numbers 0, 2 for it" in refusal(path)
    with h5py.File(stored, "w") as file:
        file["data/ip/0"] = WEIGHTS["ip"][0]
        file["data/ip/1"] = h5py.ExternalLink("/etc/passwd", "/x")
    assert "link" in refusal(path)
    with h5py.File(stored, "w") as file:
        file["data/ip/0"] = np.zeros((2, 3), "i4")
        file["data/ip/1"] = np.zeros(2)
    assert "int32" in refusal(path)
    with h5py.File(stored, "w") as file:
        file.create_dataset("data/ip/0", (BILLION, 3), "f4")
        file["data/ip/1"] = np.zeros(2)
    assert "'ip'" in refusal(path)


@pytest.mark.parametrize(
    "layers",
    [
        [INPUT.format(dims=f"dim: 1 dim: 3 dim: {BILLION} dim: {BILLION}"), layer("ReLU", "r")],
        [INPUT.format(dims=f"dim: 1 dim: {BILLION}"), layer("ReLU", "r")],
        [f'input: "data" input_dim: 1 input_dim: 1 input_dim: {BILLION} input_dim: 1', layer("ReLU", "r")],
        [text(*conv(f"num_output: {BILLION} kernel_size: 1"))],
        [text(*conv(f"num_output: 2 kernel_size: {BILLION}"))],
        [text(*conv(f"num_output: 2 kernel_size: 3 pad: {BILLION}"))],
        [text(layer("InnerProduct", "ip", fields=f"inner_product_param {{ num_output: {BILLION} bias_term: false }}"))],
        [text(layer("Pooling", "p", fields=f"pooling_param {{ pool: AVE kernel_size: {BILLION} pad: {BILLION - 9} }}"))],  # noqa: E501
        [text(layer("Concat", "c", " ".join(["data"] * 300_000)))],
        [text(layer("Concat", "c", "\n".join(["data"] * 100_000)))],
        ["a: 1 " * 800_000],
        [" " * 4_000_000],
        [text(*[layer("ReLU", "same", top="data")] * 5000)],
        [text(*[layer("Nobody", f"n{number}") for number in range(3000)])],
        [text(*[layer("Scale", f"ip{n}", fields="scale_param { axis: 3 }", top="data") for n in range(9)], shape=HUGE)],
        [text(*[layer("ReLU", f"r{number}") for number in range(3)]), "layer { " * 10**6],
        [text(layer("ReLU", "r", fields="loss_weight: " + "9" * 10**6))],
        [text(layer("ReLU", "r", fields="relu_param { negative_slope: 1" + "0" * 10**6 + " }"))],
    ],
)  # fmt: skip
def test_claims_of_size_take_no_memory(tmp_path, layers):
    scales = {f"ip{number}": [random(HUGE[3])] for number in range(9)}
    path = model(tmp_path, "\n".join(layers), {"c": [random(2, 2, 3, 3), random(2)], "ip": [random(2)], **scales})
    size = path.stat().st_size
    tracemalloc.start()
    try:
        Caffe().parse(path)
    except (ParseError, UnsupportedLayer) as error:
        assert str(error).startswith("net.prototxt: ")  # noqa: PT017  it may also be read
        assert len(str(error)) < 3000  # noqa: PT017
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 2**23 + 150 * size + 8 * 2**25 * ("Scale" in layers[0])


AMPLIFYING = """
import resource, sys
from pathlib import Path
from snn.errors import ParseError
from snn_frontend_caffe.frontend import Caffe
Caffe().parse(Path(sys.argv[1]).with_name("good.prototxt"))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    Caffe().parse(Path(sys.argv[1]))
except ParseError as error:
    print(error)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux does")
@pytest.mark.parametrize(
    "content",
    [
        field(100, b"") * 2_000_000,
        field(2, b"") * 3_000_000,
        field(100, field(1, b"ip") + field(7, b"") * 4_000_000),
        layer_bytes(field(7, field(1, b"\x01" * 8_000_000)) + field(5, packed([1.0]))),
        layer_bytes(SHAPE + field(5, b"") * 4_000_000),
        field(9, b"unknown") * 1_000_000,
    ],
    ids=["layers", "earlier layers", "weights", "axes", "pieces", "unknown fields"],
)
def test_empty_messages_by_the_million_take_little_more_memory_than_the_file(tmp_path, content):
    model(tmp_path, text(IP, shape=(1, 3)), WEIGHTS, name="good")
    path = with_weights(tmp_path, content)
    told = subprocess.run([sys.executable, "-c", AMPLIFYING, str(path)], capture_output=True, text=True, check=True)
    message, grown = told.stdout.splitlines()
    assert message.startswith("net.prototxt: ")
    assert int(grown) < 300, message  # MiB, for a file of 8


def test_settings_that_do_not_go_together_are_refused():
    with pytest.raises(SettingsError, match="input_shape"):
        Caffe(input_shape=(0,))
    with pytest.raises((SettingsError, ValueError), match="at most three axes"):
        Caffe(input_shape=(1, 2, 3, 4))
    with pytest.raises((SettingsError, ValueError), match="mean"):
        Caffe(mean="m.binaryproto", preprocessing=False)
