"""Pooling: of windows, and of whole maps."""

from __future__ import annotations

from snn import layers as op
from snn.network import Layer
from snn.shapes import Padding

from snn_frontend_keras.builder import Value
from snn_frontend_keras.scope import Scope

from .convolution import same_padding, spatial


def pooling(scope: Scope, kind: type[Layer], rank: int) -> Value:
    """Translate MaxPooling and AveragePooling."""
    options = scope.options
    x = spatial(scope, rank)
    size = options.sizes("pool_size", rank, 2)
    stride = size if options.value("strides") is None else options.sizes("strides", rank)
    padding: Padding = ((0, 0),) * rank
    if options.text("padding", "valid", "valid", "same") == "same":
        padding = tuple(same_padding(n, k, s) for n, k, s in zip(x.shape[1:], size, stride, strict=True))
    return scope.add(kind, x, size=size, stride=stride, padding=padding)


def global_pooling(scope: Scope, kind: type[Layer], rank: int) -> Value:
    """Translate GlobalMaxPooling and GlobalAveragePooling: one window as large as the map."""
    x = spatial(scope, rank)
    keep = scope.options.value("keepdims", default=False)
    size = x.shape[1:]
    pooled = scope.add(kind, x, size=size, stride=size, padding=((0, 0),) * rank)
    return pooled if keep is True else scope.add(op.Flatten, pooled, part="flatten", order=(0,))
