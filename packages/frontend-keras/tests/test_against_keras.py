"""What a network computes is what Keras computes, for every layer, both Keras versions, and every way to save a model."""

from __future__ import annotations

import models
import numpy as np
import pytest
from cases import EVERYWHERE, FUNCTIONS
from conftest import randomise

from snn import analog
from snn_frontend_keras.frontend import Keras

WAYS = ("model.keras", "model.h5", "live")


def agree(model, k, save, folder, ways=WAYS, scale=1.0):
    """Compare the network with ``model`` on random samples, however the model is handed over."""
    shape = model.input_shape[1:]
    samples = np.random.default_rng(1).normal(0, scale, (3, *shape)).astype(np.float32)
    expected = np.asarray(model(samples, training=False))
    for way in ways:
        network = Keras().parse(model if way == "live" else save(model, folder / way))
        order = (0, *(axis + 1 for axis in network.input.layout or range(len(shape))))
        output = analog.evaluate(network, samples.transpose(order))[network.output.name]
        wanted = np.moveaxis(expected, -1, 1) if network.input.layout or len(shape) == 1 else expected
        assert output.shape == wanted.shape, way
        assert np.abs(output - wanted).max() <= 1e-4 * max(1, np.abs(wanted).max()), way
        assert network.stage == "parsed"
        assert "by keras frontend" in network.provenance[0]


@pytest.mark.parametrize("case", EVERYWHERE)
def test_a_layer_computes_what_keras_computes(k, case, save, tmp_path):
    shape, build = EVERYWHERE[case]
    model = randomise(k.Sequential([k.layers.Input(shape), *build(k.layers)]))
    agree(model, k, save, tmp_path)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_an_activation_computes_what_keras_computes(k, function, save, tmp_path):
    L = k.layers
    layers = [L.Dense(9, activation=function), L.Dense(9), L.Activation(function)]
    agree(randomise(k.Sequential([L.Input((7,)), *layers])), k, save, tmp_path)


def test_a_layer_serves_as_activation(k, save, tmp_path):
    L = k.layers
    layers = [
        L.Dense(9, activation=L.LeakyReLU(0.1)),
        L.Dense(9, activation=L.ReLU(max_value=0.5)),
        L.Dense(9, activation=L.ELU(0.3)),
        L.Activation(k.activations.tanh),
        L.Dense(9, activation=L.Softmax()),
    ]
    ways = WAYS if k.__name__ == "keras" else ("model.keras", "live")  # Keras 2 cannot write these as HDF5
    agree(randomise(k.Sequential([L.Input((7,)), *layers])), k, save, tmp_path, ways)


@pytest.mark.parametrize("build", models.ALL, ids=lambda build: build.__name__)
def test_an_architecture_computes_what_keras_computes(k, build, save, tmp_path):
    agree(randomise(build(k)), k, save, tmp_path)


def test_softplus_and_elu_hold_for_large_numbers(k, save, tmp_path):
    L = k.layers
    model = k.Sequential([L.Input((50,)), L.Activation("softplus"), L.ELU(), L.Activation("sigmoid")])
    agree(model, k, save, tmp_path, scale=100.0)


def test_a_channels_first_model_keeps_its_axes(keras3, save, tmp_path):
    L = keras3.layers
    first = {"data_format": "channels_first"}
    layers = [
        L.Conv2D(5, 3, strides=2, padding="same", **first),
        L.BatchNormalization(axis=1),
        L.MaxPooling2D(2, padding="same", **first),
        L.AveragePooling2D(2, strides=1, **first),
        L.ZeroPadding2D(1, **first),
        L.UpSampling2D(2, **first),
        L.DepthwiseConv2D(2, **first),
        L.Flatten(**first),
        L.Dense(3),
    ]
    model = randomise(keras3.Sequential([L.Input((4, 9, 7)), *layers]))
    agree(model, keras3, save, tmp_path)
    network = Keras().parse(model)
    assert network.input.layout == ()
    assert network.input.shape == (4, 9, 7)


def test_half_precision_weights_are_read(keras3, save, tmp_path):
    L = keras3.layers
    layers = [L.Dense(4, dtype="bfloat16"), L.Dense(3, dtype="float16")]
    model = randomise(keras3.Sequential([L.Input((5,)), *layers]))
    network = Keras().parse(save(model, tmp_path / "model.keras"))
    for layer in model.layers:
        np.testing.assert_array_equal(network[layer.name].weight, np.asarray(layer.kernel, np.float32).T)


def test_a_model_without_an_input_layer_has_the_shape_it_was_built_with(k, save, tmp_path):
    model = k.Sequential([k.layers.Dense(4), k.layers.Dense(3)])
    model(np.zeros((2, 5), np.float32))
    agree_on_built(randomise(model), save, tmp_path)


def agree_on_built(model, save, folder):
    samples = np.random.default_rng(1).normal(size=(3, 5)).astype(np.float32)
    expected = np.asarray(model(samples))
    for way in ("model.keras", "model.h5"):
        network = Keras().parse(save(model, folder / way))
        np.testing.assert_allclose(analog.evaluate(network, samples)[network.output.name], expected, atol=1e-5)
