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
    return _affine(scope, scale, shift, (axis,))


def rescaling(scope: Scope) -> Value:
    """Translate Rescaling."""
    scale, shift = (_numbers(scope, key, default) for key, default in (("scale", 1.0), ("offset", 0.0)))
    shape = np.broadcast_shapes(scale.shape, shift.shape) if _broadcast(scale.shape, shift.shape) else (-1,)
    return (
        _over(scope, np.broadcast_to(scale, shape), np.broadcast_to(shift, shape)) if shape != (-1,) else _misfit(scope)
    )


def normalization(scope: Scope) -> Value:
    """Translate Normalization, whose mean and variance are settings, or weights where it was adapted to data."""
    options, rank = scope.options, len(scope.input.shape)
    setting = options.value("axis", -1)
    listed = [] if setting is None else setting if isinstance(setting, list) else [setting]
    axes = tuple(sorted(scope.axis(axis, "axis", rank) for axis in listed))
    sizes = tuple(scope.input.keras_shape[axis] for axis in axes)
    if options.value("mean") is not None:
        mean, variance = _numbers(scope, "mean", 0.0), _numbers(scope, "variance", 1.0)
    else:
        options.value("variance")
        got = scope.weights(mean=sizes, variance=sizes)
        mean, variance = got["mean"].astype(np.float64), got["variance"].astype(np.float64)
    mean, variance = (_kept(scope, numbers, sizes) for numbers in (mean, variance))
    if not (variance >= 0).all():
        raise ParseError(f"{scope.where}: its variance is below 0")
    deviation = np.maximum(np.sqrt(variance), _EPSILON)
    if options.value("invert", default=False):
        return _affine(scope, deviation, mean, axes)
    return _affine(scope, 1 / deviation, -mean / deviation, axes)


def _kept(scope: Scope, numbers: _Numbers, sizes: Shape) -> _Numbers:
    """Return ``numbers`` as one for each place along the axes of ``sizes``."""
    while numbers.ndim > len(sizes) and numbers.shape[0] == 1:
        numbers = numbers[0]
    return np.broadcast_to(numbers, sizes) if _broadcast(numbers.shape, sizes) == sizes else _misfit(scope)


def _over(scope: Scope, scale: _Numbers, shift: _Numbers) -> Value:
    """Apply numbers that NumPy's rules spread over the Keras axes, the last ones meeting first."""
    rank = len(scope.input.shape)
    while scale.ndim > rank and scale.shape[0] == 1:
        scale, shift = scale[0], shift[0]
    if _broadcast(scale.shape, scope.input.keras_shape) != scope.input.keras_shape:
        _misfit(scope)
    wide = [axis + rank - scale.ndim for axis, size in enumerate(scale.shape) if size > 1]
    sizes = tuple(scope.input.keras_shape[axis] for axis in wide)
    return _affine(scope, scale.reshape(sizes), shift.reshape(sizes), tuple(wide))


def _affine(scope: Scope, scale: _Numbers, shift: _Numbers, axes: tuple[int, ...]) -> Value:
    """Write down an Affine with ``scale`` and ``shift`` along the Keras ``axes``: per channel if it can be, else per element."""
    value = scope.input
    fields = {}
    for name, numbers in (("scale", scale), ("shift", shift)):
        if axes in ((), (value.order[0],)):
            spread = np.broadcast_to(numbers, value.shape[:1])
        else:
            ordered = numbers.transpose([axes.index(axis) for axis in value.order if axis in axes])
            shape = [size if axis in axes else 1 for axis, size in zip(value.order, value.shape, strict=True)]
            spread = np.broadcast_to(ordered.reshape(shape), value.shape)
        fields[name] = _single(scope, spread)
    return scope.add(op.Affine, value, **fields)


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
    if isinstance(value, dict) and isinstance(
        value.get("config"), dict
    ):  # Keras 3 writes arrays as {"config": {"value": …}}
        value = value["config"].get("value")
    try:
        numbers = np.array(value, np.float64)
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise scope.options.fault(key, value, "a number, or a list of them") from None
    if not np.isfinite(numbers).all():
        raise scope.options.fault(key, value, "a finite number, or a list of them")
    return numbers


def _broadcast(*shapes: Shape) -> Shape | None:
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        return None


def _misfit(scope: Scope) -> _Numbers | Value:
    raise ParseError(f"{scope.where}: its numbers do not fit its input of shape {scope.input.keras_shape}")
