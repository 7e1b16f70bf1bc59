"""What `fit` makes of a network: numbers that are Loihi's, and how far they are off."""

import dataclasses

import loihi_networks as networks
import numpy as np
import pytest
from snn import layers as op
from snn.clock import Clock
from snn.dataset import Dataset
from snn.errors import UnsupportedLayer
from snn.network import Network
from snn.neurons import Accumulate, IntegrateFire
from snn.simulating import Record, Setup
from snn.testing import golden, reference
from snn_backend_inisim.backend import IniSim
from snn_backend_loihi.backend import Loihi
from snn_backend_loihi.program import program
from snn_backend_loihi.quantise import quantise
from snn_backend_loihi.thresholds import Wishes


def behind(weight, *, bias=None, threshold=1.0, kind=IntegrateFire):
    """Return neurons behind neurons, which have ``weight`` from them."""
    weight = np.array(weight, np.float32)
    bias = np.zeros(len(weight), np.float32) if bias is None else np.array(bias, np.float32)
    fields = {"threshold": threshold} if kind is IntegrateFire else {}
    layers = (
        op.Input(name="input", shape=weight.shape[1:]),
        IntegrateFire(name="first", inputs=("input",)),
        op.Dense(name="dense", inputs=("first",), weight=weight, bias=bias),
        kind(name="out", inputs=("dense",), **fields),
    )
    return Network(layers, stage="spiking")


def samples(values):
    array = np.array(values, np.float32)
    return Dataset(array, np.full(len(array), -1))


def fitted(network, data=None, **wishes):
    return quantise(network, data, Wishes(**wishes))[0]


def integers(network, name="out", clock=None):
    """Return the compartments of a layer and the mantissas and the exponent of its synapses."""
    found = program(network, clock or Clock(10, 1), "current")
    (way,) = [way for way in found.synapses if way.target == name]
    return found.compartments[name], way.mantissa.tolist(), way.exponent


def test_the_largest_weight_of_both_signs_becomes_254_and_others_even():
    """0.5 is 254; 0.1 is 50.8, and 50 is nearest of the even; -0.3 is -152.4, and -152."""
    _, mantissa, _ = integers(fitted(behind([[0.5, 0.1, -0.3]])))
    assert mantissa == [254, 50, -152]


@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_weight_of_one_sign_becomes_255(sign):
    """0.1 is 51 of 255."""
    _, mantissa, _ = integers(fitted(behind([[sign * 0.5, sign * 0.1]])))
    assert mantissa == [sign * 255, sign * 51]


def test_the_threshold_is_in_the_units_of_the_weights_and_one_lower():
    """With 0.5 at 254 * 2^e, a threshold of 1 is 508 * 2^e, and 2^12 is the most: e is 3. It is 4064, and so 4063."""
    network = fitted(behind([[0.5, -0.5]], bias=[1 / 4064]))
    group, _, exponent = integers(network)
    assert (group.threshold, exponent) == (4063, 3)
    assert (group.bias_mantissa.tolist(), group.bias_exponent.tolist()) == ([1], [6])


def test_a_small_bias_makes_units_no_finer_than_needed():
    """Without biases, 508 * 2^3 and 254 * 2^3 are 2 and 1 in units of 2032; the weight has what is left."""
    group, mantissa, exponent = integers(fitted(behind([[0.5, -0.5]])))
    assert mantissa[0] << exponent == group.threshold + 1 - (mantissa[0] << exponent)


def test_a_bias_of_more_than_4095_units_is_even():
    """With 0.5 at 254 * 2^3, 1.251 is 5,084 of 4,064 and 1.2513 is 5,085.3, which becomes 5,086, or 2,543 * 2^7."""
    group, _, _ = integers(fitted(behind([[0.5, -0.5]], bias=[1.2513])))
    unit = 4064 // (group.threshold + 1)
    assert (group.bias_mantissa[0] << group.bias_exponent[0]) * unit == 5086 << 6


def test_fitted_numbers_have_the_size_that_they_had():
    network = fitted(behind([[0.5, -0.2]], bias=[0.25]))
    factor = network["out"].threshold
    assert 1 <= factor < 2
    np.testing.assert_allclose(network["dense"].weight / factor, [[0.5, -0.2]], atol=0.5 / 127)
    np.testing.assert_allclose(network["dense"].bias / factor, [0.25], atol=0.5 / 4000)


def test_a_potential_that_is_read_out_keeps_its_size():
    network = fitted(behind([[0.5, -0.2]], kind=Accumulate), samples([[1.0, 0.0]]))
    assert network["dense"].weight[0, 0] == 0.5


def test_weights_above_the_percentile_become_as_large_as_it():
    """The median of 1, 2, 3, 4 and 100 is 3: what is above saturates at 255, and 1 is 85."""
    network = fitted(behind(np.array([[1, 2, 3, 4, 100]]) / 8), weight_percentile=50.0)
    _, mantissa, _ = integers(network)
    assert mantissa == [85, 170, 255, 255, 255]


def test_thresholds_are_the_wished_share_of_what_neurons_are_given():
    """Given 0.5 at most, neurons get a threshold of 0.5 * 2; their spikes are worth as much more or less."""
    data = samples([[0.5, 0.25], [0.25, 0.5]])
    network = fitted(behind([[0.5, 0.25]]), data, threshold_to_input_ratio=2.0, percentile=100.0)
    plain = fitted(behind([[0.5, 0.25]]), data)
    first = network["first"].threshold / plain["first"].threshold
    assert first == pytest.approx(1.0, rel=1e-2)  # 0.5 * 2 is what it was
    # behind it, 0.5 * 0.5 + 0.25 * 0.25 = 0.3125 is given at most, so 0.625
    ratio = network["out"].threshold / network["dense"].weight[0, 0] * 0.5
    assert ratio == pytest.approx(0.625, rel=5e-3)


def test_rates_that_end_at_one_spike_a_step_lower_the_thresholds_behind():
    """Given 3 and a threshold of half that, a neuron fires once a step, worth 1.5, or twice without an end.

    Behind a weight of 0.5 that is 0.75, or 1.5, and half of it the threshold there.
    """
    network, data = behind([[0.5]]), samples([[3.0]])
    for saturation, given in ((True, 0.75), (False, 1.5)):
        wishes = {"threshold_to_input_ratio": 0.5, "percentile": 100.0, "saturation": saturation}
        found = fitted(network, data, **wishes)
        ratio = found["out"].threshold / found["dense"].weight[0, 0] * 0.5 * 1.5  # the worth of a spike, in the weight
        assert ratio == pytest.approx(0.5 * given, rel=5e-3)


def test_what_rounding_did_is_told_layer_by_layer():
    """0.1 of 0.5 is 50.8 of 254, which becomes 50; 0.5 and -0.3 (152.4) are off by 0 and 0.4 of 254ths of a half."""
    network, told = quantise(behind([[0.5, 0.1, -0.3]]), None, Wishes())
    off = np.sqrt((0.8**2 + 0.4**2) / (254**2 + 50.8**2 + 152.4**2))
    assert told[-1].weights == pytest.approx(off, rel=1e-4)
    assert "layer 'out' on Loihi: weights up to 254" in network.provenance[-1]


@pytest.mark.parametrize("make", [networks.dense, networks.conv])
@pytest.mark.parametrize("reset", ["subtract", "zero"])
@pytest.mark.parametrize("seed", range(6))
def test_inis_engine_gives_the_same_spikes_for_a_fitted_network(make, reset, seed):
    network = make(seed, reset=reset)
    stimulus = networks.spikes(network, seed, share=0.15)  # more takes some potentials below what 24 bits hold
    network = fitted(network, samples(np.random.default_rng(seed).random((20, *network.shapes["input"]))))
    ours = networks.record(network, stimulus)
    names = frozenset(ours.potentials)
    setup = Setup(clock=stimulus.clock, record=Record(spikes=frozenset(ours.spikes), potentials=names), kind="spikes")
    with IniSim().build(network, setup) as simulator:
        theirs = simulator.run(stimulus)
    for name, events in ours.spikes.items():
        assert len(events.neuron)
        np.testing.assert_array_equal(events.step, theirs.spikes[name].step, err_msg=name)
        np.testing.assert_array_equal(events.neuron, theirs.spikes[name].neuron, err_msg=name)
    for name in names:
        np.testing.assert_array_equal(ours.potentials[name], theirs.potentials[name], err_msg=name)
    np.testing.assert_allclose(ours.operations, theirs.operations)


def test_a_current_is_rounded_to_units_of_the_first_layer():
    """Each step's current is off by half a unit at most, 1 of 4,080 thresholds with weights of 1; 40 steps make 1 %."""
    network = fitted(golden.single(size=3))
    stimulus = golden.current([[0.1234, 0.777, 0.5]], 40)
    expected = reference.simulate(network, stimulus)
    found = networks.record(network, stimulus)
    off = np.abs(found.output - expected.output)
    assert off.max() <= 1
    assert (off > 0).mean() < 0.05


def branches(**fields):
    """Return layers that are more than one layer of weights between neurons."""
    plain = {"stride": (1, 1), "dilation": (1, 1), "padding": ((1, 1), (1, 1))}
    draw = np.random.default_rng(0)

    def conv(name, source):
        weight = draw.normal(0, 0.2, (2, 2, 3, 3)).astype(np.float32)
        return op.Conv(name=name, inputs=(source,), weight=weight, bias=np.full(2, 0.01, np.float32), **plain)

    return Network(
        (
            op.Input(name="input", shape=(2, 6, 6)),
            IntegrateFire(name="first", inputs=("input",)),
            conv("a", "first"),
            IntegrateFire(name="a/fire", inputs=("a",)),
            conv("b", "a/fire"),
            op.Add(name="sum", inputs=("b", "first"), factors=np.array([0.7, 0.4], np.float32)),
            IntegrateFire(name="sum/fire", inputs=("sum",)),
            op.AvgPool(name="pool", inputs=("sum/fire",), size=(3, 3), stride=(1, 1), padding=((1, 1), (1, 1))),
            conv("c", "pool"),
            IntegrateFire(name="c/fire", inputs=("c",)),
            op.Flatten(name="flatten", inputs=("c/fire",)),
            golden.dense("last", "flatten", draw.normal(0, 0.2, (3, 72))),
            Accumulate(name="out", inputs=("last",)),
        ),
        stage="spiking",
    )


def test_sums_and_pools_between_weights_are_as_good():
    """Sums keep their places; a pool before a convolution becomes one dense layer with it."""
    network = branches()
    stimulus = networks.spikes(network, 1, steps=60)
    found = fitted(network, samples(np.random.default_rng(1).random((10, 2, 6, 6))))
    assert isinstance(found["sum"], op.Add)
    assert "c/fire/loihi" in found
    expected, ours = reference.simulate(network, stimulus), networks.record(found, stimulus)
    rates = ours.spikes["sum/fire"].dense(60, 3, (2, 6, 6)).mean(axis=0)
    np.testing.assert_allclose(rates, expected.spikes["sum/fire"].mean(axis=0), atol=2.5 / 60)
    np.testing.assert_array_equal(ours.output, reference.simulate(found, stimulus).output)


def _reading_the_pool(layer):
    return dataclasses.replace(layer, inputs=("pool",)) if layer.name == "grouped" else layer


def test_what_would_be_too_large_a_dense_layer_is_refused_by_name():
    kept = ("conv", "conv/fire", "pool", "grouped", "grouped/fire")
    layers = [_reading_the_pool(layer) for layer in networks.conv(0).layers if layer.name in kept]
    wide = Network((op.Input(name="input", shape=(2, 60, 80)), *layers), stage="spiking")
    with pytest.raises(UnsupportedLayer, match="layer 'grouped/fire': what is before it is no single layer of weigh"):
        Loihi().check(wide)


def test_a_network_that_is_not_fitted_is_refused_by_name():
    network = networks.dense(0)
    with pytest.raises(UnsupportedLayer, match=r"layer 'out': its weights from 'one/fire' are not of eight bits"):
        Loihi().build(network, Setup())


def test_biases_that_longer_steps_than_fitted_for_make_too_large_are_told_with_their_size():
    """The coarsest units have 254 for a weight of 0.5, so 508 for a threshold; of 25 thresholds 4,510 are too many."""
    network = fitted(behind([[0.5, -0.5]], bias=[0.25]))
    with pytest.warns(UserWarning, match=r"layer 'out': in steps of 100 ms its biases are off by up to 8\.9 thr"):
        Loihi().build(network, Setup(clock=Clock(1000, 100))).close()
