"""Read weights from a binary ``.caffemodel``, and mean images from a ``.binaryproto``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError
from snn.errors import ParseError
from snn.network import Array, Shape
from snn.reading import check_regular

from .messages import message
from .weight import Weights

_LARGEST = 2**31 - 1  # what one message can be
_MOST_LAYERS = 100_000
_MOST_WEIGHTS = 1000  # of a layer, where Caffe has four at most
_MOST_AXES = 32
_LEGACY = ("num", "channels", "height", "width")
_DAMAGED = "the file is damaged or cut off: copy it again"


@dataclass(frozen=True, eq=False)
class Blob:
    """An array in a message: its ``shape``, and its numbers as they lie in the file."""

    shape: Shape
    content: bytes
    double: bool

    def read(self) -> Array:
        """Return the numbers as float32, (*shape)."""
        with np.errstate(over="ignore", invalid="ignore"):  # what does not fit is refused as not finite, by its layer
            numbers = np.frombuffer(self.content, "<f8" if self.double else "<f4")
            return numbers.astype(np.float32, copy=False).reshape(self.shape)


def read_caffemodel(path: Path) -> Weights:
    """Return the weights in the file ``path``, by the names of their layers.

    Raises
    ------
    ParseError
        It cannot be read, or is damaged; the message names the layer where there is one.
    """
    network = _decode("Network", _content(path), "the file")
    kind, found = ("Layer", network.layer) if network.layer else ("V1Layer", network.layers)
    if not found:
        raise ParseError("the file holds no layers", hint="is it a .caffemodel? A .solverstate holds no weights")
    if len(found) > _MOST_LAYERS:
        raise ParseError(f"the file holds {len(found):,} layers; more than {_MOST_LAYERS:,} are not read")
    weights: dict[str, dict[int, Blob]] = {}
    for number, part in enumerate(found, 1):
        layer = _decode(kind, part, f"layer {number}")
        if kind == "V1Layer" and layer.HasField("layer"):
            raise ParseError(
                "the file is in the first notation of Caffe",
                hint="bring it up to date with Caffe's upgrade_net_proto_binary",
            )
        name = layer.name.decode(errors="replace")
        if not layer.blobs:
            continue
        if len(layer.blobs) > _MOST_WEIGHTS:
            raise ParseError(f"layer {name!r} has {len(layer.blobs):,} weights; more than {_MOST_WEIGHTS} are not read")
        if name in weights:
            raise ParseError(f"two layers are named {name!r}, both with weights", hint="name them apart and save again")
        found = {place: _blob(blob, f"layer {name!r}, weights {place}") for place, blob in enumerate(layer.blobs)}
        weights[name] = found
    return Weights(path.name, weights)


def read_mean(path: Path) -> Blob:
    """Return the mean image in the ``.binaryproto`` ``path``, (channels, height, width)."""
    found = _blob(_content(path), "the mean")
    shape = found.shape[1:] if len(found.shape) == 4 and found.shape[0] == 1 else found.shape
    if len(shape) != 3:
        raise ParseError(f"it holds an array of shape {found.shape}, not the mean of images", hint=_DAMAGED)
    return Blob(shape, found.content, found.double)


def _content(path: Path) -> bytes:
    try:
        check_regular(path, _LARGEST)
        content = path.read_bytes()
    except OSError as error:
        raise ParseError(f"cannot be opened: {error.strerror or error}", hint="is the path right?") from error
    if not content:
        raise ParseError("the file is empty", hint="save or copy it again")
    if content.startswith(b"version https://git-lfs"):
        raise ParseError("this is a pointer to a file that was not fetched", hint="git lfs pull")
    return content


def _decode(kind: str, content: bytes, what: str) -> Any:
    try:
        return message(kind).FromString(content)
    except (DecodeError, RuntimeError, UnicodeError) as error:
        hint = "this is text: weights are in a .caffemodel" if content[:500].isascii() else _DAMAGED
        raise ParseError(f"{what} is no message of Caffe's: {error}", hint=hint) from error


def _blob(content: bytes, what: str) -> Blob:
    blob = _decode("Blob", content, what)
    if blob.raw_data:
        raise ParseError(f"{what}: the numbers are in a format of NVIDIA's Caffe", hint="save it with 32-bit weights")
    double = bool(blob.double_data)
    numbers = b"".join(blob.double_data if double else blob.data)
    shape = tuple(_sizes(blob, what))
    size = 8 if double else 4
    if len(shape) > _MOST_AXES or any(axis < 0 for axis in shape) or prod(shape) * size != len(numbers):
        told = f"{shape}" if len(shape) <= _MOST_AXES else f"of {len(shape)} axes"
        raise ParseError(
            f"{what}: the shape {told} does not hold the {len(numbers) / size:,.6g} numbers that there are",
            hint=_DAMAGED,
        )
    return Blob(shape, numbers, double)


def _sizes(blob: Any, what: str) -> Iterator[int]:
    """Yield the shape: as it is given, or from the four sizes that blobs had before."""
    if blob.HasField("shape"):
        yield from _decode("Shape", blob.shape, f"{what}: the shape").dim
    else:
        given = [name for name in _LEGACY if blob.HasField(name)]
        yield from ((getattr(blob, name) for name in _LEGACY) if given else [len(b"".join(blob.data)) // 4])
