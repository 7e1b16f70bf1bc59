"""What a prototxt says: phases, inputs, blobs written in place, and which result is the network's."""

from __future__ import annotations

import numpy as np
import pytest
from caffe_files import INPUT, layer, model, random, text
from snn import analog
from snn import layers as op
from snn.errors import ParseError, UnsupportedLayer
from snn_frontend_caffe.frontend import Caffe

DATA = (
    'layer { name: "data" type: "Data" top: "data" top: "label" include { phase: %s } data_param { source: "x" } %s }'
)
IP = layer("InnerProduct", "ip", fields="inner_product_param { num_output: 2 }")
WEIGHTS = {"ip": [random(2, 3), random(2)]}


def source(kind, fields, tops="data label"):
    block = {"DummyData": "dummy_data", "MemoryData": "memory_data", "ImageData": "image_data"}[kind]
    named = " ".join(f'top: "{top}"' for top in tops.split())
    return f'layer {{ name: "in" type: "{kind}" {named} {block}_param {{ {fields} }} }}'


def parse(folder, content, weights=None, **settings):
    return Caffe(**settings).parse(model(folder, content, weights))


def names(network):
    return [entry.name for entry in network.layers]


def test_the_layers_of_the_test_phase_are_read(tmp_path):
    train = layer("Dropout", "noise", top="data", fields="include { phase: TRAIN }")
    test = layer("ReLU", "only", top="data", fields="exclude { phase: TRAIN }")
    content = "\n".join([DATA % ("TRAIN", "unknown_param { a: 1 }"), DATA % ("TEST", ""), train, test, IP])
    network = parse(tmp_path, content, WEIGHTS, input_shape=(3,))
    assert names(network) == ["data", "only", "ip"]


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        ("include { phase: TEST }", True),
        ("include { phase: TRAIN }", False),
        ("exclude { phase: TEST }", False),
        ("include { phase: TRAIN } include { phase: TEST }", True),
        ("include { min_level: 0 }", True),
        ("include { min_level: 1 }", False),  # whatever level the text gives
        ("include { max_level: -1 }", False),
        ("include { stage: 'deploy' }", True),
        ("include { stage: 'deploy' stage: 'other' }", False),
        ("include { not_stage: 'deploy' }", False),
        ("exclude { stage: 'other' }", True),
        ("include { }", True),
        ("include { phase: 1 }", True),
    ],
)
def test_rules_are_caffes(tmp_path, rule, kept):
    state = 'state { phase: TRAIN level: 2 stage: "deploy" }'
    content = "\n".join([state, text(layer("ReLU", "relu", fields=rule, top="data"), layer("ReLU", "last"))])
    assert ("relu" in names(parse(tmp_path, content))) == kept


def test_a_blob_that_is_written_in_place_is_read_as_it_was_written_last(tmp_path):
    content = text(
        layer("Scale", "twice", top="data"),
        layer("ReLU", "relu", top="data"),
        layer("Scale", "thrice"),
        shape=(1, 1, 1, 2),
    )
    weights = {"twice": [np.array([2])], "thrice": [np.array([3])]}
    network = parse(tmp_path, content, weights)
    assert analog.evaluate(network, np.array([[[[-1, 1]]]], np.float32))["thrice"].ravel().tolist() == [0, 6]


@pytest.mark.parametrize(
    "inputs",
    [
        INPUT.format(dims="dim: 7 dim: 1 dim: 2 dim: 3"),
        'layer { name: "in" type: "Input" top: "data" input_param { shape: { dim: [7, 1, 2, 3] } } }',
        'input: "data" input_dim: 7 input_dim: 1 input_dim: 2 input_dim: 3',
        'input: "data" input_shape { dim: 7 dim: 1 dim: 2 dim: 3 }',
        'layer { name: "d" type: "DummyData" top: "data" dummy_data_param { shape { dim: 7 dim: 1 dim: 2 dim: 3 } } }',
        source("DummyData", "num: 7 num: 7 channels: 5 channels: 1 height: 4 height: 2 width: 3", tops="other data"),
        source("MemoryData", "batch_size: 7 channels: 1 height: 2 width: 3"),
        source("ImageData", 'source: "list.txt" new_height: 2 new_width: 3 is_color: false'),
    ],
)
def test_every_kind_of_input_gives_the_shape_of_a_sample(tmp_path, inputs):
    network = parse(tmp_path, "\n".join([inputs, layer("ReLU", "relu")]))
    assert network.shapes[network.input.name] == (1, 2, 3)
    assert network.input.name == "data"


def test_a_data_layer_tells_its_shape_from_its_crop_and_channels(tmp_path):
    fields = "transform_param { crop_size: 4 mean_value: 1 mean_value: 2 mean_value: 3 }"
    with pytest.raises(ParseError, match="does not say of what shape") as caught:
        parse(tmp_path, "\n".join([DATA % ("TEST", ""), layer("ReLU", "relu")]))
    assert "frontend.caffe.input_shape" in caught.value.hint
    network = parse(tmp_path, "\n".join([DATA % ("TEST", fields), layer("ReLU", "relu")]))
    assert network.shapes["data"] == (3, 4, 4)


def test_the_shape_that_is_set_goes_before_that_of_the_text(tmp_path):
    network = parse(tmp_path, text(layer("ReLU", "relu")), input_shape=(2, 9, 9))
    assert network.shapes["relu"] == (2, 9, 9)
    assert any("(2, 9, 9), as it was set" in line for line in network.provenance)


def test_losses_and_accuracy_are_left_out_and_told(tmp_path):
    content = text(
        IP,
        layer("Accuracy", "accuracy", "ip label", "accuracy_param { top_k: 5 }"),
        layer("EuclideanLoss", "loss", "ip label"),
        shape=(1, 3),
    )
    network = parse(tmp_path, content, WEIGHTS)
    assert names(network) == ["data", "ip"]
    assert any("accuracy (Accuracy), loss (EuclideanLoss)" in line for line in network.provenance)


def test_a_softmax_with_loss_becomes_the_softmax(tmp_path):
    content = text(IP, layer("SoftmaxWithLoss", "loss", "ip label", "loss_param { ignore_label: 255 }"), shape=(1, 3))
    network = parse(tmp_path, content, WEIGHTS)
    assert network.output.name == "loss"
    assert network.output.function == "softmax"


def test_a_softmax_with_loss_beside_a_softmax_is_left_out(tmp_path):
    content = text(IP, layer("Softmax", "prob", "ip"), layer("SoftmaxWithLoss", "loss", "ip label"), shape=(1, 3))
    assert names(parse(tmp_path, content, WEIGHTS)) == ["data", "ip", "prob"]


def test_the_second_result_of_a_softmax_with_loss_is_the_softmax(tmp_path):
    loss = 'layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" top: "prob" }'
    network = parse(tmp_path, text(IP, loss, layer("ReLU", "relu", "prob"), shape=(1, 3)), WEIGHTS)
    assert names(network) == ["data", "ip", "loss", "relu"]


def test_of_several_results_one_is_chosen(tmp_path):
    other = layer("InnerProduct", "other", fields="inner_product_param { num_output: 2 }")
    content = text(IP, other, shape=(1, 3))
    weights = {**WEIGHTS, "other": WEIGHTS["ip"]}
    with pytest.raises(ParseError, match="2 results, 'ip', 'other'") as caught:
        parse(tmp_path, content, weights)
    assert "frontend.caffe.output=other" in caught.value.hint
    assert names(parse(tmp_path, content, weights, output="ip")) == ["data", "ip"]


def test_an_inner_layer_can_be_the_result(tmp_path):
    content = text(layer("ReLU", "relu"), layer("LRN", "norm", "relu"), shape=(1, 2, 2, 2))
    assert names(parse(tmp_path, content, output="relu")) == ["data", "relu"]
    with pytest.raises(ParseError, match="called 'nothing'") as caught:
        parse(tmp_path, content, output="nothing")
    assert "'relu'" in caught.value.hint


def test_what_is_silenced_is_no_result(tmp_path):
    silence = 'layer { name: "hush" type: "Silence" bottom: "a" }'
    assert names(parse(tmp_path, text(layer("ReLU", "a"), silence, layer("ReLU", "b")))) == ["data", "b"]


def test_two_inputs_are_refused_by_name(tmp_path):
    second = INPUT.format(dims="dim: 1 dim: 2 dim: 6 dim: 6").replace('"data"', '"more"')
    with pytest.raises(ParseError, match="2 inputs, 'data', 'more'"):
        parse(tmp_path, text(second, layer("Eltwise", "sum", "data more")))


def test_layers_of_one_name_get_names_of_their_own(tmp_path):
    network = parse(tmp_path, text(layer("ReLU", "same"), layer("ReLU", "same", "same", top="b")))
    assert names(network) == ["data", "same", "same_1"]


def test_two_layers_with_weights_and_one_name_are_refused(tmp_path):
    second = layer("InnerProduct", "ip", "ip", "inner_product_param { num_output: 2 }", top="b")
    with pytest.raises(ParseError, match="two layers are named 'ip'"):
        parse(tmp_path, text(IP, second, shape=(1, 3)), WEIGHTS)


def test_a_prototxt_of_blocks_in_angles_and_lists_reads_as_one_in_braces(tmp_path):
    content = """# a comment; and another
    input: 'da' "ta"  # two pieces of one text
    input_shape < dim: [0x2, 01, 2, 3] >;
    layer: { name: "relu", type: "ReLU", bottom: ["data"], top: ["relu"] }
    """
    network = parse(tmp_path, content)
    assert network.shapes["data"] == (1, 2, 3)


def test_a_result_of_one_layer_is_of_that_kind(tmp_path):
    assert isinstance(
        parse(tmp_path, text(layer("Pooling", "p", fields="pooling_param { kernel_size: 2 }"))).output, op.MaxPool
    )


@pytest.mark.parametrize("kind", ["Dropout", "BatchNorm"])
def test_a_layer_that_works_as_in_training_is_refused(tmp_path, kind):
    with pytest.raises(UnsupportedLayer, match=f"'d' .{kind}. works as in training"):
        parse(tmp_path, text(layer(kind, "d", fields="phase: TRAIN"), layer("ReLU", "relu", "d")), {"d": []})


def test_a_dropout_that_scales_after_training_is_refused(tmp_path):
    content = text(layer("Dropout", "d", fields="dropout_param { scale_train: false }"), layer("ReLU", "relu", "d"))
    with pytest.raises(UnsupportedLayer, match=r"'d' .Dropout.*scale_train"):
        parse(tmp_path, content)
    assert names(parse(tmp_path, content.replace("false", "true"))) == ["data", "relu"]


def test_the_second_result_of_a_pool_is_refused_where_it_is_read(tmp_path):
    pool = 'layer { name: "p" type: "Pooling" bottom: "data" top: "p" top: "mask" pooling_param { kernel_size: 2 } }'
    with pytest.raises(UnsupportedLayer, match=r"'p' .Pooling. gives 'mask' as its result number 2"):
        parse(tmp_path, text(pool, layer("Concat", "c", "p mask")))


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        (DATA % ("TEST", "transform_parm { scale: 0.5 }"), "transform_parm"),
        (DATA.replace('source: "x"', "mean_fil: 1") % ("TEST", ""), "mean_fil"),
        ('layer { name: "i" type: "Input" top: "data" input_parm { shape { dim: 1 dim: 3 } } }', "input_parm"),
    ],
)
def test_unknown_fields_of_data_layers_are_refused(tmp_path, entry, field):
    with pytest.raises(UnsupportedLayer, match=f"has the field '{field}' .line"):
        parse(tmp_path, f"{entry} {IP}", WEIGHTS, input_shape=(3,))


def test_two_layers_that_write_one_blob_are_refused(tmp_path):
    with pytest.raises(ParseError, match=r"'b' .ReLU. writes 'a', which is there already"):
        parse(tmp_path, text(layer("ReLU", "a"), layer("ReLU", "b", "data", top="a")))


def test_labels_are_no_input(tmp_path):
    with pytest.raises(ParseError, match="'label', which are labels"):
        parse(tmp_path, DATA % ("TEST", "") + layer("ReLU", "relu", "label"))


def test_comments_may_be_in_any_encoding_and_hold_any_character(tmp_path):
    path = model(tmp_path, "")
    pool = layer("Pooling", "p", fields="pooling_param { kernel_size: 2 #\u2028 pad: 1\n stride: 2 }")
    path.write_bytes("# 中文\n".encode("gbk") + text(pool).encode())
    assert Caffe().parse(path)["p"].padding == ((0, 0), (0, 0))
    path.write_bytes(text(layer("ReLU", "relu")).encode().replace(b'"relu"', b'"\xd6\xd0"'))
    with pytest.raises(ParseError, match="not text in UTF-8"):
        Caffe().parse(path)
