"""The Keras frontend keeps every promise of a frontend, on files that Keras itself wrote."""

from pathlib import Path

import numpy as np
from snn.testing import FrontendSuite
from snn_frontend_keras.frontend import Keras


def kept_models():
    """Return each kept file with its inputs, and what its Keras made of them."""
    models = {}
    for path in sorted((Path(__file__).parent / "kept-models").iterdir()):
        if path.suffix != ".npz":
            with np.load(path.with_suffix(".npz")) as kept:
                models[path.name] = (path, kept["x"], np.moveaxis(kept["y"], -1, 1))
    return models


class TestKeras(FrontendSuite):
    frontend = Keras()
    models = kept_models()
