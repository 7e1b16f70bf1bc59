"""Whatever is in a file, only a ParseError or an UnsupportedLayer comes out, and soon."""

from __future__ import annotations

import io
import json
import os
import warnings
import zipfile
from pathlib import Path

import h5py
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from snn.errors import ParseError, UnsupportedLayer
from snn_frontend_keras.frontend import Keras

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
KEPT = Path(__file__).parent / "kept-models"
NAMES = ("keras-2.12-shared-models-as-hdf5.keras", "keras-3.15-shared-layers.h5", "keras-3.15-nested.keras")
FEW = settings(
    max_examples=40, derandomize=True, deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def parse(path):
    """Parse in a process of its own: h5py 3.14 damages its memory when a text of variable length cannot be read."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # Python 3.12 warns of TensorFlow's threads; the child needs none
        child = os.fork()
    if child == 0:
        status = 1
        try:
            status = int(not outcome(path))
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def outcome(path):
    """Return whether the file was read, or refused by its name."""
    try:
        Keras().parse(path)
    except (ParseError, UnsupportedLayer) as error:
        return str(error).startswith(path.name)
    return True


def stored(name):
    """Return the file with its zip members uncompressed, so that changes reach what is in them."""
    if not zipfile.is_zipfile(KEPT / name):
        return (KEPT / name).read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(KEPT / name) as source, zipfile.ZipFile(buffer, "w") as target:
        for member in source.namelist():
            target.writestr(member, source.read(member))
    return buffer.getvalue()


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@FEW
def test_changed_bytes(tmp_path, name, data):
    content = bytearray(stored(name))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content
    path = tmp_path / name
    path.write_bytes(content)
    parse(path)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@FEW
def test_changed_bytes_of_the_weights(tmp_path, name, data):
    if name.endswith("nested.keras"):
        with zipfile.ZipFile(KEPT / name) as archive:
            content = bytearray(archive.read("model.weights.h5"))
    else:
        content = bytearray(stored(name))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, min(4096, len(content) - 1)))] = data.draw(st.integers(0, 255))
    path = tmp_path / name
    if name.endswith("nested.keras"):
        with zipfile.ZipFile(KEPT / name) as source, zipfile.ZipFile(path, "w") as target:
            target.writestr("config.json", source.read("config.json"))
            target.writestr("model.weights.h5", bytes(content))
    else:
        path.write_bytes(content)
    parse(path)


JSON = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**30, -1, 2**31, 2**63, 1e308, float("nan"), float("inf")]),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(
        ["Dense", "Sequential", "Functional", "BatchNormalization", "Reshape", "same", "channels_first", "softmax"]
    ),
    st.lists(st.one_of(st.none(), st.integers(-2, 9), st.text(max_size=3)), max_size=4),
    st.dictionaries(st.sampled_from(["class_name", "config", "name", "layers"]), st.integers(), max_size=3),
)


def places(value, found=None):
    """Return every (container, key) in nested JSON."""
    found = [] if found is None else found
    for key in value if isinstance(value, dict) else range(len(value)):
        found.append((value, key))
        if isinstance(value[key], (dict, list)):
            places(value[key], found)
    return found


@pytest.mark.parametrize(
    "name", ["keras-3.15-shared-layers.h5", "keras-3.15-nested.keras", "keras-2.12-mobilenet.keras"]
)
@given(data=st.data())
@FEW
def test_a_changed_description(tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes((KEPT / name).read_bytes())
    legacy = name.endswith("h5")
    if legacy:
        with h5py.File(path, "r") as file:
            config = json.loads(file.attrs["model_config"])
    else:
        with zipfile.ZipFile(path) as archive:
            config, weights = json.loads(archive.read("config.json")), archive.read("model.weights.h5")
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(places(config)))
        if isinstance(container, dict) and data.draw(st.booleans()):
            container.pop(key, None)
        elif isinstance(container, dict) or key < len(container):
            container[key] = data.draw(JSON)
    if legacy:
        with h5py.File(path, "a") as file:
            file.attrs["model_config"] = json.dumps(config)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("config.json", json.dumps(config))
            archive.writestr("model.weights.h5", weights)
    assert outcome(path)
