"""A model that cannot be read says so in one line, with the file, the layer and what to do."""

from __future__ import annotations

import io
import json
import pickle
import zipfile

import h5py
import numpy as np
import pytest
from handmade import dense, keras_file, layer, legacy_file
from snn import analog
from snn.errors import ParseError, UnsupportedLayer
from snn_frontend_keras.frontend import Keras


def refusal(path, kind=ParseError):
    with pytest.raises(kind) as caught:
        Keras().parse(path)
    return f"{caught.value}\n{caught.value.hint}"


def with_layer(tmp_path, *layers, **changes):
    first = layer("InputLayer", "in", batch_shape=[None, 6, 6, 2])
    return keras_file(tmp_path / "model.keras", [first, *layers], **changes)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("Lambda", {"function": {"class_name": "__lambda__", "config": {"code": "4wEA"}}}),
        ("LSTM", {"units": 3, "return_sequences": True}),
        ("PReLU", {}),
        ("Conv3D", {"filters": 3}),
        ("TFOpLambda", {"function": "math.add"}),
        ("Multiply", {}),
        ("ReLU", {"threshold": 0.5}),
        ("ReLU", {"negative_slope": 0.5, "max_value": 1.0}),
        ("Activation", {"activation": "hard_silu"}),
        ("Activation", {"activation": {"class_name": "function", "config": "mine", "registered_name": "mine"}}),
        ("UpSampling2D", {"interpolation": "bilinear"}),
        ("Flatten", {"some_new_setting": 3}),
        ("Dropout", {"dtype": {"class_name": "QuantizedDTypePolicy", "config": {"name": "int8"}}}),
        ("BatchNormalization", {"renorm": True}),
        ("BatchNormalization", {"axis": [1, 2]}),
        ("Softmax", {"axis": [1, 2]}),
        ("Reshape", {"target_shape": [3, 2, 6, 2]}),
    ],
)
def test_a_layer_without_counterpart_is_named_with_its_class(tmp_path, kind, settings):
    text = refusal(with_layer(tmp_path, layer(kind, "culprit", **settings)), UnsupportedLayer)
    assert text.startswith(f"model.keras: layer 'culprit' ({kind})")
    assert text.splitlines()[-1]


def test_a_class_of_somebody_else_is_not_taken_for_keras_own(tmp_path):
    mine = {**layer("Dense", "culprit", units=2), "module": "my_package.layers", "registered_name": "mine>Dense"}
    assert "(my_package.layers.Dense)" in refusal(with_layer(tmp_path, mine), UnsupportedLayer)
    registered = {**layer("Dense", "culprit", units=2), "class_name": "mine>Dense"}
    assert "(mine>Dense)" in refusal(with_layer(tmp_path, registered), UnsupportedLayer)


def test_all_layers_without_counterpart_are_listed(tmp_path):
    layers = [layer("Lambda", "one"), layer("ReLU", "two", threshold=1.0), layer("Masking", "three")]
    first, second, third, hint = refusal(with_layer(tmp_path, *layers), UnsupportedLayer).splitlines()
    assert first.startswith("model.keras: layer 'one' (Lambda)")
    assert second.startswith("  layer 'three' (Masking)")
    assert third.startswith("  layer 'two' (ReLU)")
    assert "Python" in hint


def test_a_layer_called_in_training_is_refused(tmp_path):
    node = {"args": [tensor("in")], "kwargs": {"training": True}}
    text = refusal(functional(tmp_path, {**layer("Dropout", "d", rate=0.5), "inbound_nodes": [node]}), UnsupportedLayer)
    assert "'d'" in text
    assert "training = True" in text


def test_a_number_added_to_a_result_is_refused(tmp_path):
    node = {"args": [tensor("in"), 3.0], "kwargs": {}}
    assert "3.0" in refusal(functional(tmp_path, {**layer("Add", "d"), "inbound_nodes": [node]}), UnsupportedLayer)


def test_an_operation_of_keras_is_not_taken_for_a_layer(tmp_path):
    node = {"args": [tensor("in"), tensor("in")], "kwargs": {}}
    add = {**layer("Average", "d"), "module": "keras.src.ops.numpy", "inbound_nodes": [node]}
    assert "keras.src.ops.numpy.Average" in refusal(functional(tmp_path, add), UnsupportedLayer)


@pytest.mark.parametrize("what", ["input_layers", "output_layers"])
def test_several_inputs_or_outputs_are_refused_by_name(tmp_path, what):
    node = {"args": [tensor("in")], "kwargs": {}}
    ends = {what: [["in", 0, 0], ["d", 0, 0]]}
    text = refusal(functional(tmp_path, {**layer("Flatten", "d"), "inbound_nodes": [node]}, **ends), UnsupportedLayer)
    assert "2 inputs" in text or "2 outputs" in text
    assert "'in', 'd'" in text


def tensor(name, node=0):
    return {"class_name": "__keras_tensor__", "config": {"shape": [None, 6, 6, 2], "keras_history": [name, node, 0]}}


def functional(tmp_path, *layers, **ends):
    first = {**layer("InputLayer", "in", batch_shape=[None, 6, 6, 2]), "inbound_nodes": []}
    ends = {"input_layers": ["in", 0, 0], "output_layers": [layers[-1]["name"], 0, 0], **ends}
    return keras_file(tmp_path / "model.keras", [first, *layers], kind="Functional", **ends)


def test_layers_that_wait_for_each_other_are_refused(tmp_path):
    a = {**layer("Flatten", "a"), "inbound_nodes": [{"args": [tensor("b")], "kwargs": {}}]}
    b = {**layer("Flatten", "b"), "inbound_nodes": [{"args": [tensor("a")], "kwargs": {}}]}
    assert "not an earlier layer" in refusal(functional(tmp_path, a, b))


def test_an_open_input_shape_is_refused_with_what_to_do(tmp_path):
    path = keras_file(tmp_path / "model.keras", [layer("InputLayer", "image", batch_shape=[None, None, None, 3])])
    text = refusal(path)
    assert "input 'image'" in text
    assert "fixed" in text


def test_keras_1_is_refused_by_name(tmp_path):
    path = legacy_file(tmp_path / "m.h5", [layer("Convolution2D", "c", nb_filter=3)], version="1.2.2")
    assert "Keras 1.2.2" in refusal(path)
    path = legacy_file(tmp_path / "n.h5", [layer("Convolution2D", "c", nb_filter=3)], version="2.0.0")
    assert "Keras 1" in refusal(path)


def test_a_missing_file_is_named(tmp_path):
    assert refusal(tmp_path / "none.keras").startswith("none.keras: cannot be opened: No such file")


def test_a_folder_gets_a_hint(tmp_path):
    (tmp_path / "saved_model.pb").touch()
    assert "SavedModel" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (pickle.dumps({"a": 1}), "neither an HDF5 file nor"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "cannot be read"),
        (b"PK\x03\x04" + bytes(100), "archive cannot be read"),
    ],
    ids=["empty", "pickle", "hdf5", "zip"],
)
@pytest.mark.parametrize("suffix", ["h5", "keras"])
def test_a_file_of_another_kind_is_refused(tmp_path, content, words, suffix):
    path = tmp_path / f"model.{suffix}"
    path.write_bytes(content)
    assert words in refusal(path)


def test_a_file_of_weights_alone_gets_a_hint(tmp_path):
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file.create_group("layers/dense/vars")
    text = refusal(tmp_path / "w.h5")
    assert "weights only" in text
    assert "model.save" in text


def test_weights_that_are_missing_are_named(tmp_path):
    assert "'dense'" in refusal(keras_file(tmp_path / "a.keras", dense(), weights={}))
    assert "'dense'" in refusal(legacy_file(tmp_path / "a.h5", dense(), weights={"dense": []}))
    assert "'dense'" in refusal(legacy_file(tmp_path / "b.h5", dense(), weights={}))


def test_weights_of_another_shape_are_named(tmp_path):
    weights = {"dense": {"kernel": np.zeros((3, 2)), "bias": np.zeros(2)}}
    for path in (keras_file(tmp_path / "a.keras", dense(), weights), legacy_file(tmp_path / "a.h5", dense(), weights)):
        assert "layer 'dense' (Dense): its kernel has shape (3, 2) in the file, not (4, 2)" in refusal(path)


def test_weights_that_are_not_finite_are_named(tmp_path):
    weights = {"dense": {"kernel": np.full((4, 2), np.nan), "bias": np.zeros(2)}}
    text = refusal(keras_file(tmp_path / "a.keras", dense(), weights))
    assert text.startswith("a.keras: layer 'dense'")
    assert "not finite" in text


def test_a_variance_below_zero_is_named(tmp_path):
    norm = [layer("InputLayer", "in", batch_shape=[None, 2]), layer("BatchNormalization", "norm")]
    weights = {"norm": {name: np.full(2, -1.0) for name in ("gamma", "beta", "moving_mean", "moving_variance")}}
    assert "layer 'norm'" in refusal(keras_file(tmp_path / "a.keras", norm, weights))


def test_whole_numbers_are_no_weights(tmp_path):
    weights = {"dense": {"kernel": np.zeros((4, 2), np.int64), "bias": np.zeros(2)}}
    assert "int64" in refusal(keras_file(tmp_path / "a.keras", dense(), weights))


@pytest.mark.parametrize("link", ["soft", "external", "storage", "virtual", "loop"])
def test_links_to_elsewhere_are_refused(tmp_path, link):
    (tmp_path / "secret").write_bytes(bytes(100))
    path = legacy_file(tmp_path / "a.h5", dense())
    with h5py.File(path, "a") as file:
        group = file["model_weights/dense/dense"]
        del group["kernel:0"]
        if link == "soft":
            group["kernel:0"] = h5py.SoftLink("/model_weights/dense/dense/bias:0")
        elif link == "external":
            group["kernel:0"] = h5py.ExternalLink("other.h5", "/kernel")
        elif link == "storage":
            group.create_dataset("kernel:0", (4, 2), np.float32, external=[(str(tmp_path / "secret"), 0, 32)])
        elif link == "virtual":
            layout = h5py.VirtualLayout((4, 2), np.float32)
            layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "x", (4, 2))
            group.create_virtual_dataset("kernel:0", layout)
        else:
            group["kernel:0"] = group
    assert "a.h5: " in refusal(path)


def test_a_loop_in_an_archive_is_refused(tmp_path):
    stored = io.BytesIO()
    with h5py.File(stored, "w") as file:
        layers = file.create_group("layers")
        layers["again"] = layers
    path = keras_file(tmp_path / "a.keras", dense(), stored=stored.getvalue())
    assert "twice" in refusal(path)


def test_a_dataset_that_claims_more_than_the_file_holds_is_refused_before_memory_is_taken(tmp_path):
    units = 2**28
    layers = dense(units=units)
    path = legacy_file(tmp_path / "a.h5", layers)
    with h5py.File(path, "a") as file:
        group = file["model_weights/dense/dense"]
        for name, shape in (("kernel:0", (4, units)), ("bias:0", (units,))):
            del group[name]
            group.create_dataset(name, shape, np.float32, chunks=True, compression="gzip")
    assert "claims" in refusal(path)


def test_a_bomb_in_a_zip_is_refused(tmp_path):
    path = tmp_path / "a.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b" " * 2**27)
    assert "config.json" in refusal(path)


@pytest.mark.parametrize("missing", ["config.json", "model.weights.h5"])
def test_an_archive_without_a_member_names_it(tmp_path, missing):
    whole, path = keras_file(tmp_path / "whole.keras", dense()), tmp_path / "a.keras"
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            if name != missing:
                target.writestr(name, source.read(name))
    assert missing in refusal(path)


def test_a_model_used_too_often_is_refused_in_time(tmp_path):
    layers = [layer("Flatten", "f")]
    for depth in range(24):
        x = {"args": [tensor("x")], "kwargs": {}}
        inner = {"class_name": "Sequential", "config": {"name": "x", "layers": layers}, "name": f"m{depth}"}
        first = {**layer("InputLayer", "x", batch_shape=[None, 4]), "inbound_nodes": []}
        again = {"args": [tensor(f"m{depth}")], "kwargs": {}}
        layers = [first, {**inner, "inbound_nodes": [x, again]}]
        model = {"name": "f", "layers": layers, "input_layers": ["x", 0, 0], "output_layers": [f"m{depth}", 1, 0]}
        layers = [{"class_name": "Functional", "config": model, "name": "f"}]
    refusal(keras_file(tmp_path / "a.keras", [layer("InputLayer", "in", batch_shape=[None, 4]), *layers]))


def test_a_deeply_nested_description_is_refused(tmp_path):
    path = keras_file(tmp_path / "a.keras", dense())
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "[" * 200_000)
    assert "not JSON" in refusal(path)


def test_hard_sigmoid_of_an_unknown_version_is_refused(tmp_path):
    layers = [layer("InputLayer", "in", batch_shape=[None, 4]), layer("Activation", "a", activation="hard_sigmoid")]
    assert "Keras 2 and 3" in refusal(keras_file(tmp_path / "a.keras", layers, version=None))


def test_something_else_is_no_source():
    assert not Keras().accepts("model.keras")
    with pytest.raises(ParseError, match="str is neither"):
        Keras().parse("model.keras")


def test_the_handmade_models_are_right(tmp_path):
    """Else the tests above would test nothing."""
    kernel, bias = np.arange(8.0).reshape(4, 2), np.array([1.0, -1.0])
    weights = {"dense": {"kernel": kernel, "bias": bias}}
    x = np.array([[1.0, 0.0, -1.0, 2.0]], np.float32)
    for path in (keras_file(tmp_path / "a.keras", dense(), weights), legacy_file(tmp_path / "a.h5", dense(), weights)):
        network = Keras().parse(path)
        np.testing.assert_allclose(analog.evaluate(network, x)["dense"], x @ kernel + bias)
        assert json.dumps([one.kind for one in network.layers]) == '["Input", "Dense"]'
