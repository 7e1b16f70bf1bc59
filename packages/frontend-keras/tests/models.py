"""Whole architectures in small: each is a function from a framework to a model."""

from __future__ import annotations

import numpy as np


def residual(k):
    L = k.layers
    inputs = x = L.Input((8, 8, 3), name="image")
    for filters, stride in ((4, 1), (6, 2)):
        short = L.Conv2D(filters, 1, strides=stride)(x)
        short = L.BatchNormalization()(short)
        y = L.Conv2D(filters, 3, strides=stride, padding="same", use_bias=False)(x)
        y = L.ReLU()(L.BatchNormalization()(y))
        y = L.BatchNormalization()(L.Conv2D(filters, 3, padding="same")(y))
        x = L.Activation("relu")(L.Add()([short, y]))
    return k.Model(inputs, L.Dense(5, activation="softmax")(L.GlobalAveragePooling2D()(x)))


def inception(k):
    L = k.layers
    inputs = x = L.Input((9, 7, 3))
    branches = [L.Conv2D(2, 1, activation="relu")(x), L.Conv2D(3, 3, padding="same", activation="relu")(x)]
    branches += [L.Conv2D(4, 1)(L.MaxPooling2D(3, strides=1, padding="same")(x))]
    x = L.Concatenate()(branches)
    x = L.Concatenate(axis=1)([x, L.AveragePooling2D(3, strides=1, padding="same")(x)])
    x = L.Concatenate(axis=2)([x, x])
    return k.Model(inputs, L.Dense(5)(L.Flatten()(x)))


def mobilenet(k):
    L = k.layers
    inputs = L.Input((12, 12, 3))
    x = L.Rescaling(1 / 127.5, offset=-1)(inputs)
    x = L.ZeroPadding2D(((0, 1), (0, 1)))(x)
    x = L.ReLU(6.0)(L.BatchNormalization()(L.Conv2D(6, 3, strides=2, use_bias=False)(x)))
    for stride in (1, 2):
        y = L.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False)(x)
        y = L.ReLU(6.0)(L.BatchNormalization()(y))
        y = L.BatchNormalization()(L.Conv2D(6, 1, use_bias=False)(y))
        x = L.Add()([x, y]) if stride == 1 else y
    x = L.Dropout(0.2)(L.GlobalAveragePooling2D(keepdims=True)(x))
    x = L.Conv2D(5, 1)(x)
    return k.Model(inputs, L.Activation("softmax")(L.Reshape((5,))(x)))


def nested(k):
    L = k.layers
    deepest = k.Sequential(
        [L.Input((6, 6, 4)), L.Conv2D(4, 3, padding="same"), L.BatchNormalization(), L.ReLU()], name="deep"
    )
    x = a = L.Input((6, 6, 4))
    middle = k.Model(a, L.Add()([deepest(x), L.SeparableConv2D(4, 3, padding="same")(x)]), name="middle")
    stem = k.Sequential([L.Input((8, 8, 3)), L.Conv2D(4, 3), L.BatchNormalization(), L.ReLU()], name="stem")
    head = k.Sequential([L.Input((6, 6, 4)), middle, L.BatchNormalization(), L.Flatten(), L.Dense(5)], name="head")
    inputs = L.Input((8, 8, 3))
    return k.Model(inputs, head(stem(inputs)))


def functional_in_sequential(k):
    L = k.layers
    a = L.Input((8, 8, 3))
    base = k.Model(a, L.BatchNormalization()(L.Conv2D(4, 3)(a)), name="base")
    return k.Sequential([base, L.BatchNormalization(), L.GlobalMaxPooling2D(), L.Dense(3)])


def shared_layers(k):
    L = k.layers
    conv, norm = L.Conv2D(3, 3, padding="same", activation="relu", name="twice"), L.BatchNormalization(name="norm")
    inputs = L.Input((6, 6, 3))
    x = conv(inputs)
    y = norm(conv(norm(x)))
    return k.Model(inputs, L.Flatten()(L.Average()([x, y, inputs])))


def shared_models(k):
    L = k.layers
    a = L.Input((6, 6, 3))
    block = k.Model(a, L.BatchNormalization()(L.Conv2D(3, 3, padding="same")(a)), name="block")
    inputs = L.Input((6, 6, 3))
    x, y = block(inputs), block(block(inputs))
    return k.Model(inputs, L.Subtract()([x, y]))


def frozen(k):
    model = nested(k)
    for layer in model.layers:
        if layer.name == "stem":
            layer.trainable = False
        if layer.name == "head":
            layer.layers[0].get_layer("deep").trainable = False
            layer.layers[-1].trainable = False
    return model


def named_in_reverse(k):
    """Same classes and shapes, so that only the order or the names can tell them apart."""
    L = k.layers
    inputs = L.Input((5,))
    x = L.Dense(5, name="z")(inputs)
    y = L.Dense(5, name="a")(x)
    return k.Model(inputs, L.Concatenate()([L.Dense(5, name="m")(y), L.Dense(5, name="b")(x)]))


def mixed_orders(k):
    L = k.layers
    inputs = L.Input((6, 5, 3))
    turned = L.Permute((2, 1, 3))(inputs)
    back = L.Permute((2, 1, 3))(L.Conv2D(3, 3, padding="same")(turned))
    shaped = L.Reshape((6, 5, 3))(L.Dense(90)(L.Flatten()(inputs)))
    return k.Model(inputs, L.Conv2D(2, 3)(L.Add()([back, shaped, inputs])))


def same_names_inside(k):
    L = k.layers
    first = k.Sequential([L.Input((5,)), L.Dense(5, name="dense"), L.Dense(5, name="other")], name="first")
    second = k.Sequential([L.Input((5,)), L.Dense(5, name="dense"), L.Dense(5, name="other")], name="second")
    return k.Sequential([L.Input((5,)), first, second, L.Dense(5, name="dense")])


ALL = (
    residual,
    inception,
    mobilenet,
    nested,
    functional_in_sequential,
    shared_layers,
    shared_models,
    frozen,
    named_in_reverse,
    mixed_orders,
    same_names_inside,
)


def randomise(model, seed=0):
    """Give every weight random values; variances stay above zero."""
    rng = np.random.default_rng(seed)
    values = []
    for weight in model.weights:
        path = getattr(weight, "path", weight.name)
        if "count" in path or not np.issubdtype(
            np.dtype(str(getattr(weight.dtype, "name", weight.dtype))), np.floating
        ):
            values.append(np.asarray(weight))
        elif "variance" in path:
            values.append(rng.uniform(0.3, 2.0, weight.shape).astype(np.float32))
        elif "gamma" in path:
            values.append(rng.uniform(0.5, 1.5, weight.shape).astype(np.float32))
        else:
            values.append(rng.normal(0, 0.5, weight.shape).astype(np.float32))
    model.set_weights(values)
    for layer in model.layers:
        if hasattr(layer, "finalize_state"):  # Normalization computes with copies of its weights
            layer.finalize_state()
    return model
