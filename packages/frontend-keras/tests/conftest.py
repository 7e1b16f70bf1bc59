"""The frameworks that serve as oracles, and models with random weights in them."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for the case tables beside the tests

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")


def load_framework(name):
    """Import Keras 3 or Keras 2, or skip."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TensorFlow and its dependencies warn of their own deprecations on import
        reason = "TensorFlow and tf_keras are the oracle: pip install snn-frontend-keras[oracle]"
        pytest.importorskip("tensorflow", reason=reason)
        return pytest.importorskip({"keras3": "keras", "keras2": "tf_keras"}[name], reason=reason)


@pytest.fixture(scope="session")
def keras3():
    return load_framework("keras3")


@pytest.fixture(scope="session")
def keras2():
    return load_framework("keras2")


@pytest.fixture(params=["keras3", "keras2"])
def k(request):
    """Keras 3, then Keras 2."""
    framework = load_framework(request.param)
    framework.backend.clear_session()
    return framework


@pytest.fixture
def save():
    """Return a function that saves a model as Keras does, without the warnings that Keras has about its own formats."""

    def save(model, path):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # both Keras versions call HDF5 a legacy format
            model.save(path)
        return path

    return save
