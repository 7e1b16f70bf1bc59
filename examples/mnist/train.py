"""Train the example network on MNIST, and write it and its samples beside this file.

    pip install tensorflow==2.21.*
    python train.py path/to/mnist.npz

The .npz is the usual one: x_train, y_train, x_test, y_test, 8-bit images of 28 x 28.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers

HERE = Path(__file__).parent
EPOCHS = 8
TEST_SAMPLES, CALIBRATION_SAMPLES = 1000, 500


def build() -> keras.Model:
    """Return the untrained network: two convolutions with batch normalisation, one dense layer."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1), name="image"),
            layers.Conv2D(16, 5, name="conv1"),
            layers.BatchNormalization(name="norm1"),
            layers.ReLU(name="relu1"),
            layers.AveragePooling2D(2, name="pool1"),
            layers.Conv2D(32, 3, name="conv2"),
            layers.BatchNormalization(name="norm2"),
            layers.ReLU(name="relu2"),
            layers.AveragePooling2D(2, name="pool2"),
            layers.Flatten(name="flatten"),
            layers.Dropout(0.3, name="dropout"),
            layers.Dense(10, activation="softmax", name="classes"),
        ],
        name="mnist",
    )


def main(path: str) -> None:
    """Train, tell the accuracy on the 10,000 test images, and write the three files."""
    keras.utils.set_random_seed(0)
    with np.load(path, allow_pickle=False) as data:
        (x_train, x_test), (y_train, y_test) = (
            [data[f"{name}_{part}"] for part in ("train", "test")] for name in ("x", "y")
        )
    x_train, x_test = (x[..., None].astype(np.float32) / 255 for x in (x_train, x_test))
    model = build()
    steps = EPOCHS * -(-len(x_train) // 100)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, steps)
    model.compile(keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=100, epochs=EPOCHS, verbose=2)
    _, accuracy = model.evaluate(x_test, y_test, batch_size=100, verbose=0)
    print(f"accuracy on the {len(x_test)} test images: {100 * accuracy:.2f} %")
    bare = keras.models.clone_model(model)  # without the optimiser's state, which is twice the weights
    bare.set_weights(model.get_weights())
    bare.save(HERE / "mnist.keras")
    np.savez_compressed(HERE / "test.npz", x=x_test[:TEST_SAMPLES], y=y_test[:TEST_SAMPLES])
    np.savez_compressed(HERE / "calibration.npz", x=x_train[:CALIBRATION_SAMPLES], y=y_train[:CALIBRATION_SAMPLES])


if __name__ == "__main__":
    main(*sys.argv[1:])
