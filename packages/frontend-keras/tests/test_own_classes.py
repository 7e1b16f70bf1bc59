"""What is not Keras's own is refused, even where it is named like a class or a function of Keras."""

from __future__ import annotations

import pytest
from snn.errors import ParseError, UnsupportedLayer
from snn_frontend_keras.frontend import Keras


def refused(model, save, folder, word, *, files=("model.keras",)):
    for source in (model, *(save(model, folder / name) for name in files)):
        with pytest.raises((UnsupportedLayer, ParseError), match=word) as caught:
            Keras().parse(source)
        assert caught.value.hint


def test_a_layer_of_ones_own_named_dense(k, save, tmp_path):
    class Dense(k.layers.Dense):
        def call(self, x):
            return 2 * super().call(x)

    refused(k.Sequential([k.layers.Input((3,)), Dense(2, name="mine")]), save, tmp_path, "mine")


def test_a_model_of_ones_own_named_sequential(keras3, save, tmp_path):
    class Sequential(keras3.Sequential):
        def call(self, x, training=None, mask=None):
            return -super().call(x, training=training, mask=mask)

    layers = keras3.layers
    refused(Sequential([layers.Input((3,)), layers.Dense(2)]), save, tmp_path, "Sequential")


def test_a_live_activation_of_ones_own_named_relu(k):
    def relu(x):
        return 2 * x

    model = k.Sequential([k.layers.Input((3,)), k.layers.Dense(2, activation=relu, name="mine")])
    with pytest.raises(UnsupportedLayer, match="'mine'"):
        Keras().parse(model)


def test_a_lambda_as_activation(k, save, tmp_path):
    model = k.Sequential([k.layers.Input((3,)), k.layers.Dense(2, activation=lambda x: 2 * x, name="mine")])
    for name in ("model.keras", "model.h5"):
        with pytest.raises(UnsupportedLayer, match=r"'mine'.*'lambda'"):
            Keras().parse(save(model, tmp_path / name))


def test_an_operation_named_like_a_layer(keras3, save, tmp_path):
    x = keras3.layers.Input((4,))
    model = keras3.Model(x, keras3.ops.average(keras3.layers.Dense(3)(x), axis=1))
    refused(model, save, tmp_path, "verage", files=("model.keras", "model.h5"))
