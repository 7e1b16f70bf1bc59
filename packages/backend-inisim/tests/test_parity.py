"""The rate engine gives the spike counts of the ancestor, SNN toolbox 0.6, on its golden network."""

from pathlib import Path

import numpy as np
import pytest
from snn.clock import Clock
from snn.encoding import ConstantCurrent
from snn.layers import AvgPool, Conv, Dense, Flatten, Input, Permute
from snn.network import Network
from snn.neurons import IntegrateFire
from snn.simulating import Record, Setup
from snn_backend_inisim.backend import IniSim

# golden/ancestor.npz: weights, three images and the ancestor's counts, cut from the reference data below.
SMALL = Path(__file__).parent / "golden" / "ancestor.npz"
REFERENCE = Path(__file__).parents[4] / "shared" / "reference" / "golden"
STEPS = 100
SCALES = {"input": 1.0, "conv1": 2.3927802729606755, "conv2": 9.268087946891818, "dense": 21.562338832855282}
KEYS = {"conv1": "conv2d", "conv2": "conv2d_1", "dense": "dense"}
COUNTS = {
    "conv1": "0Conv2D_24x24x16",
    "pool1": "1AveragePooling2D_12x12x16",
    "conv2": "2Conv2D_10x10x32",
    "pool2": "3AveragePooling2D_5x5x32",
    "dense": "5Dense_10",
}


def golden_network(arrays):
    """Return the ancestor's network: percentile-normalised, with neurons behind each pool too."""
    layers = [Input(name="input", shape=(1, 28, 28))]

    def scaled(name, before):
        weight = arrays[f"{KEYS[name]}/kernel"] * np.float32(SCALES[before] / SCALES[name])
        return {"weight": weight, "bias": arrays[f"{KEYS[name]}/bias"] / np.float32(SCALES[name])}

    def put(kind, name, **fields):
        layers.append(kind(name=name, inputs=(layers[-1].name,), **fields))

    def conv(name, before):
        both = scaled(name, before)
        both["weight"] = both["weight"].transpose(3, 2, 0, 1)
        put(Conv, f"{name}_z", **both, stride=(1, 1), padding=((0, 0), (0, 0)), dilation=(1, 1))
        put(IntegrateFire, name)

    def pool(name):
        put(AvgPool, f"{name}_z", size=(2, 2), stride=(2, 2), padding=((0, 0), (0, 0)))
        put(IntegrateFire, name)

    conv("conv1", "input")
    pool("pool1")
    conv("conv2", "conv1")
    pool("pool2")
    put(Permute, "channels_last", axes=(1, 2, 0))
    put(Flatten, "flat")
    both = scaled("dense", "conv2")
    put(Dense, "dense_z", weight=both["weight"].T, bias=both["bias"])
    put(IntegrateFire, "dense")
    return Network(tuple(layers), stage="spiking")


def assert_counts_agree(weights, images, counts):
    """At most one neuron-step in 100,000 may differ: the ancestor sums in another order."""
    clock = Clock(duration_ms=STEPS, dt_ms=1)
    stimulus = ConstantCurrent(images.transpose(0, 3, 1, 2), np.arange(len(images)), clock)
    setup = Setup(clock=clock, record=Record(counts=frozenset(COUNTS)))
    with IniSim().build(golden_network(weights), setup) as simulator:
        found = simulator.run(stimulus).counts
    for name, expected in counts.items():
        ours = found[name] if found[name].ndim == 2 else found[name].transpose(0, 2, 3, 1)
        difference = np.abs(ours - expected.astype(np.int64)).sum()
        assert expected.any()
        assert difference <= 1e-5 * STEPS * expected.size, name


def test_three_images_give_the_counts_of_the_ancestor():
    with np.load(SMALL) as data:
        arrays = dict(data)
    weights = {name.removeprefix("weights/"): array for name, array in arrays.items()}
    assert_counts_agree(weights, arrays["x"], {name: arrays[f"counts/{name}"] for name in COUNTS})


@pytest.mark.skipif(not REFERENCE.is_dir(), reason=f"the ancestor's golden data are not at {REFERENCE}")
def test_a_hundred_images_give_the_counts_of_the_ancestor():
    with (
        np.load(REFERENCE / "weights_plain.npz") as weights,
        np.load(REFERENCE / "x_test.npz") as images,
        np.load(REFERENCE / "golden_tmr_T100_first100.npz") as golden,
    ):
        counts = {name: golden[f"{key}/spike_count"] for name, key in COUNTS.items()}
        assert_counts_agree(dict(weights), images["arr_0"][:100], counts)
