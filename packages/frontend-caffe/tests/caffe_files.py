"""Caffe files written by hand: text, the wire format of protocol buffers byte by byte, and HDF5."""

from __future__ import annotations

import struct

import numpy as np

INPUT = 'layer {{ name: "data" type: "Input" top: "data" input_param {{ shape {{ {dims} }} }} }}'


def varint(number):
    number &= 2**64 - 1
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])


def field(number, content):
    """Return a field of the wire: a number as a varint, anything else with its length."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def blob(array, notation="V2", kind="<f4"):
    """Return a BlobProto: with a shape, or with the four sizes that every blob had before."""
    array = np.asarray(array)
    numbers = field(8 if kind == "<f8" else 5, array.astype(kind).tobytes())
    if notation == "V1":
        sizes = (*[1] * (4 - array.ndim), *array.shape)
        return b"".join(field(place, size) for place, size in enumerate(sizes, 1)) + numbers
    return field(7, field(1, b"".join(map(varint, array.shape)))) + numbers


def caffemodel(weights, notation="V2", kind="<f4"):
    """Return a NetParameter with a layer for each name in ``weights``, the arrays of which are its blobs."""
    name, blobs, layers = {"V2": (1, 7, 100), "V1": (4, 6, 2)}[notation]
    return b"".join(
        field(
            layers, field(name, key.encode()) + b"".join(field(blobs, blob(array, notation, kind)) for array in arrays)
        )
        for key, arrays in weights.items()
    )


def text(*layers, shape=(1, 2, 6, 6), name="net"):
    """Return a prototxt with an Input layer ``data`` and ``layers``."""
    dims = " ".join(f"dim: {size}" for size in shape)
    return "\n".join([f'name: "{name}"', INPUT.format(dims=dims), *layers])


def layer(kind, name, bottom="data", fields="", top=None):
    """Return a layer; ``bottom`` may be several blobs with spaces between."""
    bottoms = " ".join(f'bottom: "{blob}"' for blob in bottom.split())
    return f'layer {{ name: "{name}" type: "{kind}" {bottoms} top: "{top or name}" {fields} }}'


def model(folder, content, weights=None, *, name="net", notation="V2"):
    """Write NAME.prototxt, and NAME.caffemodel beside it; return the first."""
    path = folder / f"{name}.prototxt"
    path.write_text(content)
    if weights is not None:
        (folder / f"{name}.caffemodel").write_bytes(caffemodel(weights, notation))
    return path


def legacy_mean(array):
    """Return a .binaryproto as Caffe's compute_image_mean writes it."""
    return blob(array[None] if array.ndim == 3 else array, "V1")


def packed(numbers):
    return struct.pack(f"<{len(numbers)}f", *numbers)


def random(*shape, seed=0, low=None, high=None):
    rng = np.random.default_rng([seed, *shape])
    return (rng.normal(0, 0.5, shape) if low is None else rng.uniform(low, high, shape)).astype(np.float32)
