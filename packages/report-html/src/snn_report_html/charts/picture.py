"""A sample as a picture: a PNG in the page itself."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
import numpy.typing as npt

MOST_PIXELS = 160  # a side; larger pictures are thinned out


def picture(sample: npt.NDArray[np.float32]) -> str:
    """Return ``sample`` as a data address: (height, width), (1 or 3, height, width); others as a strip of values.

    The least value is black and the largest white.
    """
    return f"data:image/png;base64,{base64.b64encode(_png(pixels(sample))).decode()}"


def pixels(sample: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Return the bytes of a picture, (height, width, 1 or 3)."""
    values = np.asarray(sample, np.float64)
    if values.ndim == 3 and len(values) in (1, 3):
        values = np.moveaxis(values, 0, -1)
    elif values.ndim == 2:
        values = values[..., None]
    else:
        values = _folded(values.reshape(-1))[..., None]
    every = -(-max(values.shape[:2]) // MOST_PIXELS)
    values = values[::every, ::every]
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    return np.asarray(np.rint(255 * (values - low) / (high - low or 1.0)), np.uint8)


def _folded(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return a vector in lines of about a square, so that all of it can be seen; what is left over is black."""
    width = len(values) if len(values) <= 64 else int(np.ceil(np.sqrt(len(values))))
    lines = -(-len(values) // max(width, 1))
    padded = np.full(lines * width, values.min() if values.size else 0.0)
    padded[: len(values)] = values
    return padded.reshape(lines, width)


def _png(bytes_: npt.NDArray[np.uint8]) -> bytes:
    height, width, channels = bytes_.shape
    rows = b"".join(b"\0" + row.tobytes() for row in bytes_)
    header = struct.pack(">IIBBBBB", width, height, 8, 2 if channels == 3 else 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
