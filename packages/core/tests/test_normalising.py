"""Normalised networks keep the class of every sample, and their values are the old ones in other units."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from snn import analog, rescaling
from snn import layers as op
from snn.dataset import Dataset
from snn.errors import ConversionError, ConversionWarning, DataError
from snn.network import Network
from snn.normalising import Percentile, WeightBound, scaled_layers, warn_bound
from snn.simplifying import simplify

from . import graphs

GOLDEN = Path(__file__).parents[4] / "shared" / "reference" / "golden"


def data(network, count=40, seed=0):
    return Dataset(graphs.samples(network, count, seed), np.full(count, -1), "calibration")


def proportional(network, normalised, *, seed=99):
    """Compare the outputs on other samples: the same classes, and the same values but for one factor."""
    x = graphs.samples(network, 30, seed)
    wanted = analog.evaluate(network, x)[network.output.name].reshape(30, -1).astype(np.float64)
    found = analog.evaluate(normalised, x)[normalised.output.name].reshape(30, -1).astype(np.float64)
    size = np.abs(wanted).max()
    if not size or not np.abs(found).max():
        assert size == np.abs(found).max() == 0
        return
    factor = (wanted * found).sum() / (found * found).sum()
    assert factor > 0
    np.testing.assert_allclose(found * factor, wanted, atol=1e-4 * size)
    top = np.sort(wanted, axis=1)
    clear = top[:, -1] - top[:, -2] > 1e-3 * size if wanted.shape[1] > 1 else slice(None)
    np.testing.assert_array_equal(found.argmax(axis=1)[clear], wanted.argmax(axis=1)[clear])


NORMALISERS = [
    Percentile(),
    Percentile(per_channel=True),
    Percentile(percentile=80, ignore_zeros=True),
    Percentile(percentile=95, ignore_zeros=True, per_channel=True),
    WeightBound(),
]


@pytest.mark.parametrize("end", ["dense", "softmax", "none"])
@pytest.mark.parametrize("normaliser", NORMALISERS, ids=repr)
def test_classes_and_proportions_stay(normaliser, end):
    for seed in range(60):
        network = simplify(graphs.grow(seed, graphs.REWRITTEN, steps=4 + seed % 12, end=end))
        normalised = normaliser.normalise(network, data(network))
        assert normalised.stage == "normalised"
        assert normalised.analog["parsed"] is network.analog["parsed"]
        try:
            proportional(network, normalised)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}") from error


def rectified(network):
    return [layer.name for layer in network.layers if isinstance(layer, op.Activation) and layer.function == "relu"]


@graphs.over_seeds(60)
def test_rectified_values_are_at_most_one_where_the_maximum_is_the_scale(seed):
    network = simplify(graphs.grow(seed, graphs.REWRITTEN, steps=12))
    for per_channel in (False, True):
        normalised = Percentile(percentile=100, per_channel=per_channel).normalise(network, data(network))
        found = analog.evaluate(normalised, data(network).samples, rectified(normalised))
        for values in found.values():
            assert values.max() <= 1 + 1e-4


@graphs.over_seeds(60)
def test_bound_of_the_weights_is_never_exceeded(seed):
    network = simplify(graphs.grow(seed, graphs.REWRITTEN, steps=12))
    normalised = WeightBound().normalise(network, None)
    x = np.concatenate([graphs.samples(network, 20), np.round(graphs.samples(network, 20, 1))])
    for values in analog.evaluate(normalised, x, rectified(normalised)).values():
        assert values.max() <= 1 + 1e-4


def test_bound_of_the_weights_by_hand():
    # in 0..1: first (2 x1 - x2 + 0.5, -x1 - x2) is in (-0.5..2.5, -2..0), rectified (0..2.5, 0..0);
    # second 4 a - b + 1 is at most 11
    network = graphs.chain(
        (2,),
        graphs.dense("d", "in", [[2, -1], [-1, -1]], [0.5, 0]),
        graphs.relu("r", "d"),
        graphs.dense("e", "r", [[4, -1]], [1]),
        graphs.relu("out", "e"),
    )
    normalised = WeightBound().normalise(network, None)
    assert "scales: r 2.5, out 11" in normalised.provenance
    found = analog.evaluate(normalised, np.array([[1, 0]], np.float32), {"r", "out"})
    assert found["r"].max() == found["out"].max() == 1


def test_percentile_by_hand():
    # values 0.1 .. 1.0 times 3; the 50th percentile of ten values lies half way from the fifth to the sixth
    network = graphs.chain(
        (1,), graphs.dense("d", "in", [[3]], [0.6]), graphs.relu("r", "d"), graphs.dense("e", "r", [[2]], [1])
    )
    x = (np.arange(1, 11) / 10).astype(np.float32)[:, None]
    normalised = Percentile(percentile=50).normalise(network, Dataset(x, np.full(10, -1), "ten"))
    scale, out = 3 * 0.55 + 0.6, 2 * (3 * 0.55 + 0.6) + 1
    np.testing.assert_allclose(normalised["d"].weight, [[3 / scale]], rtol=1e-6)
    np.testing.assert_allclose(normalised["d"].bias, [0.6 / scale], rtol=1e-6)
    np.testing.assert_allclose(normalised["e"].weight, [[2 * scale / out]], rtol=1e-6)
    np.testing.assert_allclose(normalised["e"].bias, [1 / out], rtol=1e-6)
    assert normalised.provenance[-2] == "normalised at percentile 50, one scale a layer, on 10 samples of ten"
    assert normalised.provenance[-1] == "scales: r 2.25, e 5.5"


def test_scale_of_a_channel_by_hand():
    weight = np.array([[[1.0]], [[4.0]]], np.float32)
    network = graphs.chain(
        (1, 2), graphs.conv("c", "in", weight), graphs.relu("r", "c"), graphs.conv("out", "r", [[[3], [5]]])
    )
    x = np.ones((1, 1, 2), np.float32)
    normalised = Percentile(percentile=100, per_channel=True).normalise(network, Dataset(x, np.full(1, -1)))
    np.testing.assert_array_equal(normalised["c"].weight.ravel(), [1, 1])
    np.testing.assert_allclose(normalised["out"].weight.ravel(), [3 / 23, 20 / 23], rtol=1e-6)


def test_dead_layer_keeps_its_scale():
    network = graphs.chain(
        (2,),
        graphs.dense("d", "in", [[-1, -1]]),
        graphs.relu("dead", "d"),
        graphs.dense("out", "dead", [[1], [-1]], [2, 1]),
    )
    for normaliser in NORMALISERS:
        normalised = normaliser.normalise(network, data(network))
        assert any("scales: dead 1" in line for line in normalised.provenance)
        proportional(network, normalised)


def test_maximum_of_a_rectifier_goes_with_its_scale():
    network = graphs.chain(
        (1,), graphs.dense("d", "in", [[10]]), graphs.relu("r", "d", 6.0), graphs.dense("out", "r", [[1]])
    )
    for normaliser in NORMALISERS:
        normalised = normaliser.normalise(network, data(network, 400))
        assert normalised["r"].maximum >= 1 - 1e-6
        assert normalised["r"].maximum <= 6 / 4  # values from 0 to 10, cut at 6, have a percentile above 4
        proportional(network, normalised)


def branches(*middle, shape=(2, 4, 4)):
    """Return a network whose two rectifiers have very different scales, joined by ``middle`` into ``m``."""
    rng = np.random.default_rng(3)
    layers = [
        graphs.conv("a", "in", rng.normal(size=(2, 2, 1, 1)) * 100),
        graphs.relu("ra", "a"),
        graphs.conv("b", "in", rng.normal(size=(2, 2, 1, 1)) / 100),
        graphs.relu("rb", "b"),
        *middle,
    ]
    size = Network((op.Input(name="in", shape=shape), *layers)).shapes[middle[-1].name]
    flat = [op.Flatten(name="f", inputs=(middle[-1].name,))] if len(size) > 1 else []
    source = flat[0].name if flat else middle[-1].name
    dense = graphs.dense("out", source, rng.normal(size=(3, int(np.prod(size)))), rng.normal(size=3))
    return graphs.chain(shape, *layers, *flat, dense)


ADD = op.Add(name="m", inputs=("ra", "rb"), factors=np.array([1, 50]))
POOL = {"size": (2, 2), "stride": (2, 2), "padding": ((0, 0),) * 2}
TRANSPOSE = op.ConvTranspose(
    name="t",
    inputs=("m",),
    weight=np.random.default_rng(0).normal(size=(4, 1, 2, 2)),
    bias=np.ones(2),
    stride=(1, 1),
    padding=((0, 0),) * 2,
    dilation=(1, 1),
    groups=2,
)
CONCAT = op.Concat(name="m", inputs=("ra", "rb"), axis=0)
JOINED = {
    "sum": [ADD],
    "sum, rectified": [ADD, graphs.relu("r", "m")],
    "sum with the input": [op.Add(name="m", inputs=("ra", "rb", "in"), factors=np.array([1, 50, -1]))],
    "concat": [CONCAT],
    "concat along another axis": [op.Concat(name="m", inputs=("ra", "rb"), axis=1)],
    "concat, rectified": [CONCAT, graphs.relu("r", "m", 40.0)],
    "concat, pooled": [CONCAT, op.MaxPool(name="p", inputs=("m",), **POOL), graphs.relu("r", "p")],
    "concat, average": [CONCAT, op.AvgPool(name="p", inputs=("m",), **POOL)],
    "concat, padded and grown": [
        CONCAT,
        op.Pad(name="p", inputs=("m",), padding=((1, 0), (0, 0))),
        op.Upsample(name="u", inputs=("p",), factors=(2, 1)),
    ],
    "concat, flattened, rectified": [CONCAT, op.Flatten(name="x", inputs=("m",)), graphs.relu("r", "x")],
    "concat, permuted": [CONCAT, op.Permute(name="p", inputs=("m",), axes=(2, 0, 1)), graphs.relu("r", "p")],
    "concat, reshaped, convolved": [
        CONCAT,
        op.Reshape(name="x", inputs=("m",), shape=(2, 8, 4)),
        graphs.conv("c", "x", np.random.default_rng(1).normal(size=(2, 2, 2, 2))),
    ],
    "concat, in groups": [CONCAT, graphs.conv("c", "m", np.random.default_rng(1).normal(size=(4, 2, 2, 2)), groups=2)],
    "concat, transposed": [CONCAT, TRANSPOSE],
    "concat, affine": [
        CONCAT,
        op.Affine(name="x", inputs=("m",), scale=np.array([1, -2, 300, 4]), shift=np.ones((4, 4, 4))),
        graphs.relu("r", "x"),
    ],
    "concat of a concat": [CONCAT, op.Concat(name="n", inputs=("m", "in", "ra"), axis=0)],
    "linear, read twice": [
        ADD,
        graphs.conv("c", "m", np.random.default_rng(1).normal(size=(2, 2, 1, 1))),
        graphs.relu("r", "c"),
        op.Add(name="n", inputs=("c", "r"), factors=np.array([1, -1])),
    ],
}


@pytest.mark.parametrize("normaliser", NORMALISERS, ids=repr)
@pytest.mark.parametrize("joined", JOINED)
def test_branches_of_different_scale_stay_in_proportion(joined, normaliser):
    network = branches(*JOINED[joined])
    proportional(network, normaliser.normalise(network, data(network)))


def test_pool_before_its_rectifier_takes_the_scale_of_the_rectifier():
    pool = op.MaxPool(name="p", inputs=("c",), size=(2,), stride=(2,), padding=((0, 0),))
    network = graphs.chain(
        (1, 4), graphs.conv("c", "in", [[[4]]]), pool, graphs.relu("r", "p"), op.Flatten(name="out", inputs=("r",))
    )
    normalised = WeightBound().normalise(network, None)
    assert [layer.kind for layer in normalised.layers] == [layer.kind for layer in network.layers], "no layer put in"
    assert normalised["c"].weight.ravel() == [1]


@pytest.mark.parametrize("end", ["relu", "flatten", "concat", "pool"])
def test_output_of_many_channels_has_one_scale(end):
    weight = np.array([[[[1.0]]], [[[30.0]]], [[[3.0]]]], np.float32)
    layers = [graphs.conv("c", "in", weight, [0.5, 0, 10]), graphs.relu("r", "c")]
    if end == "flatten":
        layers.append(op.Flatten(name="f", inputs=("r",)))
    elif end == "concat":
        layers += [graphs.conv("d", "in", weight / 9), graphs.relu("s", "d"), op.Concat(name="m", inputs=("r", "s"))]
    elif end == "pool":
        layers.append(op.AvgPool(name="p", inputs=("r",), size=(1, 1), stride=(2, 2), padding=((0, 0),) * 2))
    network = graphs.chain((1, 1, 1), *layers)
    for normaliser in NORMALISERS:
        proportional(network, normaliser.normalise(network, data(network)))


def test_softmax_stays_the_same_function():
    network = graphs.chain((3,), graphs.dense("d", "in", 9 * np.eye(3)), graphs.softmax("out", "d"))
    for normaliser in NORMALISERS:
        normalised = normaliser.normalise(network, data(network))
        x = graphs.samples(network, 5, 9)
        np.testing.assert_allclose(analog.evaluate(normalised, x)["out"], analog.evaluate(network, x)["out"], rtol=1e-4)


def test_layers_that_get_a_scale_are_the_rectifiers_and_the_output():
    network = graphs.chain(
        (2,), graphs.dense("d", "in", np.eye(2)), graphs.relu("r", "d"), graphs.dense("e", "r", np.eye(2))
    )
    assert scaled_layers(network) == {"r": "r", "e": "e"}
    soft = graphs.chain((2,), *network.layers[1:], graphs.softmax("s", "e"))
    assert scaled_layers(soft) == {"r": "r", "s": "e"}


def test_percentile_without_samples_asks_for_them():
    network = graphs.chain((2,), graphs.relu("r", "in"))
    for nothing in (None, Dataset(np.zeros((0, 2)), np.zeros(0, int))):
        with pytest.raises(DataError, match="needs calibration samples") as caught:
            Percentile().normalise(network, nothing)
        assert "--calibrate" in caught.value.hint


def test_scales_do_not_depend_on_batches(monkeypatch):
    network = simplify(graphs.grow(5, graphs.REWRITTEN, steps=12))
    notes = []
    for size in (1, 7, 100):
        monkeypatch.setattr(analog, "BATCH", size)
        notes.append(Percentile(percentile=90).normalise(network, data(network)).provenance[-1])
    assert len(set(notes)) == 1


def test_progress_runs_from_start_to_end():
    network = graphs.chain((2,), graphs.relu("r", "in"))
    told = []
    Percentile().normalise(network, data(network, 250), told.append)
    assert [progress.done for progress in told] == [100, 200, 250, 350, 450, 500]
    assert {progress.total for progress in told} == {500}


def test_bound_too_large_for_float32_is_told():
    layers = [graphs.dense(f"d{n}", f"d{n - 1}" if n else "in", [[1e20]]) for n in range(3)]
    with pytest.raises(ConversionError, match="layer 'd2': the bound of its values is too large"):
        WeightBound().normalise(graphs.chain((1,), *layers), None)


def test_values_too_large_for_float32_are_told_with_the_layer():
    network = graphs.chain(
        (1,), graphs.dense("d", "in", [[3e38]]), graphs.relu("r", "d"), graphs.dense("e", "r", [[9]])
    )
    with pytest.raises(ConversionError, match="layer 'e': its values on calibration are too large for float32"):
        Percentile().normalise(network, data(network))


def test_warning_of_a_bound_counts_the_layers():
    with pytest.warns(ConversionWarning, match="the scales of 1 layers are bounds"):
        warn_bound(graphs.chain((2,), graphs.relu("r", "in")))


def test_units_are_exact_for_powers_of_two():
    network = graphs.chain(
        (1,), graphs.dense("d", "in", [[3]], [1]), graphs.relu("r", "d"), graphs.dense("out", "r", [[5]], [2])
    )
    layers = rescaling.rescale(network, {"r": np.asarray(4.0), "out": np.asarray(8.0)})
    named = {layer.name: layer for layer in layers}
    assert (named["d"].weight, named["d"].bias) == (0.75, 0.25)
    assert (named["out"].weight, named["out"].bias) == (2.5, 0.25)


@pytest.mark.skipif(not GOLDEN.exists(), reason="the ancestor's golden run is not part of the repository")
def test_ancestors_scales_are_found():
    keras = pytest.importorskip("snn_frontend_keras.frontend", reason="snn-frontend-keras reads the golden model")
    pytest.importorskip("h5py", reason="the golden model is an .h5 file")
    network = keras.Keras().parse(GOLDEN / "mnist5k_cnn.h5")
    layers = [*network.layers]
    layers[-1] = graphs.relu(layers[-1].name, *layers[-1].inputs)  # the golden run has a rectifier for the softmax
    network = simplify(network.replace(layers))
    with np.load(GOLDEN / "x_norm.npz") as arrays:
        x = arrays["arr_0"]
    x = (
        x
        if x.shape[1:] == network.shapes[network.input.name]
        else x.transpose(0, *(a + 1 for a in network.input.layout))
    )
    normalised = Percentile(ignore_zeros=True).normalise(network, Dataset(x, np.full(len(x), -1)))
    told = normalised.provenance[-1].removeprefix("scales: ").split(", ")
    found = [float(entry.split()[-1]) for entry in told]
    np.testing.assert_allclose(found, [2.3927802729606755, 9.268087946891818, 21.562338832855282], rtol=1e-4)
