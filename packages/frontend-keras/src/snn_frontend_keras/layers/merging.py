"""Layers that put several results together."""

from __future__ import annotations

import numpy as np
from snn import layers as op
from snn.errors import ParseError

from snn_frontend_keras.builder import Value
from snn_frontend_keras.scope import Scope


def concatenate(scope: Scope) -> Value:
    """Translate Concatenate along any axis but the batch."""
    values = _alike(scope)
    rank = len(values[0].shape)
    axis = scope.axis(scope.options.value("axis", -1), "axis", rank)
    if len(values) == 1:
        return values[0]
    return scope.add(op.Concat, *values, axis=values[0].order.index(axis))


def add(scope: Scope) -> Value:
    """Translate Add."""
    return _sum(scope, (1.0,) * len(scope.inputs))


def average(scope: Scope) -> Value:
    """Translate Average."""
    return _sum(scope, (1 / len(scope.inputs),) * len(scope.inputs))


def subtract(scope: Scope) -> Value:
    """Translate Subtract."""
    if len(scope.inputs) != 2:
        raise ParseError(f"{scope.where} has {len(scope.inputs)} inputs; it takes two")
    return _sum(scope, (1.0, -1.0))


def _sum(scope: Scope, factors: tuple[float, ...]) -> Value:
    values = _alike(scope)
    if len({value.shape for value in values}) > 1:
        shapes = ", ".join(str(value.keras_shape) for value in values)
        raise scope.options.refuse(
            f"adds results of different shapes ({shapes})", hint="bring them to one shape before it"
        )
    if len(values) == 1:
        return values[0]
    return scope.add(op.Add, *values, factors=np.array(factors, np.float32))


def _alike(scope: Scope) -> tuple[Value, ...]:
    """Return the inputs, all with their axes in the order of the first."""
    first = scope.inputs[0]
    if any(len(value.shape) != len(first.shape) for value in scope.inputs):
        shapes = ", ".join(str(value.keras_shape) for value in scope.inputs)
        raise scope.options.refuse(
            f"has inputs with different numbers of axes ({shapes})", hint="reshape them before it"
        )
    return (first, *(scope.arrange(value, first.order) for value in scope.inputs[1:]))
