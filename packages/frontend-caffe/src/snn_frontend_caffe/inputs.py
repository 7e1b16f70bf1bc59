"""Of what shape a network's samples are: what Input and data layers say, or what can be told from their images."""

from __future__ import annotations

from snn.errors import ParseError
from snn.network import Shape

from .graph import Call
from .options import Options
from .weight import Weight

_AXES = ("channels", "height", "width")
_HINT = (
    "say it with --set frontend.caffe.input_shape=[CHANNELS,HEIGHT,WIDTH], or give the deploy.prototxt of the network"
)

_BLOCKS = {
    "Data": "data_param",
    "DummyData": "dummy_data_param",
    "HDF5Data": "hdf5_data_param",
    "ImageData": "image_data_param",
    "Input": "input_param",
    "MemoryData": "memory_data_param",
    "WindowData": "window_data_param",
}
_FIELDS = (
    "backend", "batch_size", "bg_threshold", "cache_images", "channels", "context_pad", "crop_mode", "crop_size",
    "data_filler", "fg_fraction", "fg_threshold", "force_encoded_color", "height", "is_color", "mean_file", "mirror",
    "new_height", "new_width", "num", "prefetch", "rand_skip", "root_folder", "scale", "shape", "shuffle", "source",
    "width",
)  # fmt: skip


def data_fields(options: Options, kind: str) -> None:
    """Say that where a data layer takes its samples from does not matter here, nor a shape that was set instead."""
    options.block(_BLOCKS[kind]).ignore(*_FIELDS)


def input_shape(call: Call, outside: Shape, mean: Weight | None, means: int) -> tuple[Shape, int | None]:
    """Return the shape of a sample, and the batch that the network is written for, where it is written down.

    Parameters
    ----------
    call : Call
        The input.
    outside : tuple of int
        The shape given outside of layers, (batch, *shape); empty where there is none.
    mean : Weight or None
        The mean image of what a data layer reads.
    means : int
        How many mean values it has: more than one are one a channel.
    """
    if call.layer is None:
        return _checked(outside, f"input {call.blob!r}")
    options, where = call.layer.options, call.layer.where
    match call.layer.kind:
        case "Input":
            shapes = [shape.wholes("dim") for shape in options.block("input_param").blocks("shape")]
            return _checked(_of_top(shapes, call.top), where)
        case "DummyData":
            return _checked(_dummy(options.block("dummy_data_param"), call.top), where)
        case "MemoryData":
            data = options.block("memory_data_param")
            return _checked((data.whole("batch_size", 1), *(data.whole(axis) for axis in _AXES)), where)
    transform = options.block("transform_param")
    sizes = _image_sizes(options, call.layer.kind)
    crop = transform.whole("crop_size", 0) or sizes.pop("crop", 0)
    channels = sizes.get("channels") or (mean.shape[0] if mean else means if means > 1 else 0)
    height, width = (crop, crop) if crop else (sizes.get("height", 0), sizes.get("width", 0))
    if mean and not (height and width):
        height, width = mean.shape[1:]
    if not (channels and height and width):
        raise ParseError(f"{where} does not say of what shape its samples are", hint=_HINT)
    return _checked((1, channels, height, width), where)[0], None


def _image_sizes(options: Options, kind: str) -> dict[str, int]:
    """Return what the block of a data layer says of its images."""
    match kind:
        case "ImageData":
            data = options.block("image_data_param")
            colour = 3 if data.flag("is_color", default=True) else 1
            height, width = data.whole("new_height", 0), data.whole("new_width", 0)
            return {"crop": data.whole("crop_size", 0), "channels": colour, "height": height, "width": width}
        case "Data" | "WindowData":
            data = options.block("data_param" if kind == "Data" else "window_data_param")
            return {"crop": data.whole("crop_size", 0), "channels": 0 if kind == "Data" else 3}
    return {}


def _dummy(data: Options, top: int) -> Shape:
    shapes = [shape.wholes("dim") for shape in data.blocks("shape")]
    if shapes:
        return _of_top(shapes, top)
    sizes = [data.wholes(axis) for axis in ("num", *_AXES)]
    return tuple(size[min(top, len(size) - 1)] for size in sizes if size)


def _of_top(shapes: list[Shape], top: int) -> Shape:
    """Return the shape of a layer's result ``top``, where one shape stands for all."""
    return (shapes[top] if top < len(shapes) else shapes[0] if len(shapes) == 1 else ()) if shapes else ()


def _checked(shape: Shape, where: str) -> tuple[Shape, int | None]:
    if not shape:
        raise ParseError(f"{where} does not say of what shape its samples are", hint=_HINT)
    if not 2 <= len(shape) <= 4:
        raise ParseError(
            f"{where} has the shape {shape}; samples have one to three axes, after that of the batch", hint=_HINT
        )
    if min(shape[1:]) < 1:
        raise ParseError(f"{where} has the shape {shape}; every axis must be at least 1", hint=_HINT)
    return shape[1:], shape[0]
