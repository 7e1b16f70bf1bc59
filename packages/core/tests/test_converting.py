"""Neurons stand where activations were; what has no spiking form is refused, every layer named."""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
import pytest
from snn import converting
from snn import layers as op
from snn.clock import Clock
from snn.codes.rate import Rate
from snn.converting import convert
from snn.errors import ConversionError, ConversionWarning, SettingsError
from snn.neurons import Accumulate, IntegrateFire, SoftmaxFire
from snn.normalising import WeightBound
from snn.simplifying import simplify

from . import graphs

POOL = {"size": (2,), "stride": (2,), "padding": ((0, 0),)}


def small(*end):
    """Return a normalised network: convolution, rectifier, average, rectifier, dense, and ``end``."""
    layers = [
        graphs.conv("c", "in", np.ones((2, 1, 1))),
        graphs.relu("r", "c"),
        op.AvgPool(name="p", inputs=("r",), **POOL),
        op.Flatten(name="f", inputs=("p",)),
        graphs.dense("d", "f", np.ones((3, 4))),
        *end,
    ]
    return graphs.chain((1, 4), *layers, stage="normalised", provenance=("made",))


def kinds(network):
    return [(layer.name, layer.kind) for layer in network.layers]


START = [("in", "Input"), ("c", "Conv"), ("r", "IntegrateFire"), ("p", "AvgPool"), ("f", "Flatten"), ("d", "Dense")]
SOFTMAX = graphs.softmax("s", "d")


def test_outputs_integrate_by_default():
    assert kinds(convert(small())) == [*START, ("d/readout", "Accumulate")]
    assert convert(small()).output.inputs == ("d",)


@pytest.mark.parametrize("end", [SOFTMAX, graphs.relu("s", "d"), dataclasses.replace(SOFTMAX, function="linear")])
@pytest.mark.parametrize(("readout", "kind"), [("potential", Accumulate), ("spikes", IntegrateFire)])
def test_output_activation_becomes_the_readout(end, readout, kind):
    spiking = convert(small(end), readout=readout)
    assert kinds(spiking)[:-1] == START
    assert (type(spiking.output), spiking.output.name, spiking.output.inputs) == (kind, "s", ("d",))


def test_outputs_that_fire_are_neurons_like_the_others():
    spiking = convert(small(), Rate(initial=0.25, reset="zero", leak=0.5), readout="spikes")
    assert (spiking.output.name, spiking.output.reset, spiking.output.leak) == ("d/readout", "zero", 0.5)
    assert float(spiking["r"].initial) == 0.25


def test_softmax_fires_with_the_gain_of_the_normalised_softmax():
    spiking = convert(small(dataclasses.replace(SOFTMAX, gain=21.5)), readout="softmax")
    assert isinstance(spiking.output, SoftmaxFire)
    assert spiking.output.gain == 21.5


def test_softmax_readout_needs_a_softmax():
    with pytest.raises(ConversionError, match="layer 'd': the output is no softmax"):
        convert(small(), readout="softmax")


def test_neurons_follow_average_pools_where_asked():
    spiking = convert(small(), spiking_pools=True)
    assert kinds(spiking)[3:6] == [("p", "AvgPool"), ("p/neurons", "IntegrateFire"), ("f", "Flatten")]
    assert spiking["f"].inputs == ("p/neurons",)
    assert "neurons after average pools" in spiking.provenance[-1]


def test_every_reader_of_a_pool_reads_its_neurons():
    pool = op.AvgPool(name="p", inputs=("in",), **POOL)
    add = op.Add(name="a", inputs=("p", "p"), factors=np.ones(2))
    network = graphs.chain((1, 4), pool, add, op.Concat(name="out", inputs=("a", "p")), stage="normalised")
    spiking = convert(network, spiking_pools=True)
    assert spiking["a"].inputs == ("p/neurons", "p/neurons")
    assert spiking["out"].inputs == ("a", "p/neurons")


def test_pool_at_the_output_gets_the_readout_alone():
    network = graphs.chain((1, 4), op.AvgPool(name="p", inputs=("in",), **POOL), stage="normalised")
    assert kinds(convert(network, spiking_pools=True)) == [
        ("in", "Input"),
        ("p", "AvgPool"),
        ("p/readout", "Accumulate"),
    ]


def test_new_layers_get_names_that_are_free():
    layers = [graphs.relu("d/readout", "in"), graphs.dense("d", "d/readout", np.eye(2))]
    spiking = convert(graphs.chain((2,), *layers, stage="normalised"))
    assert [layer.name for layer in spiking.layers] == ["in", "d/readout", "d", "d/readout_"]


def test_all_layers_without_a_spiking_form_are_listed():
    layers = [
        op.Activation(name="one", inputs=("in",), function="tanh"),
        graphs.relu("fine", "one"),
        graphs.softmax("inner", "fine"),
        op.Activation(name="last", inputs=("inner",), function="sigmoid"),
    ]
    told = r"3 layers have no spiking form in code 'rate': 'one' \(tanh\), 'inner' \(softmax\), 'last' \(sigmoid\)"
    with pytest.raises(ConversionError, match=told) as caught:
        convert(graphs.chain((2,), *layers, stage="normalised"))
    assert "relu" in caught.value.hint


def test_norms_are_simplified_first():
    norm = op.BatchNorm(name="n", inputs=("in",), scale=np.ones(2), shift=np.ones(2))
    with pytest.raises(ConversionError, match="layer 'n' is a BatchNorm") as caught:
        convert(graphs.chain((2,), norm, stage="normalised"))
    assert "snn simplify" in caught.value.hint


def test_spiking_network_is_not_converted_again():
    with pytest.raises(ConversionError, match="spiking already"):
        convert(convert(small()))


def test_readout_must_go_with_the_code():
    class Mute(Rate):
        readouts = ("potential",)

    with pytest.raises(ConversionError, match="code 'rate' has no readout by spikes") as caught:
        convert(small(), Mute(), readout="spikes")
    assert "potential" in caught.value.hint


def test_network_that_is_not_normalised_is_warned_about():
    with pytest.warns(ConversionWarning, match="the network is parsed, not normalised: every value above 1 saturates"):
        convert(dataclasses.replace(small(), stage="parsed"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        convert(small())


def test_maximum_below_one_spike_a_step_is_refused():
    network = graphs.chain((2,), graphs.relu("low", "in", 0.5), stage="normalised")
    with pytest.raises(ConversionError, match="layer 'low': neurons cannot keep its maximum 0"):
        convert(network)
    assert convert(graphs.chain((2,), graphs.relu("one", "in", 1.0), stage="normalised")).stage == "spiking"


def test_clock_provenance_and_earlier_stages_are_kept():
    class Slow(Rate):
        def clock(self, network):
            return Clock(500, 0.5)

    parsed = graphs.chain(
        (2,), graphs.dense("d", "in", np.eye(2)), graphs.relu("r", "d"), graphs.dense("e", "r", np.eye(2))
    )
    normalised = WeightBound().normalise(simplify(parsed), None)
    spiking = convert(normalised, Slow())
    assert (spiking.stage, spiking.clock) == ("spiking", Clock(500.0, 0.5))
    assert spiking.provenance[-1] == "converted to code 'rate', readout by potential"
    assert spiking.provenance[:-1] == normalised.provenance
    assert spiking.analog["parsed"] is parsed
    assert spiking.analog["normalised"].layers == normalised.layers
    assert not spiking.analog["normalised"].analog, "no network inside a network inside a network"


@graphs.over_seeds(40)
def test_every_normalised_network_of_rectifiers_can_be_converted(seed):
    network = simplify(graphs.grow(seed, graphs.REWRITTEN, steps=12, end="softmax"))
    normalised = WeightBound().normalise(network, None)
    for readout in ("potential", "spikes", "softmax"):
        spiking = converting.convert(normalised, readout=readout, spiking_pools=bool(seed % 2))
        assert not any(isinstance(layer, op.Activation) for layer in spiking.layers)
        assert {name: spiking.shapes[name] for name in normalised.shapes} == normalised.shapes


def biased():
    """Return a normalised network whose second neurons have two biases before them, and its third a pool of one."""
    layers = [
        graphs.dense("d", "in", np.ones((2, 2)), [0.25, -0.5]),
        graphs.relu("r", "d"),
        graphs.dense("e", "r", np.eye(2), [1, 2]),
        graphs.dense("f", "d", np.eye(2), [0.5, 0]),
        op.Add(name="a", inputs=("e", "f"), factors=np.float32([0.5, 2])),
        graphs.relu("s", "a"),
        op.Reshape(name="g", inputs=("a",), shape=(1, 2)),
        op.AvgPool(name="p", inputs=("g",), **POOL),
        op.Flatten(name="h", inputs=("p",)),
        graphs.relu("t", "h"),
        op.Concat(name="c", inputs=("s", "t"), axis=0),
    ]
    return graphs.chain((2,), *layers, stage="normalised")


@pytest.mark.parametrize(("initial", "sign"), [("bias", 1), ("negative_bias", -1)])
def test_potentials_that_start_at_the_bias_take_all_that_is_constant(initial, sign):
    spiking = convert(biased(), Rate(initial=initial))
    # e and the sum of d and f, by factors 1/2 and 2: 1/2 + 2 (1/4 + 1/2) = 2, and 1 + 2 (-1/2 + 0) = 0; the mean is 1.
    expected = {"r": [0.25, -0.5], "s": [2, 0], "t": [1]}
    assert {name: (sign * spiking[name].initial).tolist() for name in expected} == expected
    assert spiking.provenance[-1] == f"potentials start at the {initial.replace('_', ' ')}"


def test_neurons_that_conversion_adds_start_at_their_bias_too():
    layers = [*small().layers[:-1], graphs.dense("d", "f", np.ones((3, 4)), [1, 2, 3])]
    network = dataclasses.replace(small(), layers=tuple(layers))
    spiking = convert(network, Rate(initial="bias"), readout="spikes", spiking_pools=True)
    assert spiking["d/readout"].initial.tolist() == [1, 2, 3]
    assert not spiking["p/neurons"].initial.any()


def test_random_potentials_are_below_the_threshold_and_follow_the_seed():
    network = graphs.chain((4000,), graphs.relu("r", "in"), graphs.relu("s", "r"), stage="normalised")
    first, again, other = (convert(network, Rate(initial="uniform"), readout="spikes", seed=seed) for seed in (1, 1, 2))
    values = first["r"].initial
    assert 0 <= values.min() < 0.01
    assert 0.99 < values.max() < 1
    assert abs(values.mean() - 0.5) < 0.02
    np.testing.assert_array_equal(values, again["r"].initial)
    assert not np.array_equal(values, other["r"].initial)
    assert not np.array_equal(values, first["s"].initial)


@pytest.mark.parametrize("initial", [2.0, -0.5, "biased", None])
def test_a_start_that_is_no_share_and_no_known_word_is_refused(initial):
    with pytest.raises(SettingsError, match="initial"):
        Rate(initial=initial)
