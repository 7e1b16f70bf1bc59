"""The contract of a frontend, on Caffe networks whose outputs are derived without it."""

from __future__ import annotations

from pathlib import Path
from tempfile import mkdtemp

import numpy as np
from caffe_files import layer, model, random, text
from snn.testing import FrontendSuite
from snn_frontend_caffe.frontend import Caffe


def networks():
    """Return a multi-layer perceptron, and what plain matrix products make of its inputs."""
    folder = Path(mkdtemp(prefix="caffe"))
    layers = [
        layer("InnerProduct", "hidden", fields="inner_product_param { num_output: 7 }"),
        layer("ReLU", "relu", "hidden", top="hidden"),
        layer("InnerProduct", "classes", "hidden", "inner_product_param { num_output: 3 }"),
        layer("Softmax", "prob", "classes"),
    ]
    first, second = (random(7, 12), random(7)), (random(3, 7), random(3))
    path = model(folder, text(*layers, shape=(1, 3, 2, 2)), {"hidden": first, "classes": second})
    x = random(5, 3, 2, 2)
    hidden = np.maximum(x.reshape(5, -1) @ first[0].T + first[1], 0)
    classes = np.exp(hidden @ second[0].T + second[1])
    return {"mlp": (path, x, classes / classes.sum(axis=1, keepdims=True))}


class TestCaffe(FrontendSuite):
    frontend = Caffe()
    models = networks()
