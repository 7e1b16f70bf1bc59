"""The layers of Caffe that are read: for each type, its translation."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from snn_frontend_caffe.scope import Scope, Value

from .activations import relu, softmax
from .convolution import convolution, deconvolution
from .identities import dropout, split
from .inner_product import inner_product
from .merging import concat, eltwise
from .normalisation import batch_norm, bias, scale
from .pooling import pooling
from .shapes import flatten, reshape

WEIGHTED = frozenset({"BatchNorm", "Bias", "Convolution", "Deconvolution", "InnerProduct", "Scale"})
"""Those that have weights."""

TRANSLATIONS: Mapping[str, Callable[[Scope], Value]] = {
    "BatchNorm": batch_norm,
    "Bias": bias,
    "Concat": concat,
    "Convolution": convolution,
    "Deconvolution": deconvolution,
    "Dropout": dropout,
    "Eltwise": eltwise,
    "Flatten": flatten,
    "InnerProduct": inner_product,
    "Pooling": pooling,
    "ReLU": relu,
    "Reshape": reshape,
    "Scale": scale,
    "Softmax": softmax,
    "SoftmaxWithLoss": softmax,
    "Split": split,
}
