"""What a data layer does to samples is a layer of the network, reported, or left to who gives the samples."""

from __future__ import annotations

import numpy as np
import pytest
from caffe_files import blob, legacy_mean, model, random
from snn import analog
from snn.errors import ParseError
from snn_frontend_caffe.frontend import Caffe

RELU = 'layer { name: "relu" type: "ReLU" bottom: "data" top: "relu" relu_param { negative_slope: 1 } }'
MEAN = random(2, 4, 4, low=0, high=200)


def content(transform):
    entry = 'name: "data" type: "Data" top: "data" top: "label"'
    return f"layer {{ {entry} transform_param {{ {transform} }} }} {RELU}"


def output(network, samples):
    return analog.evaluate(network, samples)[network.output.name]


def test_mean_values_and_scale_are_the_first_layer(tmp_path):
    network = Caffe().parse(model(tmp_path, content("scale: 0.5 crop_size: 3 mean_value: 10 mean_value: 20")))
    assert network.layers[1].name == "data/preprocessing"
    samples = random(2, 2, 3, 3, low=0, high=255)
    wanted = (samples - np.reshape([10, 20], (1, 2, 1, 1))) * 0.5
    assert output(network, samples) == pytest.approx(wanted, abs=1e-4)
    told = next(line for line in network.provenance if "preprocessing" in line)
    assert "(x - mean 10, 20) * 0.5" in told


def test_a_single_mean_value_is_that_of_all_channels(tmp_path):
    network = Caffe(input_shape=(2, 1, 1)).parse(model(tmp_path, content("mean_value: 7")))
    assert output(network, np.full((1, 2, 1, 1), 9, np.float32)).ravel().tolist() == [2, 2]


@pytest.mark.parametrize("named", ["examples/cifar10/mean.binaryproto", "C:\\\\data\\\\mean.binaryproto"])
def test_a_mean_image_beside_the_prototxt_is_subtracted(tmp_path, named):
    path = model(tmp_path, content(f'scale: 0.25 mean_file: "{named}"'))
    (tmp_path / "mean.binaryproto").write_bytes(legacy_mean(MEAN))
    network = Caffe().parse(path)
    assert network.shapes["data"] == (2, 4, 4)  # as the mean image has it
    samples = random(2, 2, 4, 4, low=0, high=255)
    assert output(network, samples) == pytest.approx((samples - MEAN) * 0.25, abs=1e-4)
    assert any("mean image of mean.binaryproto" in line for line in network.provenance)
    assert Caffe().files(path) == (path, tmp_path / "mean.binaryproto")


def test_of_a_mean_image_larger_than_the_samples_the_middle_counts(tmp_path):
    path = model(tmp_path, content('crop_size: 2 mean_file: "mean.binaryproto"'))
    (tmp_path / "mean.binaryproto").write_bytes(blob(MEAN))
    samples = random(1, 2, 2, 2, low=0, high=255)
    assert output(Caffe().parse(path), samples) == pytest.approx(samples - MEAN[:, 1:3, 1:3], abs=1e-4)


def test_a_mean_image_of_another_shape_is_refused(tmp_path):
    path = model(tmp_path, content('mean_file: "mean.binaryproto"'))
    (tmp_path / "mean.binaryproto").write_bytes(blob(MEAN))
    with pytest.raises(ParseError, match=r"the mean has shape \(2, 4, 4\), the samples \(2, 3, 3\)"):
        Caffe(input_shape=(2, 3, 3)).parse(path)


def test_a_deploy_network_gets_the_mean_that_is_set(tmp_path):
    path = model(tmp_path, f'input: "data" input_shape {{ dim: 1 dim: 2 dim: 4 dim: 4 }}\n{RELU}')
    (tmp_path / "my.binaryproto").write_bytes(legacy_mean(MEAN))
    samples = random(1, 2, 4, 4, low=0, high=255)
    assert output(Caffe(mean="my.binaryproto").parse(path), samples) == pytest.approx(samples - MEAN, abs=1e-4)


def test_a_mean_image_that_is_not_there_is_refused_with_what_to_do(tmp_path):
    path = model(tmp_path, content('mean_file: "far/away/mean.binaryproto"'))
    with pytest.raises(ParseError, match=r"net.prototxt: its mean image 'far/away/mean.binaryproto'") as caught:
        Caffe().parse(path)
    assert "preprocessing=false" in caught.value.hint


def test_preprocessing_can_be_left_to_who_gives_the_samples_and_is_told(tmp_path):
    path = model(tmp_path, content('scale: 0.5 mean_file: "mean.binaryproto"'))
    network = Caffe(preprocessing=False, input_shape=(2, 4, 4)).parse(path)
    assert [entry.name for entry in network.layers] == ["data", "relu"]
    assert any("(x - mean image of mean.binaryproto) * 0.5" in line for line in network.provenance)


def test_random_mirroring_is_left_out_and_told(tmp_path):
    network = Caffe(input_shape=(2, 4, 4)).parse(model(tmp_path, content("mirror: true")))
    assert any("mirrors samples at random" in line for line in network.provenance)


def test_the_first_data_layers_had_scale_and_crop_in_their_own_block(tmp_path):
    text = f"""layers {{ name: "data" type: DATA top: "data" top: "label"
      data_param {{ source: "db" batch_size: 64 scale: 0.5 crop_size: 4 mean_file: "mean.binaryproto" }} }}
    {RELU.replace("layer {", "layers {").replace('"ReLU"', "RELU")}"""
    path = model(tmp_path, text)
    (tmp_path / "mean.binaryproto").write_bytes(legacy_mean(MEAN))
    samples = random(1, 2, 4, 4, low=0, high=255)
    assert output(Caffe().parse(path), samples) == pytest.approx((samples - MEAN) * 0.5, abs=1e-4)


@pytest.mark.parametrize(
    ("transform", "words"),
    [
        ("mean_value: 1 mean_value: 2 mean_value: 3", "3 mean values for 2 channels"),
        ('mean_value: 1 mean_file: "m"', "both mean_file and mean_value"),
        ("scale: nan", "'scale'"),
        ("scael: 2", "'scael'"),
    ],
)
def test_faults_name_the_layer(tmp_path, transform, words):
    with pytest.raises(Exception, match=f"layer 'data' .Data.*{words}"):
        Caffe(input_shape=(2, 4, 4)).parse(model(tmp_path, content(transform)))
