"""Small networks with all that is read: the text after the Input layer, and the shapes of the weights."""

from __future__ import annotations

from dataclasses import dataclass, field

from caffe_files import layer


@dataclass(frozen=True)
class Case:
    """Layers of a network, the shapes of their weights, and the shape of the input, (1, *shape)."""

    layers: tuple[str, ...]
    weights: dict[str, tuple[tuple[int, ...], ...]] = field(default_factory=dict)
    shape: tuple[int, ...] = (1, 2, 7, 7)


def convolution(fields, weight, *, bias=True, kind="Convolution", shape=(1, 2, 7, 7)):
    groups = 2 if "group: 2" in fields else 1
    outputs = weight[0] if kind == "Convolution" else weight[1] * groups
    text = layer(kind, "conv", fields=f"convolution_param {{ num_output: {outputs} {fields} }}")
    return Case((text,), {"conv": (weight, (outputs,)) if bias else (weight,)}, shape)


def pooling(fields, shape=(1, 2, 7, 7)):
    return Case((layer("Pooling", "pool", fields=f"pooling_param {{ {fields} }}"),), {}, shape)


def plain(kind, fields="", shape=(1, 2, 7, 7)):
    return Case((layer(kind, "plain", fields=fields),), {}, shape)


NORM = "batch_norm_param { use_global_stats: true }"
CASES = {
    "conv": convolution("kernel_size: 3", (4, 2, 3, 3)),
    "conv-padded-strided": convolution("kernel_size: 3 pad: 1 stride: 2", (4, 2, 3, 3)),
    "conv-height-and-width": convolution(
        "kernel_h: 1 kernel_w: 3 stride_h: 2 stride_w: 1 pad_h: 0 pad_w: 2", (4, 2, 1, 3)
    ),
    "conv-grouped": convolution("kernel_size: 3 group: 2", (4, 2, 3, 3), shape=(1, 4, 7, 7)),
    "conv-dilated": convolution("kernel_size: 3 dilation: 2 pad: 2", (4, 2, 3, 3)),
    "conv-without-bias": convolution("kernel_size: 3 bias_term: false", (4, 2, 3, 3), bias=False),
    "conv-of-one-output": convolution("kernel_size: 7", (1, 2, 7, 7)),
    "deconv": convolution("kernel_size: 3", (2, 4, 3, 3), kind="Deconvolution"),
    "deconv-strided": convolution("kernel_size: 4 stride: 2 pad: 1", (2, 3, 4, 4), kind="Deconvolution"),
    "deconv-grouped": convolution(
        "kernel_size: 3 stride: 2 group: 2", (4, 2, 3, 3), kind="Deconvolution", shape=(1, 4, 5, 5)
    ),
    "deconv-without-bias": convolution(
        "kernel_size: 2 stride: 2 bias_term: false", (2, 3, 2, 2), kind="Deconvolution", bias=False
    ),
    "max": pooling("pool: MAX kernel_size: 2 stride: 2", (1, 2, 6, 6)),
    "max-rounded-up": pooling("pool: MAX kernel_size: 3 stride: 2", (1, 2, 8, 8)),
    "max-padded": pooling("pool: MAX kernel_size: 3 stride: 2 pad: 1", (1, 2, 8, 8)),
    "max-height-and-width": pooling("pool: MAX kernel_h: 3 kernel_w: 2 stride_h: 1 stride_w: 2"),
    "average": pooling("pool: AVE kernel_size: 2 stride: 2", (1, 2, 6, 6)),
    "average-rounded-up": pooling("pool: AVE kernel_size: 3 stride: 2", (1, 2, 8, 8)),
    "average-padded": pooling("pool: AVE kernel_size: 3 stride: 1 pad: 1"),
    "average-padded-rounded-up": pooling("pool: AVE kernel_size: 3 stride: 2 pad: 1", (1, 2, 8, 8)),
    "average-global": pooling("pool: AVE global_pooling: true"),
    "max-global": pooling("pool: MAX global_pooling: true"),
    "inner-product": Case(
        (layer("InnerProduct", "ip", fields="inner_product_param { num_output: 5 }"),), {"ip": ((5, 98), (5,))}
    ),
    "inner-product-without-bias": Case(
        (layer("InnerProduct", "ip", fields="inner_product_param { num_output: 5 bias_term: false }"),),
        {"ip": ((5, 98),)},
    ),
    "two-inner-products": Case(
        (
            layer("InnerProduct", "ip1", fields="inner_product_param { num_output: 6 }"),
            layer("ReLU", "relu", "ip1", top="ip1"),
            layer("InnerProduct", "ip2", "ip1", "inner_product_param { num_output: 3 }"),
            layer("Softmax", "prob", "ip2"),
        ),
        {"ip1": ((6, 98), (6,)), "ip2": ((3, 6), (3,))},
    ),
    "batch-norm": Case((layer("BatchNorm", "bn", fields=NORM),), {"bn": ((2,), (2,), (1,))}),
    "batch-norm-eps": Case(
        (layer("BatchNorm", "bn", fields="batch_norm_param { use_global_stats: true eps: 0.1 }"),),
        {"bn": ((2,), (2,), (1,))},
    ),
    "batch-norm-scale": Case(
        (layer("BatchNorm", "bn", fields=NORM), layer("Scale", "scale", "bn", "scale_param { bias_term: true }")),
        {"bn": ((2,), (2,), (1,)), "scale": ((2,), (2,))},
    ),
    "scale": Case((layer("Scale", "scale"),), {"scale": ((2,),)}),
    "scale-in-place": Case(
        (layer("Scale", "scale", fields="scale_param { bias_term: true }", top="data"), layer("ReLU", "relu", "data")),
        {"scale": ((2,), (2,))},
    ),
    "relu": plain("ReLU"),
    "leaky-relu": plain("ReLU", "relu_param { negative_slope: 0.1 }"),
    "dropout": Case(
        (layer("Dropout", "drop", fields="dropout_param { dropout_ratio: 0.7 }"), layer("ReLU", "r", "drop"))
    ),
    "softmax": plain("Softmax"),
    "softmax-of-a-vector": Case((layer("Flatten", "flat"), layer("Softmax", "prob", "flat"))),
    "concat": Case((layer("ReLU", "a"), layer("Softmax", "b"), layer("Concat", "both", "a b data"))),
    "concat-along-height": Case(
        (layer("ReLU", "a"), layer("Concat", "both", "a data", "concat_param { axis: 2 }")),
    ),
    "sum": Case((layer("ReLU", "a"), layer("Eltwise", "sum", "a data", "eltwise_param { operation: SUM }"))),
    "sum-with-coefficients": Case(
        (
            layer("ReLU", "a"),
            layer("Eltwise", "sum", "a data data", "eltwise_param { coeff: 2 coeff: -0.5 coeff: 0.25 }"),
        )
    ),
    "flatten": plain("Flatten"),
    "flatten-the-last-axes": Case(
        (layer("Flatten", "flat", fields="flatten_param { axis: 2 }"), layer("ReLU", "relu", "flat")),
    ),
    "reshape": Case(
        (
            layer("Reshape", "shaped", fields="reshape_param { shape { dim: 0 dim: -1 dim: 7 dim: 1 } }"),
            layer("ReLU", "relu", "shaped"),
        )
    ),
    "reshape-to-a-vector": plain("Reshape", "reshape_param { shape { dim: 0 dim: -1 } }"),
    "split": Case(
        (
            'layer { name: "split" type: "Split" bottom: "data" top: "one" top: "two" }',
            layer("ReLU", "relu", "one"),
            layer("Eltwise", "sum", "relu two"),
        )
    ),
    "in-place": Case(
        (
            layer("Convolution", "conv", fields="convolution_param { num_output: 3 kernel_size: 3 }"),
            layer("ReLU", "relu", "conv", top="conv"),
            layer("Dropout", "drop", "conv", top="conv"),
            layer("Pooling", "pool", "conv", "pooling_param { pool: MAX kernel_size: 2 stride: 2 }"),
        ),
        {"conv": ((3, 2, 3, 3), (3,))},
    ),
}


def unit(name, bottom, channels, kernel):
    """Return a convolution without bias, with BatchNorm and Scale after it in place."""
    pad = kernel // 2
    fields = f"convolution_param {{ num_output: {channels} kernel_size: {kernel} pad: {pad} bias_term: false }}"
    return (
        layer("Convolution", name, bottom, fields),
        layer("BatchNorm", f"bn_{name}", name, NORM, top=name),
        layer("Scale", f"scale_{name}", name, "scale_param { bias_term: true }", top=name),
    )


def unit_weights(name, channels, given, kernel):
    return {
        name: ((channels, given, kernel, kernel),),
        f"bn_{name}": ((channels,), (channels,), (1,)),
        f"scale_{name}": ((channels,), (channels,)),
    }


CASES["residual"] = Case(
    (
        *unit("stem", "data", 4, 3),
        layer("ReLU", "stem_relu", "stem", top="stem"),
        *unit("a", "stem", 4, 3),
        layer("ReLU", "a_relu", "a", top="a"),
        *unit("b", "a", 8, 3),
        *unit("shortcut", "stem", 8, 1),
        layer("Eltwise", "block", "b shortcut"),
        layer("ReLU", "block_relu", "block", top="block"),
        layer("Pooling", "pool", "block", "pooling_param { pool: AVE global_pooling: true }"),
        layer("InnerProduct", "fc", "pool", "inner_product_param { num_output: 3 }"),
        layer("Softmax", "prob", "fc"),
    ),
    {
        **unit_weights("stem", 4, 2, 3),
        **unit_weights("a", 4, 4, 3),
        **unit_weights("b", 8, 4, 3),
        **unit_weights("shortcut", 8, 4, 1),
        "fc": ((3, 8), (3,)),
    },
)
