"""What Caffe's data layers do to samples before the first layer: (x - mean) * scale, as a layer of the network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from snn.errors import ParseError
from snn.network import Array, Shape

from .graph import Call
from .weight import Weight

_BLOCKS = {"Data": "data_param", "ImageData": "image_data_param", "WindowData": "window_data_param"}
_TRANSFORMING = frozenset({*_BLOCKS, "MemoryData"})


@dataclass(frozen=True, eq=False)
class Preprocessing:
    """What is written of it; numbers are in the units of the samples.

    Attributes
    ----------
    scale : float
    mean_file : str
        The mean image, as the prototxt names it.
    mean_values : tuple of float
        Instead of it a number, or one a channel.
    crop : int
        The side of the middle of an image that is used; 0 for all of it.
    mirror : bool
        Whether images are mirrored at random, which a network that is used cannot do.
    """

    scale: float = 1.0
    mean_file: str = ""
    mean_values: tuple[float, ...] = ()
    crop: int = 0
    mirror: bool = False


def read_preprocessing(call: Call) -> Preprocessing:
    """Return what the prototxt says of the input ``call``; Caffe's first data layers had it in a block of their own."""
    if call.layer is None or call.layer.kind not in _TRANSFORMING:
        return Preprocessing()
    options = call.layer.options
    transform = options.block("transform_param")
    transform.ignore("force_color", "force_gray")
    older = options.block(_BLOCKS.get(call.layer.kind, "transform_param"))
    found = Preprocessing(
        scale=transform.real("scale", older.real("scale", 1.0)),
        mean_file=transform.text("mean_file") or older.text("mean_file"),
        mean_values=transform.reals("mean_value"),
        crop=transform.whole("crop_size", 0) or older.whole("crop_size", 0),
        mirror=transform.flag("mirror", default=False) or older.flag("mirror", default=False),
    )
    if found.mean_file and found.mean_values:
        raise ParseError(f"{transform.where} has both mean_file and mean_value", hint="keep one of them")
    transform.close()
    return found


def shift(found: Preprocessing, mean: Weight | None, shape: Shape, where: str) -> Array | None:
    """Return what is subtracted from samples of ``shape``, (channels,) or (*shape); None where nothing is."""
    if mean is not None:
        return _cut(mean, found.crop, shape, where)
    if not found.mean_values:
        return None
    if len(found.mean_values) not in (1, shape[0]):
        raise ParseError(f"{where} has {len(found.mean_values)} mean values for {shape[0]} channels")
    return np.broadcast_to(np.array(found.mean_values, np.float32), shape[:1])


def _cut(mean: Weight, crop: int, shape: Shape, where: str) -> Array:
    """Return the mean of images of ``shape``: of a larger one its middle, where images are cut to ``crop``."""
    given = tuple(mean.shape)
    if given == shape:
        return mean.read()
    fits = crop and given[0] == shape[0] and shape[1:] == (crop, crop) and min(given[1:]) >= crop
    if not fits:
        raise ParseError(
            f"{where}: the mean has shape {given}, the samples {shape}",
            hint="is it the mean of this network? One larger than the samples is cut only where crop_size says so",
        )
    top, left = ((size - crop) // 2 for size in given[1:])
    return mean.read()[:, top : top + crop, left : left + crop]


def told(found: Preprocessing, mean_name: str) -> str:
    """Return how messages write it."""
    mean = f"mean image of {mean_name}" if mean_name else f"mean {', '.join(f'{m:g}' for m in found.mean_values)}"
    inner = f"(x - {mean})" if mean_name or found.mean_values else "x"
    return f"{inner} * {found.scale:g}" if found.scale != 1 else inner
