"""What a prototxt says a network consists of when it is used: Caffe's two notations, and the rules of phases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from snn.errors import ParseError

from .options import Options
from .prototxt import Block
from .rules import State, included

_V1: Mapping[str, str] = {
    "ABSVAL": "AbsVal",
    "ACCURACY": "Accuracy",
    "ARGMAX": "ArgMax",
    "BNLL": "BNLL",
    "CONCAT": "Concat",
    "CONTRASTIVE_LOSS": "ContrastiveLoss",
    "CONVOLUTION": "Convolution",
    "DATA": "Data",
    "DECONVOLUTION": "Deconvolution",
    "DROPOUT": "Dropout",
    "DUMMY_DATA": "DummyData",
    "ELTWISE": "Eltwise",
    "EUCLIDEAN_LOSS": "EuclideanLoss",
    "EXP": "Exp",
    "FLATTEN": "Flatten",
    "HDF5_DATA": "HDF5Data",
    "HDF5_OUTPUT": "HDF5Output",
    "HINGE_LOSS": "HingeLoss",
    "IM2COL": "Im2col",
    "IMAGE_DATA": "ImageData",
    "INFOGAIN_LOSS": "InfogainLoss",
    "INNER_PRODUCT": "InnerProduct",
    "LRN": "LRN",
    "MEMORY_DATA": "MemoryData",
    "MULTINOMIAL_LOGISTIC_LOSS": "MultinomialLogisticLoss",
    "MVN": "MVN",
    "POOLING": "Pooling",
    "POWER": "Power",
    "RELU": "ReLU",
    "SIGMOID": "Sigmoid",
    "SIGMOID_CROSS_ENTROPY_LOSS": "SigmoidCrossEntropyLoss",
    "SILENCE": "Silence",
    "SLICE": "Slice",
    "SOFTMAX": "Softmax",
    "SOFTMAX_LOSS": "SoftmaxWithLoss",
    "SPLIT": "Split",
    "TANH": "TanH",
    "THRESHOLD": "Threshold",
    "WINDOW_DATA": "WindowData",
}
"""The words for layers in ``layers { }``, and the types in ``layer { }`` that they became."""

_WITHOUT_EFFECT = ("debug_info", "force_backward", "name")
_LAYER_WITHOUT_EFFECT = (
    "blob_share_mode",
    "blobs_lr",
    "loss_param",
    "loss_weight",
    "phase",
    "propagate_down",
    "weight_decay",
)
_SOLVER = frozenset({"net", "train_net", "base_lr", "max_iter", "solver_mode", "solver_type"})
_PARAMETERS = (
    "accuracy_param",
    "argmax_param",
    "batch_norm_param",
    "bias_param",
    "clip_param",
    "concat_param",
    "contrastive_loss_param",
    "convolution_param",
    "crop_param",
    "data_param",
    "dropout_param",
    "dummy_data_param",
    "eltwise_param",
    "elu_param",
    "embed_param",
    "exp_param",
    "flatten_param",
    "hdf5_data_param",
    "hdf5_output_param",
    "hinge_loss_param",
    "image_data_param",
    "infogain_loss_param",
    "inner_product_param",
    "input_param",
    "log_param",
    "lrn_param",
    "memory_data_param",
    "mvn_param",
    "parameter_param",
    "pooling_param",
    "power_param",
    "prelu_param",
    "python_param",
    "recurrent_param",
    "reduction_param",
    "relu_param",
    "reshape_param",
    "scale_param",
    "sigmoid_param",
    "slice_param",
    "softmax_param",
    "spp_param",
    "swish_param",
    "tanh_param",
    "threshold_param",
    "tile_param",
    "transform_param",
    "window_data_param",
)
"""Blocks that Caffe knows in every layer, and reads in those of one type."""


@dataclass(frozen=True, eq=False)
class LayerDefinition:
    """One layer of the prototxt.

    Attributes
    ----------
    name, kind : str
        As the prototxt has them; ``kind`` is the type in Caffe's later notation.
    bottoms, tops : tuple of str
        The blobs that it reads and those that it writes.
    shares : tuple of str
        The name of each parameter, empty for one without; layers share those of one name.
    options : Options
        Its other fields.
    """

    name: str
    kind: str
    bottoms: tuple[str, ...]
    tops: tuple[str, ...]
    options: Options
    shares: tuple[str, ...]

    @property
    def where(self) -> str:
        """How messages call it."""
        return self.options.where

    def close(self) -> None:
        """Refuse the layer if it has a field that nobody asked for; those that Caffe ignores are ignored."""
        self.options.ignore(*_PARAMETERS)
        self.options.close()


@dataclass(frozen=True, eq=False)
class Definition:
    """A network in the phase of tests.

    Attributes
    ----------
    inputs : mapping
        Those that are named outside of layers, with the shapes given for them, (batch, *shape).
    layers : tuple of LayerDefinition
    excluded : frozenset of str
        The blobs that layers of other phases, levels and stages write.
    """

    inputs: Mapping[str, tuple[int, ...]]
    layers: tuple[LayerDefinition, ...]
    excluded: frozenset[str]


def read_definition(block: Block) -> Definition:
    """Return the network that ``block``, the whole of a prototxt, describes."""
    options = Options("the network", block)
    options.ignore(*_WITHOUT_EFFECT)
    if "layer" in options and "layers" in options:
        raise ParseError("the network has both 'layer' and 'layers', and so no order", hint="write all as 'layer'")
    if not ("layer" in options or "layers" in options):
        if _SOLVER & set(block.fields):
            raise ParseError(
                "this describes a solver, not a network", hint="give the prototxt that its 'net' or 'train_net' names"
            )
        raise ParseError("the network has no layers", hint="give a .prototxt with a block 'layer' for each layer")
    state = _state(options.block("state"))
    key = "layer" if "layer" in options else "layers"
    layers: list[LayerDefinition] = []
    excluded: set[str] = set()
    for number, (found, line) in enumerate(zip(options.hand_over(key), options.lines(key), strict=True), 1):
        if included(found, state):
            layers.append(_read_layer(found, f"layer {number} (line {line})"))
        else:
            excluded.update(found.texts("top"))
    inputs = _inputs(options)
    options.close()  # each layer is closed where it is translated
    return Definition(inputs, tuple(layers), frozenset(excluded))


def _state(options: Options) -> State:
    options.ignore("phase", "level")  # Caffe takes them from who loads the network, and by default tests at level 0
    return State(0, frozenset(options.texts("stage")))


def _read_layer(options: Options, place: str) -> LayerDefinition:
    options.where = place
    if "layer" in options:
        raise ParseError(
            f"{place} is in the first notation of Caffe, a layer within 'layers'",
            hint="bring the file up to date with Caffe's upgrade_net_proto_text",
        )
    name = options.text("name")
    written = options.scalar("type")
    if written is None:
        raise ParseError(f"{place} has no type")
    kind = written.text if written.quoted else _V1.get(written.text, written.text)
    tops = options.texts("top")
    name = name or (tops[0] if tops else "")
    if not name:
        raise ParseError(f"{place} has neither a name nor a top")
    options.where = f"layer {name!r} ({kind})"
    options.ignore(*_LAYER_WITHOUT_EFFECT)
    if "blobs" in options:
        raise ParseError(
            f"{options.where} has its weights in the text, where they are not read",
            hint="let Caffe save them as a .caffemodel",
        )
    return LayerDefinition(name, kind, options.texts("bottom"), tops, options, _shares(options))


def _shares(options: Options) -> tuple[str, ...]:
    """Return the names of the parameters: blocks in the later notation, texts in the earlier one."""
    if not options.holds_blocks("param"):
        return options.texts("param")
    blocks = options.blocks("param")
    for block in blocks:
        block.ignore("share_mode", "lr_mult", "decay_mult")
    return tuple(block.text("name") for block in blocks)


def _inputs(options: Options) -> dict[str, tuple[int, ...]]:
    """Return the inputs that are named outside of layers, with their shapes."""
    names = options.texts("input")
    shapes = [shape.wholes("dim") for shape in options.blocks("input_shape")]
    sizes = options.wholes("input_dim")
    if shapes and sizes:
        raise ParseError("the network has both input_shape and input_dim", hint="keep one of them")
    if sizes:
        shapes = [sizes[start : start + 4] for start in range(0, len(sizes), 4)]
    if len(set(names)) != len(names):
        raise ParseError("two inputs of the network have one name")
    if shapes and len(shapes) != len(names):
        raise ParseError(f"the network names {len(names)} inputs, and gives the shapes of {len(shapes)}")
    return dict(zip(names, shapes or [()] * len(names), strict=True))
