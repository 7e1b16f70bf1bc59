"""Caffe models through the command line: the example's network once more, and the real LeNet."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import snn as toolbox
from snn import layers as op
from snn.simplifying import simplify

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "packages/frontend-caffe/tests"))
from caffe_files import caffemodel, layer, model, random, text  # noqa: E402  from where it is

LENET, MNIST = (ROOT.parent / "shared/data" / name for name in ("caffe/lenet.prototxt", "mnist.npz"))


def as_caffe(network, folder):
    """Write a simplified network as Caffe files: NAME.prototxt, and NAME.caffemodel beside it."""
    layers, weights = [], {}
    for entry in network.layers[1:]:
        kind, fields = {
            op.Conv: ("Convolution", "convolution_param"),
            op.Dense: ("InnerProduct", "inner_product_param"),
            op.MaxPool: ("Pooling", "pooling_param"),
            op.AvgPool: ("Pooling", "pooling_param"),
            op.Flatten: ("Flatten", ""),
        }.get(type(entry), ("ReLU" if getattr(entry, "function", "") == "relu" else "Softmax", ""))
        settings = ""
        if isinstance(entry, op.Conv):
            (size, _), ((pad, _), _), (stride, _) = entry.weight.shape[2:], entry.padding, entry.stride
            settings = f"num_output: {len(entry.bias)} kernel_size: {size} pad: {pad} stride: {stride}"
        elif isinstance(entry, op.Dense):
            settings = f"num_output: {len(entry.bias)}"
        elif isinstance(entry, (op.MaxPool, op.AvgPool)):
            assert not any(map(sum, entry.padding))
            method = "AVE" if isinstance(entry, op.AvgPool) else "MAX"
            settings = f"pool: {method} kernel_size: {entry.size[0]} stride: {entry.stride[0]} round_mode: FLOOR"
        layers.append(layer(kind, entry.name, " ".join(entry.inputs), f"{fields} {{ {settings} }}" if fields else ""))
        if hasattr(entry, "weight"):
            weights[entry.name] = [entry.weight, entry.bias]
    entry = network.input.name
    content = text(*layers, shape=(1, *network.shapes[entry])).replace('"data"', f'"{entry}"')
    return model(folder, content, weights)


def test_the_examples_network_as_caffe_files_gives_the_same_spikes(snn, example, tmp_path):
    as_caffe(simplify(toolbox.parse(example / "mnist.keras")), tmp_path)
    for name in (example / "mnist.keras", "net.prototxt"):
        done = snn("convert", name, "--calibrate", example / "calibration.npz", "--set", "convert.initial=0.5")
        assert done.returncode == 0, done.stderr
    results = {}
    for name in ("mnist.snn", "net.snn"):
        done = snn("simulate", name, "--data", example / "test.npz", "--count", "200", "--duration", "16", "--json")
        assert done.returncode == 0, done.stderr
        results[name] = json.loads(done.stdout)
    assert results["net.snn"]["accuracy"] == results["mnist.snn"]["accuracy"] >= 0.98
    assert results["net.snn"]["operations_per_sample"] == results["mnist.snn"]["operations_per_sample"]


def test_a_run_keeps_the_digest_of_the_weights_and_tells_which_they_are(snn, tmp_path):
    layers = [
        layer("InnerProduct", "ip", fields="inner_product_param { num_output: 3 }"),
        layer("Softmax", "prob", "ip"),
    ]
    model(tmp_path, text(*layers, shape=(1, 4)))
    (tmp_path / "net_iter_5.caffemodel").write_bytes(caffemodel({"ip": [random(3, 4), random(3)]}))
    x = random(6, 4, low=0, high=1)
    np.savez(tmp_path / "x.npz", x=x, y=np.zeros(6, int))
    (tmp_path / "run.toml").write_text('source = "net.prototxt"\n[data]\nsamples = "x.npz"\nnormalise_with = "x.npz"\n')
    done = snn("run", "run.toml", "--out", "kept")
    assert done.returncode == 0, done.stderr
    assert "parse: weights from net_iter_5.caffemodel" in done.stderr
    files = json.loads((tmp_path / "kept/environment.json").read_text())["files"]
    assert {Path(name).name for name in files} == {"net.prototxt", "net_iter_5.caffemodel", "x.npz"}


def test_what_is_wrong_with_a_model_is_one_line_and_a_hint(snn, tmp_path):
    model(tmp_path, text(layer("LRN", "norm1"), layer("ReLU", "relu", "norm1")))
    done = snn("convert", "net.prototxt")
    assert done.returncode == 4
    assert done.stderr.splitlines()[-2:] == [
        "error: net.prototxt: layer 'norm1' (LRN) has no counterpart in a network",
        "hint: no spiking neuron normalises over channels: train it with BatchNorm and Scale instead",
    ]
    assert not list(tmp_path.glob("*.snn"))


@pytest.mark.skipif(not LENET.is_file(), reason=f"the LeNet is not at {LENET}")
def test_the_real_lenet_keeps_its_accuracy_as_a_spiking_network(snn):
    pixels = ("--set", "reader.npz.divisor=256")
    done = snn("evaluate", LENET, "--data", MNIST, "--json", *pixels)
    assert json.loads(done.stdout)["accuracy"] == pytest.approx(0.9914, abs=0.0002), done.stderr
    done = snn("convert", LENET, "--calibrate", MNIST, "-o", "lenet.snn", *pixels)
    assert done.returncode == 0, done.stderr
    done = snn("simulate", "lenet.snn", "--data", MNIST, "--duration", "30", "--json", *pixels)
    assert json.loads(done.stdout)["accuracy"] >= 0.99, done.stderr
