"""What the plugin offers, and how lightly."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import snn_frontend_keras
from snn.component import Component
from snn_frontend_keras.frontend import Keras


def test_the_plugin_offers_the_frontend():
    assert snn_frontend_keras.snn_frontends() == [Keras]
    assert Keras.name == "keras"
    assert isinstance(Keras(), Component)


def test_importing_the_plugin_imports_neither_h5py_nor_a_framework():
    code = (
        "import sys, snn_frontend_keras; k = snn_frontend_keras.snn_frontends()[0]();"
        "assert not k.accepts(object()); heavy = {'h5py', 'keras', 'tf_keras', 'tensorflow'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_reading_a_file_imports_no_framework():
    path = Path(__file__).parent / "kept-models" / "keras-3.15-nested.keras"
    code = (
        "import sys, pathlib; from snn_frontend_keras.frontend import Keras; Keras().parse(pathlib.Path(sys.argv[1]));"
        "heavy = {'keras', 'tf_keras', 'tensorflow'} & set(sys.modules); sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)


@pytest.mark.parametrize("name", ["a.keras", "a.h5", "a.HDF5"])
def test_its_suffixes_are_accepted(name):
    assert Keras().accepts(Path(name))
    assert not Keras().accepts(name)
    assert not Keras().accepts(Path("a.onnx"))


def test_live_models_are_accepted(k):
    assert Keras().accepts(k.Sequential([k.layers.Input((3,)), k.layers.Dense(2)]))
    assert not Keras().accepts(k.layers.Dense(2))


def test_a_live_model_with_code_of_its_own_gets_a_hint(k):
    class Mine(k.Model):
        def call(self, x):
            return x

    from snn.errors import ParseError

    with pytest.raises(ParseError) as caught:
        Keras().parse(Mine())
    assert "Python code" in caught.value.hint
