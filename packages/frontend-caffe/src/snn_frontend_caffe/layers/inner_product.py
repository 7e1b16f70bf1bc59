"""InnerProduct: every output from all of a sample."""

from __future__ import annotations

from math import prod

import numpy as np
from snn import layers as op

from snn_frontend_caffe.scope import Scope, Value


def inner_product(scope: Scope) -> Value:
    """Translate InnerProduct; maps are flattened, channel by channel."""
    options = scope.options.block("inner_product_param")
    options.ignore("weight_filler", "bias_filler")
    x = scope.input
    if scope.axis(options, "axis") != 1:
        raise options.refuse("takes apart a sample: its axis is not 1", hint="let it read whole samples, with axis 1")
    out, size = options.whole("num_output", low=1), prod(x.shape)
    turned = options.flag("transpose", default=False)
    weight = (size, out) if turned else (out, size)
    biased = options.flag("bias_term", default=True)
    arrays = scope.weights(weight=weight, bias=(out,)) if biased else scope.weights(weight=weight)
    if len(x.shape) > 1:
        x = scope.add(op.Flatten, x, part="flatten")
    return scope.add(
        op.Dense,
        x,
        weight=arrays["weight"].T if turned else arrays["weight"],
        bias=arrays["bias"] if biased else np.zeros(out, np.float32),
    )
