"""Model files written by hand, without Keras: damaged ones, and those of versions that cannot be installed any more."""

from __future__ import annotations

import io
import json
import re
import zipfile

import h5py
import numpy as np


def layer(kind, name, **settings):
    return {"class_name": kind, "config": {"name": name, **settings}, "name": name}


def dense(units=2):
    return [layer("InputLayer", "in", batch_shape=[None, 4]), layer("Dense", "dense", units=units, activation="linear")]


DENSE = {"dense": {"kernel": np.zeros((4, 2)), "bias": np.zeros(2)}}
CNN = [
    layer("Conv2D", "conv", filters=3, kernel_size=[3, 3], batch_input_shape=[None, 6, 5, 2]),
    layer("Flatten", "flatten"),
    layer("Dense", "dense", units=2, activation="hard_sigmoid"),
]


def keras_file(path, layers, weights=None, version="3.4.1", kind="Sequential", stored=None, **ends):
    """Write a .keras archive; its groups are named as Keras names them."""
    config = {"class_name": kind, "config": {"name": "model", "layers": layers, **ends}}
    if stored is None:
        buffer, used = io.BytesIO(), {}
        with h5py.File(buffer, "w") as file:
            for one in layers:
                snake = re.sub("([a-z])([A-Z])", r"\1_\2", one["class_name"]).lower()
                used[snake] = used.get(snake, -1) + 1
                group = f"layers/{snake}" + (f"_{used[snake]}" if used[snake] else "")
                for number, array in enumerate((DENSE if weights is None else weights).get(one["name"], {}).values()):
                    file[f"{group}/vars/{number}"] = array.astype(np.float32) if array.dtype == np.float64 else array
        stored = buffer.getvalue()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": version} if version else {}))
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", stored)
    return path


def legacy_file(path, layers, weights=None, version="2.2.4", *, listed=False, chunks=False):
    """Write a whole-model HDF5 file; ``listed`` as before Keras 2.2.3, ``chunks`` with long attributes in parts."""
    config = {"class_name": "Sequential", "config": layers if listed else {"name": "model", "layers": layers}}
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = version.encode()
        file.attrs["backend"] = b"tensorflow"
        file.attrs["model_config"] = json.dumps(config).encode()
        root = file.create_group("model_weights")
        names = [one["config"]["name"].encode() for one in layers]
        root.attrs["layer_names"] = names
        for name, arrays in (DENSE if weights is None else weights).items():
            group = root.create_group(name)
            paths = [f"{name}/{key}:0".encode() for key in arrays]
            if chunks:
                for number, one in enumerate(paths):
                    group.attrs[f"weight_names{number}"] = np.array([one])
            else:
                group.attrs["weight_names"] = np.array(paths, dtype="S") if paths else np.zeros(0)
            for one, array in zip(paths, arrays.values() if arrays else (), strict=True):
                group[one.decode()] = array.astype(np.float32) if array.dtype == np.float64 else array
    return path
