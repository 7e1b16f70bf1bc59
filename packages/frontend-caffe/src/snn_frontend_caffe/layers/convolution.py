"""Convolution and its transpose."""

from __future__ import annotations

import numpy as np
from snn import layers as op
from snn.errors import ParseError
from snn.network import Shape

from snn_frontend_caffe.options import Options
from snn_frontend_caffe.scope import Scope, Value

from .windows import sizes, spatial


def convolution(scope: Scope) -> Value:
    """Translate Convolution."""
    x, options, kernel, out, groups = _common(scope)
    return _written(scope, op.Conv, x, (out, x.shape[0] // groups, *kernel), out, groups, options)


def deconvolution(scope: Scope) -> Value:
    """Translate Deconvolution, the transpose of a convolution, whose weights are (in, out / groups, *kernel)."""
    x, options, kernel, out, groups = _common(scope)
    return _written(scope, op.ConvTranspose, x, (x.shape[0], out // groups, *kernel), out, groups, options)


def _common(scope: Scope) -> tuple[Value, Options, Shape, int, int]:
    options = scope.options.block("convolution_param")
    options.ignore("engine", "force_nd_im2col", "weight_filler", "bias_filler")
    x = spatial(scope)
    if scope.axis(options, "axis") != 1:
        raise options.refuse("works along another axis than that of the channels", hint="convolve over channels")
    out, groups = options.whole("num_output", low=1), options.whole("group", 1, low=1)
    if out % groups or x.shape[0] % groups:
        raise ParseError(f"{scope.where}: {groups} groups do not divide {x.shape[0]} input and {out} output channels")
    return x, options, sizes(options, "kernel_size", len(x.shape) - 1, None, 1, "kernel"), out, groups


def _written(
    scope: Scope,
    kind: type[op.Conv | op.ConvTranspose],
    x: Value,
    weight: Shape,
    out: int,
    groups: int,
    options: Options,
) -> Value:
    rank = len(x.shape) - 1
    stride, padding = sizes(options, "stride", rank, 1, 1), sizes(options, "pad", rank, 0, 0)
    dilation = sizes(options, "dilation", rank, 1, 1)
    biased = options.flag("bias_term", default=True)
    arrays = scope.weights(weight=weight, bias=(out,)) if biased else scope.weights(weight=weight)
    return scope.add(
        kind,
        x,
        weight=arrays["weight"],
        bias=arrays["bias"] if biased else np.zeros(out, np.float32),
        stride=stride,
        padding=tuple((p, p) for p in padding),
        dilation=dilation,
        groups=groups,
    )
