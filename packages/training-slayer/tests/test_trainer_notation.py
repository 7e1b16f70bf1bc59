"""The layer notation stands for the layers that it says."""

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from snn.errors import SettingsError
from snn.layers import Conv, Dense, Flatten
from snn.network import Network
from snn.response_neurons import SpikeResponse
from snn_training_slayer.trainer.notation import read


def neurons(name):
    return SpikeResponse(name=f"{name}/fire", inputs=(name,))


def layers(*words):
    return read(words, lambda _, shape: np.ones(shape, np.float32), neurons)


def network(*words):
    return Network(layers(*words).layers, stage="spiking")


def shapes(*words):
    found = network(*words)
    return [found.shapes[layer.name] for layer in found.layers if isinstance(layer, SpikeResponse)]


def test_the_input_is_width_by_height_by_channels_and_a_network_has_channels_first():
    found = network("34x30x2", "10")
    assert found.shapes["input"] == (2, 30, 34)
    assert found["dense1"].weight.shape == (10, 2 * 30 * 34)
    assert isinstance(found["dense1/flat"], Flatten)


def test_elements_alone_need_no_axes():
    assert [type(layer) for layer in network("784", "10").layers[1:]] == [Dense, SpikeResponse]


def test_convolutions_keep_the_size_and_the_z_changes_nothing():
    for word in ("16c5", "16c5z"):
        conv = network("34x34x2", word)["conv1"]
        assert (conv.weight.shape, conv.padding, conv.stride) == ((16, 2, 5, 5), ((2, 2), (2, 2)), (1, 1))
        assert shapes("34x34x2", word) == [(16, 34, 34)]


def test_options_of_a_convolution_follow_it():
    # (34 + 2 - 3 * 2 - 1) // 2 + 1 = 15 with a kernel of 4, a dilation of 2 and a padding of 1
    assert shapes("34x34x4", "8c4 stride=2 padding=1 dilation=2 groups=2") == [(8, 15, 15)]
    assert network("34x34x4", "8c4 groups=2")["conv1"].weight.shape == (8, 2, 4, 4)


def test_a_pool_sums_each_channel_and_pads_what_a_border_lacks():
    found = layers("5x4x3", "2a", "10")
    pool = found.layers[1]
    assert isinstance(pool, Conv)
    assert (pool.groups, pool.weight.shape, pool.padding) == (3, (3, 1, 2, 2), ((0, 0), (0, 1)))
    assert shapes("5x4x3", "2a") == [(3, 2, 3)]
    assert found.fixed == {"pool1"}


def test_neurons_follow_every_layer_and_names_count_the_kinds():
    names = [layer.name for layer in network("8x8x1", "4c3", "2a", "4c3", "20", "10").layers]
    assert [name for name in names if name.endswith("fire")] == [
        "conv1/fire", "pool1/fire", "conv2/fire", "dense1/fire", "dense2/fire",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        (), ("784",), ("784", "0"), ("784", "ten"), ("784", "16c5"), ("784", "2a"), ("8x8x1", "0a"), ("8x8x1", "0c3"),
        ("8x8x1", "4c0"), ("8x8x1", "4c3 stride=0"), ("8x8x1", "4c3 depth=2"), ("8x8x1", "10 stride=2"),
        ("8x8x3", "4c3 groups=2"), ("8x8x1", "4c15 padding=0"), ("0x8x1", "10"), ("8x8", "10"), ("10", ""),
        ("8x8x1", "10avg"), ("9999999", "9999999"),
    ],
)  # fmt: skip
def test_what_is_no_layer_is_refused_with_a_hint(words):
    with pytest.raises(SettingsError, match="layers") as caught:
        layers(*words)
    assert "docs/training.md" in caught.value.hint


@given(st.lists(st.from_regex(r"[0-9xcaz ]{1,8}", fullmatch=True), min_size=2, max_size=4))
def test_any_words_are_layers_or_one_error(words):
    def none(name, shape):
        size = int(np.prod([float(axis) for axis in shape]))
        return np.broadcast_to(np.float32(0), shape) if size > 10**6 else np.zeros(shape, np.float32)

    with contextlib.suppress(SettingsError):
        assert read(words, none, neurons).layers
