"""ReLU and softmax."""

from __future__ import annotations

from snn import layers as op

from snn_frontend_caffe.scope import Scope, Value


def relu(scope: Scope) -> Value:
    """Translate ReLU; one with a slope below zero is read, and refused where neurons would take its place."""
    options = scope.options.block("relu_param")
    options.ignore("engine")
    slope = options.real("negative_slope", 0.0)
    if slope:
        return scope.add(op.Activation, scope.input, function="leaky_relu", slope=slope)
    return scope.add(op.Activation, scope.input, function="relu")


def softmax(scope: Scope) -> Value:
    """Translate Softmax, and what SoftmaxWithLoss computes before the loss: both over the channels."""
    options = scope.options.block("softmax_param")
    options.ignore("engine")
    if scope.axis(options, "axis") != 1:
        raise options.refuse("is over another axis than that of the channels", hint="bring the classes to axis 1")
    return scope.add(op.Activation, scope.inputs[0], function="softmax")
