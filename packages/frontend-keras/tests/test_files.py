"""Files that Keras wrote, of many versions, read where no Keras is installed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from handmade import CNN, legacy_file
from snn import analog
from snn_frontend_keras.frontend import Keras

HERE = Path(__file__).parent
KEPT = sorted(path for path in (HERE / "kept-models").iterdir() if path.suffix != ".npz")  # with what Keras computed
GOLDEN = HERE.parents[2].parent / "shared" / "reference" / "golden"


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.name)
def test_a_kept_model_computes_what_its_keras_computed(path):
    network = Keras().parse(path)
    with np.load(path.with_suffix(".npz")) as kept:
        samples, expected = kept["x"], kept["y"]
    order = (0, *(axis + 1 for axis in network.input.layout or range(samples.ndim - 1)))
    output = analog.evaluate(network, samples.transpose(order))[network.output.name]
    assert np.abs(output - np.moveaxis(expected, -1, 1)).max() <= 1e-4 * max(1, np.abs(expected).max())


def test_the_kept_models_cover_the_versions():
    assert len(KEPT) == 10
    assert {path.name.split("-")[1] for path in KEPT} == {"2.12", "2.21", "3.0", "3.3", "3.15"}


@pytest.mark.parametrize("chunks", [False, True])
@pytest.mark.parametrize("listed", [False, True])
def test_a_file_of_keras_2_0_is_read(tmp_path, listed, chunks):
    rng = np.random.default_rng(0)
    kernel, weight = rng.normal(size=(3, 3, 2, 3)), rng.normal(size=(36, 2))
    weights = {
        "conv": {"kernel": kernel, "bias": np.array([1.0, 2.0, 3.0])},
        "flatten": {},
        "dense": {"kernel": weight, "bias": np.array([0.5, -0.5])},
    }
    network = Keras().parse(legacy_file(tmp_path / "old.h5", CNN, weights, "2.0.8", listed=listed, chunks=chunks))
    x = rng.normal(size=(1, 6, 5, 2))
    maps = np.array(
        [[np.tensordot(x[0, i : i + 3, j : j + 3], kernel, 3) + np.arange(1, 4) for j in range(3)] for i in range(4)]
    )
    expected = np.clip(0.2 * (maps.reshape(1, -1) @ weight + np.array([0.5, -0.5])) + 0.5, 0, 1)
    output = analog.evaluate(network, x.transpose(0, 3, 1, 2).astype(np.float32))[network.output.name]
    np.testing.assert_allclose(output, expected, atol=1e-5)
    assert [layer.name for layer in network.layers] == [
        *("input", "conv", "flatten/permute", "flatten", "dense", "dense/hard_sigmoid")
    ]


def test_names_with_backslashes_as_tensorflow_wrote_them_on_windows_are_read(tmp_path):
    import io

    import h5py
    from handmade import dense, keras_file

    stored = io.BytesIO()
    with h5py.File(stored, "w") as file:
        file["layers\\dense/vars/0"] = np.ones((4, 2), np.float32)
        file["layers\\dense/vars/1"] = np.zeros(2, np.float32)
    network = Keras().parse(keras_file(tmp_path / "a.keras", dense(), stored=stored.getvalue()))
    assert network["dense"].weight.shape == (2, 4)


@pytest.mark.skipif(not GOLDEN.is_dir(), reason="the reference results of SNN toolbox 0.6 are not in ../shared")
def test_the_reference_model_classifies_mnist_as_it_did():
    network = Keras().parse(GOLDEN / "mnist5k_cnn.h5")
    with np.load(GOLDEN / "x_test.npz") as x, np.load(GOLDEN / "y_test.npz") as y:
        samples, labels = x[x.files[0]], y[y.files[0]].argmax(axis=1)
    found = analog.evaluate(network, samples.transpose(0, 3, 1, 2))[network.output.name].argmax(axis=1)
    assert (found == labels).mean() == pytest.approx(0.974)
    assert network.provenance == ("parsed from mnist5k_cnn.h5 by keras frontend",)
    assert network.input.layout == (2, 0, 1)
    assert [layer.name for layer in network.layers] == [
        *("input_1", "conv2d", "conv2d/relu", "average_pooling2d", "conv2d_1", "conv2d_1/relu"),
        *("average_pooling2d_1", "flatten/permute", "flatten", "dense", "dense/softmax"),
    ]
