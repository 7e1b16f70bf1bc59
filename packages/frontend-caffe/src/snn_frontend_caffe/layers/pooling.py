"""Pooling, whose last windows may reach beyond the map.

Caffe rounds the number of windows up. A window of an average counts the padding on both sides, but not what lies
beyond that; the largest value is taken of what is inside. See pooling_layer.cpp of Caffe 1.0.
"""

from __future__ import annotations

from snn import layers as op
from snn.errors import ParseError
from snn.network import Shape
from snn.shapes import Padding

from snn_frontend_caffe.options import Options
from snn_frontend_caffe.scope import Scope, Value

from .windows import sizes, spatial

_METHODS = {"MAX": 0, "AVE": 1, "STOCHASTIC": 2}
_ROUNDING = {"CEIL": 0, "FLOOR": 1}


def pooling(scope: Scope) -> Value:
    """Translate Pooling, of windows or of whole maps."""
    options = scope.options.block("pooling_param")
    options.ignore("engine")
    method = options.word("pool", "MAX", _METHODS)
    if method == "STOCHASTIC":
        raise scope.options.refuse("chooses at random (pool: STOCHASTIC)", hint="train it with MAX or AVE")
    x = spatial(scope)
    if len(x.shape) != 3:
        raise ParseError(f"{scope.where} pools height and width; its input has shape {x.shape}")
    size, stride, pad = _window(options, x.shape[1:])
    ceil = options.word("round_mode", "CEIL", _ROUNDING) == "CEIL"
    beyond = tuple(
        _beyond(scope, n, k, s, p, ceil=ceil, clipped=any(pad))
        for n, k, s, p in zip(x.shape[1:], size, stride, pad, strict=True)
    )
    if method == "MAX":
        padding = tuple((p, max(0, p + more)) for p, more in zip(pad, beyond, strict=True))
        return scope.add(op.MaxPool, x, size=size, stride=stride, padding=padding)
    return _average(scope, x, size, stride, pad, beyond)


def _window(options: Options, x: Shape) -> tuple[Shape, Shape, Shape]:
    """Return size, stride and padding."""
    if options.flag("global_pooling", default=False):
        if any(name in options for name in ("kernel_size", "kernel_h", "kernel_w")):
            raise ParseError(f"{options.where}: a global pool has no size of its own")
        padded = sizes(options, "pad", 2, 0, 0, repeated=False)
        if padded != (0, 0) or sizes(options, "stride", 2, 1, 1, repeated=False) != (1, 1):
            raise ParseError(f"{options.where}: a global pool has pad 0 and stride 1")
        return x, (1, 1), (0, 0)
    size = sizes(options, "kernel_size", 2, None, 1, "kernel", repeated=False)
    pad = sizes(options, "pad", 2, 0, 0, repeated=False)
    if any(p >= k for p, k in zip(pad, size, strict=True)):
        raise ParseError(f"{options.where}: pad {pad} must be smaller than the window {size}")
    return size, sizes(options, "stride", 2, 1, 1, repeated=False), pad


def _beyond(scope: Scope, n: int, k: int, s: int, p: int, *, ceil: bool, clipped: bool) -> int:
    """Return by how many cells the last window ends beyond the padding; below 0 where cells are left over.

    ``clipped``: a window that would begin behind the map is left out, which Caffe does where either axis is padded.
    """
    room = n + 2 * p - k
    if room < 0 and not (ceil and room > -s):
        raise ParseError(f"{scope.where}: a window of {k} is larger than the map of {n} with padding {p}")
    count = (-(-room // s) if ceil else room // s) + 1
    if clipped and (count - 1) * s >= n + p:
        count -= 1
    if (count - 1) * s >= n + p:
        raise ParseError(
            f"{scope.where}: with windows of {k} every {s}, the last one begins behind the map of {n}, where Caffe "
            "gives no number"
        )
    return (count - 1) * s + k - n - 2 * p


def _average(scope: Scope, x: Value, size: Shape, stride: Shape, pad: Shape, beyond: Shape) -> Value:
    """Write down an average that divides by the cells of a window that are in the map or in its padding."""
    if max(beyond) <= 0:
        padding: Padding = tuple((p, max(0, p + more)) for p, more in zip(pad, beyond, strict=True))
        return scope.add(op.AvgPool, x, size=size, stride=stride, padding=padding, divisor="padded")
    if any(pad):
        around = tuple((p, max(0, p + min(0, more))) for p, more in zip(pad, beyond, strict=True))
        x = scope.add(op.Pad, x, part="pad", padding=around)
    padding = tuple((0, max(0, more)) for more in beyond)
    return scope.add(op.AvgPool, x, size=size, stride=stride, padding=padding, divisor="inside")
