"""Layers that move elements, and those that do nothing once a network is trained."""

from __future__ import annotations

from math import prod

from snn import layers as op
from snn.errors import ParseError

from snn_frontend_keras.builder import Value, channels_first, identity
from snn_frontend_keras.options import Json
from snn_frontend_keras.scope import Scope

from .convolution import spatial


def unchanged(scope: Scope) -> Value:
    """Translate a layer that works in training only."""
    scope.options.ignore("rate", "stddev", "seed", "noise_shape", "l1", "l2", "data_format")
    return scope.input


def flatten(scope: Scope) -> Value:
    """Translate Flatten: Keras counts through a map with the channel last."""
    source = scope.options.value("data_format", "channels_last")
    value, rank = scope.input, len(scope.input.shape)
    if source == "channels_first" and rank > 1:  # Keras then moves the channel to the end first
        value = Value(value.name, value.shape, tuple((axis - 1) % rank for axis in value.order))
    if not value.is_linear:
        value = scope.arrange(value, identity(rank))
    return value if rank == 1 else scope.add(op.Flatten, value, order=(0,))


def reshape(scope: Scope) -> Value:
    """Translate Reshape; one size may be -1."""
    options, value = scope.options, scope.input
    target = options.value("target_shape")
    if not isinstance(target, (list, tuple)) or not target:
        raise options.fault("target_shape", target, "a list of sizes")
    shape = options.sizes("target_shape", len(target), low=-1)
    known, count = prod(size for size in shape if size != -1), prod(value.shape)
    if shape.count(-1) > 1 or 0 in shape or count % known or (-1 not in shape and known != count):
        raise ParseError(
            f"{scope.where}: target_shape {shape} does not hold the elements of its input {value.keras_shape}"
        )
    shape = tuple(count // known if size == -1 else size for size in shape)
    if shape == value.keras_shape:
        return value
    if not value.is_linear:
        value = scope.arrange(value, identity(len(value.shape)))
    return scope.add(op.Reshape, value, order=identity(len(shape)), shape=shape)


def permute(scope: Scope) -> Value:
    """Translate Permute: the axes get other names; a layer that wants them in another order moves them."""
    value, rank = scope.input, len(scope.input.shape)
    dims = scope.options.sizes("dims", rank)
    if sorted(dims) != list(range(1, rank + 1)):
        raise scope.options.fault("dims", list(dims), f"an order of the {rank} axes")
    return Value(value.name, value.shape, tuple(dims.index(axis + 1) for axis in value.order))


def pad(scope: Scope, rank: int) -> Value:
    """Translate ZeroPadding1D and ZeroPadding2D."""
    x = spatial(scope, rank)
    pairs = scope.options.value("padding", 1)
    if rank == 1 and not (isinstance(pairs, list) and pairs and isinstance(pairs[0], list)):
        pairs = [pairs]
    if isinstance(pairs, int):
        pairs = [pairs] * rank
    if not isinstance(pairs, (list, tuple)) or len(pairs) != rank:
        raise scope.options.fault("padding", pairs, f"{rank} pairs of whole numbers")
    return scope.add(op.Pad, x, padding=tuple(_pair(scope, pair) for pair in pairs))


def upsample(scope: Scope, rank: int) -> Value:
    """Translate UpSampling1D and UpSampling2D."""
    x = spatial(scope, rank)
    mode = scope.options.text("interpolation", "nearest")
    if mode != "nearest":
        raise scope.options.refuse(f"interpolates ({mode})", hint="train it with interpolation='nearest'")
    return scope.add(op.Upsample, x, factors=scope.options.sizes("size", rank, 2))


def repeat(scope: Scope) -> Value:
    """Translate RepeatVector: (n,) becomes (times, n)."""
    (count,) = scope.input.shape if len(scope.input.shape) == 1 else (0,)
    if not count:
        raise ParseError(f"{scope.where} needs a vector; its input has shape {scope.input.keras_shape}")
    column = scope.add(op.Reshape, scope.input, part="column", order=channels_first(2), shape=(count, 1))
    return scope.add(op.Upsample, column, factors=(scope.options.whole("n"),))


def _pair(scope: Scope, value: Json) -> tuple[int, int]:
    pair = [value, value] if isinstance(value, int) else value
    if isinstance(pair, (list, tuple)) and len(pair) == 2:
        before, after = pair
        if all(isinstance(n, int) and not isinstance(n, bool) and 0 <= n <= 2**20 for n in pair):
            return before, after
    raise scope.options.fault("padding", value, "a pair of whole numbers")
