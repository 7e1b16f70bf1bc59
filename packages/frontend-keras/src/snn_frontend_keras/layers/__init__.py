"""The Keras layers that are read: for each class, its translation and the weights that Keras keeps for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

from snn import layers as op

from snn_frontend_keras.activations import LAYERS, activation
from snn_frontend_keras.builder import Value
from snn_frontend_keras.model import LayerConfig
from snn_frontend_keras.scope import Scope

from . import convolution, merging, normalisation, pooling, shapes

Translate: TypeAlias = Callable[[Scope], Value]

_DROPPED = (
    "ActivityRegularization",
    "AlphaDropout",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "Identity",
    "SpatialDropout1D",
    "SpatialDropout2D",
)

TRANSLATIONS: Mapping[str, Translate] = {
    "Dense": convolution.dense,
    "Flatten": shapes.flatten,
    "Reshape": shapes.reshape,
    "Permute": shapes.permute,
    "RepeatVector": shapes.repeat,
    "Concatenate": merging.concatenate,
    "Add": merging.add,
    "Average": merging.average,
    "Subtract": merging.subtract,
    "BatchNormalization": normalisation.batch_normalisation,
    "Rescaling": normalisation.rescaling,
    "Normalization": normalisation.normalization,
    **dict.fromkeys(LAYERS, activation),
    **dict.fromkeys(_DROPPED, shapes.unchanged),
    **{f"Conv{rank}D": partial(convolution.convolution, rank=rank) for rank in (1, 2)},
    **{f"Conv{rank}DTranspose": partial(convolution.transposed, rank=rank) for rank in (1, 2)},
    **{f"DepthwiseConv{rank}D": partial(convolution.depthwise, rank=rank) for rank in (1, 2)},
    **{f"SeparableConv{rank}D": partial(convolution.separable, rank=rank) for rank in (1, 2)},
    **{f"MaxPooling{rank}D": partial(pooling.pooling, kind=op.MaxPool, rank=rank) for rank in (1, 2)},
    **{f"AveragePooling{rank}D": partial(pooling.pooling, kind=op.AvgPool, rank=rank) for rank in (1, 2)},
    **{f"GlobalMaxPooling{rank}D": partial(pooling.global_pooling, kind=op.MaxPool, rank=rank) for rank in (1, 2)},
    **{f"GlobalAveragePooling{rank}D": partial(pooling.global_pooling, kind=op.AvgPool, rank=rank) for rank in (1, 2)},
    **{f"ZeroPadding{rank}D": partial(shapes.pad, rank=rank) for rank in (1, 2)},
    **{f"UpSampling{rank}D": partial(shapes.upsample, rank=rank) for rank in (1, 2)},
}


def weight_names(layer: LayerConfig) -> tuple[str, ...]:
    """Return the names of the weights that Keras keeps for ``layer``, in its order."""
    config = layer.config
    match layer.kind:
        case "Dense" | "Conv1D" | "Conv2D" | "Conv1DTranspose" | "Conv2DTranspose":
            names = ["kernel"]
        case "DepthwiseConv1D" | "DepthwiseConv2D":
            names = ["depthwise_kernel"]
        case "SeparableConv1D" | "SeparableConv2D":
            names = ["depthwise_kernel", "pointwise_kernel"]
        case "BatchNormalization":
            own = [name for name, key in (("gamma", "scale"), ("beta", "center")) if config.get(key) is not False]
            return (*own, "moving_mean", "moving_variance")
        case "Normalization":
            return () if config.get("mean") is not None else ("mean", "variance", "count")
        case _:
            return ()
    return (*names, "bias") if config.get("use_bias") is not False else tuple(names)


def frozen_names(layer: LayerConfig) -> frozenset[str]:
    """Return those of the weights that are never trained."""
    return frozenset({"moving_mean", "moving_variance", "mean", "variance", "count"} & set(weight_names(layer)))
