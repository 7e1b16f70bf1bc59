"""Layers that change nothing once a network is trained."""

from __future__ import annotations

from snn_frontend_caffe.scope import Scope, Value


def dropout(scope: Scope) -> Value:
    """Pass Dropout over; other Caffes have one that scales what it gives after training, which is refused."""
    options = scope.options.block("dropout_param")
    options.ignore("dropout_ratio")
    if not options.flag("scale_train", default=True):
        raise options.refuse(
            "scales its input after training (scale_train: false)",
            hint="put a Scale layer with that factor in its place",
        )
    scope.refuse_training()
    return scope.input


def split(scope: Scope) -> Value:
    """Pass Split over, which Caffe itself puts where a blob is read twice."""
    return scope.input
