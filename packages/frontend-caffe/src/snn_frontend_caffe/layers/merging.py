"""Layers of several inputs: Concat, and sums by Eltwise."""

from __future__ import annotations

import numpy as np
from snn import layers as op
from snn.errors import ParseError

from snn_frontend_caffe.scope import Scope, Value

_OPERATIONS = {"PROD": 0, "SUM": 1, "MAX": 2}


def concat(scope: Scope) -> Value:
    """Translate Concat."""
    options = scope.options.block("concat_param")
    if not scope.inputs:
        raise ParseError(f"{scope.where} has no bottom")
    if "axis" in options and "concat_dim" in options:
        raise ParseError(f"{options.where} has both axis and concat_dim, which mean the same")
    axis = scope.axis(options, "concat_dim" if "concat_dim" in options else "axis")
    if not axis:
        raise options.refuse("joins along the axis of the batch", hint="join channels: axis 1")
    return scope.add(op.Concat, *scope.inputs, axis=axis - 1)


def eltwise(scope: Scope) -> Value:
    """Translate Eltwise, where it is a sum."""
    options = scope.options.block("eltwise_param")
    options.ignore("stable_prod_grad")
    operation = options.word("operation", "SUM", _OPERATIONS)
    if operation != "SUM":
        raise scope.options.refuse(
            f"is a {operation}, which has no counterpart in a network", hint="train it with operation: SUM"
        )
    factors = options.reals("coeff")
    if len(scope.inputs) < 2:
        raise ParseError(f"{scope.where} has {len(scope.inputs)} bottoms; it takes two or more")
    if len(factors) not in (0, len(scope.inputs)):
        raise ParseError(f"{options.where} has {len(factors)} coefficients for {len(scope.inputs)} bottoms")
    return scope.add(op.Add, *scope.inputs, factors=np.array(factors or [1.0] * len(scope.inputs), np.float32))
