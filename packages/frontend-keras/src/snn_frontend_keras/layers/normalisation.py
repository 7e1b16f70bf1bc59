"""Layers that scale and shift: batch normalisation, and what prepares a model's input."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from snn import layers as op
from snn.errors import ParseError
from snn.network import Shape

from snn_frontend_keras.builder import Value
from snn_frontend_keras.options import Json
from snn_frontend_keras.scope import Scope

_EPSILON = 1e-7  # keras.backend.epsilon()
_Numbers = npt.NDArray[np.float64]


def batch_normalisation(scope: Scope) -> Value:
    """Translate BatchNormalization as it is after training, on any axis."""
    options, value = scope.options, scope.input
    options.ignore("momentum", "synchronized", "fused", "renorm_momentum", "renorm_clipping", "moving_mean", "mode")
    if options.value("renorm", default=False) or options.value("virtual_batch_size") is not None:
        raise options.refuse("normalises with renorm or virtual batches", hint="train it as a plain BatchNormalization")
    options.flag("scale", default=True)
    options.flag("center", default=True)
    axis = _one_axis(scope, options.value("axis", -1))
    size = value.keras_shape[axis]
    got = scope.weights(gamma=(size,), beta=(size,), moving_mean=(size,), moving_variance=(size,))
    variance = got["moving_variance"].astype(np.float64) + options.real("epsilon", 1e-3)
    if not (variance > 0).all():
        raise ParseError(
            f"{scope.where}: its moving_variance is not above 0",
            hint="the training has diverged, or the file is damaged",
        )
    scale = got["gamma"] / np.sqrt(variance) if "gamma" in got else 1 / np.sqrt(variance)
    shift = got.get("beta", np.float32(0)) - got["moving_mean"] * scale
    if value.order[0] == axis:
        return scope.add(op.BatchNorm, value, scale=_single(scope, scale), shift=_single(scope, shift))
    wide = [size if other == axis else 1 for other in range(len(value.shape))]
    return _affine(scope, scale.reshape(wide), shift.reshape(wide))


def rescaling(scope: Scope) -> Value:
    """Translate Rescaling; NumPy's rules spread its numbers over the Keras axes, the last ones meeting first."""
    return _affine(scope, _numbers(scope, "scale", 1.0), _numbers(scope, "offset", 0.0))


def normalization(scope: Scope) -> Value:
    """Translate Normalization, whose mean and variance are settings, or weights where it was adapted to data."""
    options, rank = scope.options, len(scope.input.shape)
    setting = options.value("axis", -1)
    listed = [] if setting is None else setting if isinstance(setting, list) else [setting]
    axes = {scope.axis(axis, "axis", rank) for axis in listed}
    shape = scope.input.keras_shape
    sizes = tuple(size for axis, size in enumerate(shape) if axis in axes)
    if options.value("mean") is not None:
        mean, variance = _numbers(scope, "mean", 0.0), _numbers(scope, "variance", 1.0)
    else:
        options.value("variance")
        got = scope.weights(mean=sizes, variance=sizes)
        mean, variance = got["mean"].astype(np.float64), got["variance"].astype(np.float64)
    if not (variance >= 0).all():
        raise ParseError(f"{scope.where}: its variance is below 0")
    wide = [size if axis in axes else 1 for axis, size in enumerate(shape)]
    mean, deviation = (_spread(scope, numbers, sizes).reshape(wide) for numbers in (mean, np.sqrt(variance)))
    deviation = np.maximum(deviation, _EPSILON)
    if options.value("invert", default=False):
        return _affine(scope, deviation, mean)
    return _affine(scope, 1 / deviation, -mean / deviation)


def _spread(scope: Scope, numbers: _Numbers, shape: Shape) -> _Numbers:
    """Return ``numbers`` spread over ``shape`` by NumPy's rules; axes of one number too many are dropped."""
    while numbers.ndim > len(shape) and numbers.shape[0] == 1:
        numbers = numbers[0]
    try:
        return np.broadcast_to(numbers, shape)
    except ValueError:
        raise ParseError(
            f"{scope.where}: numbers of shape {numbers.shape} do not fit its input of shape {scope.input.keras_shape}"
        ) from None


def _affine(scope: Scope, scale: _Numbers, shift: _Numbers) -> Value:
    """Write down ``x * scale + shift``, spread over the Keras axes: per channel if that is enough, else per element."""
    value = scope.input
    numbers = [
        _spread(scope, np.atleast_1d(given), value.keras_shape).transpose(value.order) for given in (scale, shift)
    ]
    if all(_per_channel(given) for given in numbers):
        numbers = [given.reshape(len(given), -1)[:, 0] for given in numbers]
    return scope.add(op.Affine, value, scale=_single(scope, numbers[0]), shift=_single(scope, numbers[1]))


def _per_channel(numbers: _Numbers) -> bool:
    """Tell whether ``numbers``, spread without being copied, differ along the first axis only."""
    return not any(step for step, size in zip(numbers.strides[1:], numbers.shape[1:], strict=True) if size > 1)


def _single(scope: Scope, numbers: _Numbers) -> npt.NDArray[np.float32]:
    with np.errstate(over="ignore"):
        single = numbers.astype(np.float32)
    if not np.isfinite(single).all():
        raise ParseError(
            f"{scope.where}: its scale or shift is not finite", hint="the training has diverged, or the file is damaged"
        )
    return single


def _one_axis(scope: Scope, value: Json) -> int:
    if isinstance(value, list):
        if len(value) != 1:
            raise scope.options.refuse(f"normalises over the axes {value!r:.60}", hint="train it with one axis")
        value = value[0]
    return scope.axis(value, "axis", len(scope.input.shape))


def _numbers(scope: Scope, key: str, default: float) -> _Numbers:
    value = scope.options.value(key, default)
    try:
        numbers = np.array(value, np.float64)
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise scope.options.fault(key, value, "a number, or a list of them") from None
    if not np.isfinite(numbers).all():
        raise scope.options.fault(key, value, "a finite number, or a list of them")
    return numbers
