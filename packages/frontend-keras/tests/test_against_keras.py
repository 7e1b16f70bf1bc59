"""What a network computes is what Keras computes: every layer, both Keras versions, every way to save a model."""

from __future__ import annotations

import models
import numpy as np
import pytest
from cases import EVERYWHERE, FUNCTIONS
from models import randomise
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


def test_the_signs_plus_and_minus_are_the_layers_of_their_names(keras3, save, tmp_path):
    k, L = keras3, keras3.layers
    x = L.Input((6, 5, 2))
    y, z = L.Conv2D(3, 3, padding="same")(x), L.Conv2D(3, 1)(x)
    agree(randomise(k.Model(x, L.ReLU()(y + z) - y)), k, save, tmp_path)


def test_softplus_and_elu_hold_for_large_numbers(k, save, tmp_path):
    L = k.layers
    model = k.Sequential([L.Input((50,)), L.Activation("softplus"), L.ELU(), L.Activation("sigmoid")])
    agree(model, k, save, tmp_path, scale=100.0)


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_a_dilated_transposed_convolution_computes_what_keras_2_computes(keras2, padding, save, tmp_path):
    L = keras2.layers
    layers = [L.Conv2DTranspose(5, (3, 4), dilation_rate=2, padding=padding)]
    agree(randomise(keras2.Sequential([L.Input((9, 7, 4)), *layers])), keras2, save, tmp_path)


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_a_dilated_transposed_convolution_is_one_with_gaps_in_its_kernel(keras3, padding, save, tmp_path):
    k, L = keras3, keras3.layers  # with Keras 3, TensorFlow has it for GPUs only
    dilated = k.Sequential([L.Input((9, 7, 4)), L.Conv2DTranspose(5, (3, 2), dilation_rate=(2, 3), padding=padding)])
    spread = k.Sequential([L.Input((9, 7, 4)), L.Conv2DTranspose(5, (5, 4), padding=padding)])
    kernel, bias = randomise(dilated).get_weights()
    gaps = np.zeros((5, 4, 5, 4), np.float32)
    gaps[::2, ::3] = kernel
    spread.set_weights([gaps, bias])
    samples = np.random.default_rng(1).normal(size=(3, 9, 7, 4)).astype(np.float32)
    network = Keras().parse(save(dilated, tmp_path / "model.keras"))
    output = analog.evaluate(network, samples.transpose(0, 3, 1, 2))[network.output.name]
    np.testing.assert_allclose(output.transpose(0, 2, 3, 1), np.asarray(spread(samples)), atol=1e-4)


@pytest.mark.parametrize("way", WAYS)
def test_a_channels_first_model_keeps_its_axes(k, way, save, tmp_path):
    L = k.layers  # TensorFlow computes these on GPUs only, so that the oracle is the same model with the channels last
    built = {}
    for order, axis, shape in (("channels_first", 1, (4, 9, 7)), ("channels_last", -1, (9, 7, 4))):
        data = {"data_format": order}
        layers = [
            L.Conv2D(5, 3, padding="same", **data),
            L.BatchNormalization(axis=axis),
            L.MaxPooling2D(2, padding="same", **data),
            L.AveragePooling2D(2, strides=1, **data),
            L.ZeroPadding2D(1, **data),
            L.UpSampling2D(2, **data),
            L.DepthwiseConv2D(2, **data),
            L.SeparableConv2D(3, 2, **data),
            L.Conv2DTranspose(3, 2, **data),
            L.Flatten(**data),
            L.Dense(3),
        ]
        built[order] = randomise(k.Sequential([L.Input(shape), *layers]))
    first = built["channels_first"]
    network = Keras().parse(first if way == "live" else save(first, tmp_path / way))
    assert network.input.layout == ()
    assert network.input.shape == (4, 9, 7)
    samples = np.random.default_rng(1).normal(size=(3, 4, 9, 7)).astype(np.float32)
    expected = np.asarray(built["channels_last"](samples.transpose(0, 2, 3, 1)))
    output = analog.evaluate(network, samples)[network.output.name]
    assert np.abs(output - expected).max() <= 1e-4 * np.abs(expected).max()


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
