"""Where weights are looked for, in which formats they are read, and which layer gets them."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from caffe_files import blob, caffemodel, field, layer, model, packed, random, text
from snn import storage
from snn.errors import ParseError
from snn_frontend_caffe.frontend import Caffe

IP = layer("InnerProduct", "ip", fields="inner_product_param { num_output: 2 }")
TEXT = text(IP, shape=(1, 3))
WEIGHT, BIAS = random(2, 3), random(2, seed=1)
WEIGHTS = {"ip": [WEIGHT, BIAS]}


def check(network):
    assert (network["ip"].weight == WEIGHT).all()
    assert (network["ip"].bias == BIAS).all()


def used(path, **settings):
    """Return the name of the file that gave the weights."""
    return Caffe(**settings).parse(path).provenance[1].removeprefix("weights from ")


def hdf5(path, weights):
    with h5py.File(path, "w") as file:
        file.create_group("diff")
        for name, arrays in weights.items():
            for place, array in enumerate(arrays):
                file[f"data/{name}/{place}"] = array


def test_the_file_of_the_same_stem_goes_before_others(tmp_path):
    path = model(tmp_path, TEXT, WEIGHTS)
    for other in ("net_iter_9", "net-old", "other"):
        (tmp_path / f"{other}.caffemodel").write_bytes(b"")
    assert used(path) == "net.caffemodel"


def test_hdf5_of_the_same_stem_is_found_too(tmp_path):
    path = model(tmp_path, TEXT)
    hdf5(tmp_path / "net.caffemodel.h5", WEIGHTS)
    (tmp_path / "net_iter_9.caffemodel").write_bytes(b"")
    assert used(path) == "net.caffemodel.h5"


def test_else_the_only_file_that_begins_with_the_stem(tmp_path):
    path = model(tmp_path, TEXT)
    (tmp_path / "net_iter_10.caffemodel").write_bytes(caffemodel(WEIGHTS))
    (tmp_path / "other.caffemodel").write_bytes(b"")
    assert used(path) == "net_iter_10.caffemodel"


def test_else_the_only_file_in_the_folder(tmp_path):
    path = model(tmp_path, TEXT)
    (tmp_path / "trained.CaffeModel").write_bytes(caffemodel(WEIGHTS))
    (tmp_path / "readme.txt").write_text("")
    assert used(path) == "trained.CaffeModel"


@pytest.mark.parametrize(
    "names",
    [
        ["net_iter_1.caffemodel", "net_iter_2.caffemodel"],
        ["a.caffemodel", "b.caffemodel.h5"],
        ["net.caffemodel", "net.caffemodel.h5"],
    ],
)
def test_several_files_are_listed(tmp_path, names):
    path = model(tmp_path, TEXT)
    for name in names:
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(ParseError, match=r"net.prototxt: several files may be its weights") as caught:
        Caffe().parse(path)
    assert all(name in str(caught.value) for name in names)
    assert "frontend.caffe.weights" in caught.value.hint


def test_a_prototxt_without_weights_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(ParseError, match=r"net.prototxt: there are no weights for it: no net.caffemodel") as caught:
        Caffe().parse(model(tmp_path, TEXT))
    assert "frontend.caffe.weights" in caught.value.hint


def test_the_file_that_is_set_is_taken_from_the_folder_of_the_model_or_from_here(tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    (tmp_path / "here").mkdir()
    path = model(tmp_path / "models", TEXT, {"ip": [np.zeros((2, 3)), np.zeros(2)]})
    (tmp_path / "models" / "best.caffemodel").write_bytes(caffemodel(WEIGHTS))
    (tmp_path / "here" / "mine.caffemodel").write_bytes(caffemodel(WEIGHTS))
    monkeypatch.chdir(tmp_path / "here")
    check(Caffe(weights="best.caffemodel").parse(path))
    check(Caffe(weights="mine.caffemodel").parse(path))
    check(Caffe(weights=str(tmp_path / "here" / "mine.caffemodel")).parse(path))
    with pytest.raises(ParseError, match=r"net.prototxt: its weights: there is no .*none.caffemodel and no "):
        Caffe(weights="none.caffemodel").parse(path)


def test_a_network_without_weights_needs_no_file(tmp_path):
    assert Caffe().parse(model(tmp_path, text(layer("ReLU", "relu")))).output.name == "relu"


@pytest.mark.parametrize("notation", ["V1", "V2"])
@pytest.mark.parametrize("kind", ["<f4", "<f8"])
def test_both_notations_and_both_precisions_are_read(tmp_path, notation, kind):
    path = model(tmp_path, TEXT)
    (tmp_path / "net.caffemodel").write_bytes(caffemodel(WEIGHTS, notation, kind))
    check(Caffe().parse(path))


def test_hdf5_gives_the_same_network_as_the_binary(tmp_path):
    path = model(tmp_path, TEXT, WEIGHTS)
    binary = Caffe().parse(path)
    hdf5(tmp_path / "other.h5", {**WEIGHTS, "data": [np.zeros(3)]})
    assert storage.digest(Caffe(weights="other.h5").parse(path)) == storage.digest(binary)


def test_hdf5_names_with_slashes_are_groups_in_groups(tmp_path):
    path = model(tmp_path, TEXT.replace('"ip"', '"block/1x1/ip"'))
    hdf5(tmp_path / "net.caffemodel.h5", {"block/1x1/ip": WEIGHTS["ip"]})
    assert (Caffe().parse(path)["block/1x1/ip"].weight == WEIGHT).all()


def test_weights_go_to_the_layer_of_their_name_whatever_the_order(tmp_path):
    other = layer("InnerProduct", "other", "ip", "inner_product_param { num_output: 2 }")
    more = {"other": [random(2, 2), random(2)], "data": [], "loss": [random(7)], **WEIGHTS}
    network = Caffe().parse(model(tmp_path, text(IP, other, shape=(1, 3)), more))
    check(network)
    assert (network["other"].weight == more["other"][0]).all()


def test_numbers_may_come_in_several_packed_pieces(tmp_path):
    path = model(tmp_path, TEXT)
    shape = field(7, field(1, b"\x02") + field(1, 3))  # one packed, one not: readers take both
    halves = [packed(WEIGHT.ravel()[:2]), packed(WEIGHT.ravel()[2:])]
    weight = shape + b"".join(field(5, half) for half in halves)
    content = field(100, field(1, b"ip") + field(7, weight) + field(7, blob(BIAS)))
    (tmp_path / "net.caffemodel").write_bytes(content)
    check(Caffe().parse(path))


def test_fields_that_are_not_weights_are_passed_over(tmp_path):
    path = model(tmp_path, TEXT)
    gradient = field(6, packed([1.0] * 6))
    content = field(1, b"trained") + field(
        100,
        field(1, b"ip")
        + field(2, b"InnerProduct")
        + field(7, blob(WEIGHT) + gradient)
        + field(7, blob(BIAS))
        + field(200, 1),
    )
    (tmp_path / "net.caffemodel").write_bytes(content)
    check(Caffe().parse(path))


def test_the_files_of_a_model_are_told(tmp_path):
    path = model(tmp_path, TEXT, WEIGHTS)
    assert Caffe().files(path) == (path, tmp_path / "net.caffemodel")


SHARING = text(
    layer("InnerProduct", "a", fields='inner_product_param { num_output: 3 } param { name: "w" } param { name: "b" }'),
    layer("InnerProduct", "b", "a", 'inner_product_param { num_output: 3 } param { name: "w" } param { name: "b" }'),
    shape=(1, 3),
)


def test_shared_weights_may_be_kept_with_the_first_layer_only(tmp_path):
    square, bias = random(3, 3), random(3)
    path = model(tmp_path, SHARING)
    hdf5(tmp_path / "net.caffemodel.h5", {"a": [square, bias]})
    network = Caffe().parse(path)
    assert (network["b"].weight == square).all()
    assert (network["b"].bias == bias).all()
    earlier = SHARING.replace('param { name: "w" } param { name: "b" }', 'param: "w" param: "b"')
    assert storage.digest(Caffe().parse(model(tmp_path, earlier))) == storage.digest(network)


def test_shared_weights_that_differ_are_refused(tmp_path):
    path = model(tmp_path, SHARING, {"a": [random(3, 3), random(3)], "b": [random(3, 3, seed=1), random(3)]})
    with pytest.raises(ParseError, match=r"'b' .InnerProduct. shares the parameter 'w' with layer 'a'"):
        Caffe().parse(path)
