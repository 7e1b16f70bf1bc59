"""BatchNorm as it is after training, Scale and Bias: a factor and a shift of each channel, or of each element."""

from __future__ import annotations

from math import prod

import numpy as np
from snn import layers as op
from snn.errors import ParseError
from snn.network import Array, Shape

from snn_frontend_caffe.options import Options
from snn_frontend_caffe.scope import Scope, Value


def batch_norm(scope: Scope) -> Value:
    """Translate BatchNorm: (x - mean) / sqrt(variance + eps), both sums divided by the factor that is kept with them.

    A factor of 0, that of a layer that was never trained, makes both 0, as in Caffe.
    """
    options = scope.options.block("batch_norm_param")
    options.ignore("moving_average_fraction")
    if not options.flag("use_global_stats", default=True):
        raise options.refuse(
            "normalises by the batch at hand (use_global_stats: false)",
            hint="take the field out: use_global_stats: true",
        )
    scope.refuse_training()
    eps, x = options.real("eps", 1e-5), scope.input
    channels = (x.shape[0],)
    arrays = scope.weights(mean=channels, variance=channels, factor=(1,))
    given = float(arrays["factor"].item())
    factor = 1 / given if given else 0.0
    mean, variance = (arrays[name].astype(np.float64) * factor for name in ("mean", "variance"))
    if not (variance + eps > 0).all():
        raise ParseError(f"{scope.where}: a variance and eps are not above 0 together: {float(variance.min()) + eps:g}")
    gain = 1 / np.sqrt(variance + eps)
    return scope.add(op.BatchNorm, x, scale=gain, shift=-mean * gain)


def scale(scope: Scope) -> Value:
    """Translate Scale, whose weights are the factors and, with ``bias_term``, the shifts."""
    options = scope.options.block("scale_param")
    options.ignore("filler", "bias_filler")
    x, shape, axis = _along(scope, options, "multiplies")
    if options.flag("bias_term", default=False):
        arrays = scope.weights(scale=shape, shift=shape)
    else:
        arrays = scope.weights(scale=shape)
    factors, shifts = arrays["scale"], arrays.get("shift", np.zeros(shape, np.float32))
    return scope.add(
        op.Affine, x, scale=_spread(scope, factors, axis, x.shape), shift=_spread(scope, shifts, axis, x.shape)
    )


def bias(scope: Scope) -> Value:
    """Translate Bias, whose weights are shifts."""
    options = scope.options.block("bias_param")
    options.ignore("filler")
    x, shape, axis = _along(scope, options, "adds")
    shift = _spread(scope, scope.weights(shift=shape)["shift"], axis, x.shape)
    return scope.add(op.Affine, x, scale=np.ones_like(shift), shift=shift)


def _along(scope: Scope, options: Options, does: str) -> tuple[Value, Shape, int]:
    """Return the input, the shape of the weights, and the axis of the input (without the batch) where they begin."""
    if len(scope.inputs) == 2:
        raise scope.options.refuse(
            f"{does} two results with each other", hint="a spiking network has no such layer: give it weights instead"
        )
    x = scope.input
    axis = scope.axis(options, "axis")
    count = options.whole("num_axes", 1, low=-1)
    if not axis:
        raise options.refuse("begins at the axis of the batch", hint="begin at axis 1")
    after = len(x.shape) - (axis - 1)
    if count > after:
        raise ParseError(f"{options.where}: num_axes is {count}; from axis {axis} on there are {after}")
    return x, x.shape[axis - 1 :][: after if count < 0 else count], axis - 1


def _spread(scope: Scope, array: Array, axis: int, shape: Shape) -> Array:
    """Return ``array``, which begins at ``axis`` of ``shape``, one value a channel or one an element."""
    if not array.ndim:
        return np.full(shape[:1], array, np.float32)
    if not axis and array.ndim == 1:
        return array
    scope.builder.expand(prod(shape), scope.where)
    after = len(shape) - axis - array.ndim
    return np.broadcast_to(array.reshape(*array.shape, *[1] * after), shape)
