"""Networks of Loihi's own neurons run as they are, spike for spike as the plain meaning of the kind has it."""

import numpy as np
import pytest
from loihi_networks import RULE, trained
from snn.clock import Clock
from snn.errors import ConversionWarning, UnsupportedLayer
from snn.layers import Input
from snn.network import Network
from snn.response_neurons import CurrentBased
from snn.simulating import Record, Setup
from snn.testing import golden, reference
from snn_backend_loihi.backend import Loihi
from snn_backend_loihi.program import program


def run(network, stimulus, backend=None):
    names = frozenset(layer.name for layer in network.layers if isinstance(layer, CurrentBased))
    setup = Setup(stimulus.clock, Record(spikes=names, potentials=names), kind=stimulus.kind)
    with (backend or Loihi()).build(network, setup) as simulator:
        return simulator.run(stimulus), simulator.facts()


@pytest.mark.parametrize("seed", range(24))
def test_random_networks_have_the_spikes_and_potentials_of_the_plain_loop(seed):
    network, stimulus = trained(seed)
    assert Loihi().fit(network, None) is network
    found, facts = run(network, stimulus)
    expected = reference.simulate(network, stimulus)
    assert "wrapped_currents" not in facts
    for name, spikes in expected.spikes.items():
        np.testing.assert_array_equal(found.spikes[name].dense(40, 3, spikes.shape[2:]), spikes, err_msg=name)
        np.testing.assert_array_equal(found.potentials[name], expected.potentials[name], err_msg=name)


def test_a_weight_and_a_threshold_are_mantissas_of_the_chip():
    network, _ = trained(0, threshold=2560.0, current_decay=0.25, voltage_decay=0.03125, refractory_steps=1)
    found = program(network, Clock(40, 1), "spikes")
    group = found.compartments["fire1"]
    assert (group.threshold, group.current_decay, group.voltage_decay) == (40, 1023, 128)
    way = found.synapses[1]
    dense = network["weights1"].weight[way.post, way.pre]
    np.testing.assert_array_equal((way.mantissa << way.exponent) << 6, dense)
    assert np.abs(way.mantissa).max() <= 254
    assert not (way.mantissa % 2).any()


def test_currents_that_go_round_24_bits_are_warned_about_and_counted():
    # 255 * 2^7 * 64 = 2,088,960 a step and spike: five together are more than 2^23.
    one = golden.dense("weights", "input", np.full((1, 5), 255 * 2.0**13))
    fire = CurrentBased(name="out", inputs=("weights",), **{**RULE, "current_decay": 1.0, "voltage_decay": 0.0})
    network = Network((Input(name="input", shape=(5,)), one, fire), stage="spiking")
    spikes = np.ones((1, 1, 5), np.float32)
    stimulus = golden.GivenSpikes(np.zeros((1, 5), np.float32), np.zeros(1, np.int64), Clock(1, 1), spikes)
    with pytest.warns(ConversionWarning, match=r"'out': currents .* in 1 of 1 samples"):
        found, facts = run(network, stimulus)
    assert facts["wrapped_currents"] == {"out": 1}
    assert not found.output.any()


def test_potentials_that_end_at_24_bits_are_warned_about():
    # -254 * 2^7 * 64 = -2,080,768 a step: 4 times that is less than -(2^23 - 1), where it stays.
    weight = np.array([[-254 * 2.0**13, 2.0**13 * 2]])
    fire = CurrentBased(name="out", inputs=("weights",), **{**RULE, "current_decay": 1.0, "voltage_decay": 0.0})
    layers = Input(name="input", shape=(2,)), golden.dense("weights", "input", weight), fire
    spikes = np.ones((6, 1, 2), np.float32) * np.array([1, 0], np.float32)
    stimulus = golden.GivenSpikes(np.zeros((1, 2), np.float32), np.zeros(1, np.int64), Clock(6, 1), spikes)
    with pytest.warns(ConversionWarning, match=r"'out': potentials end at 24 bits.* in 1 of 1 samples"):
        found, _ = run(Network(layers, stage="spiking"), stimulus)
    assert found.potentials["out"].ravel()[3:].tolist() == [-8323072, -8388607, -8388607]


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"integer": False}, "integer"),
        ({"current_decay": 0.3}, "current_decay 0.3"),
        ({"current_decay": 0.0}, "current_decay 0"),
        ({"voltage_decay": 1.0}, "voltage_decay 1"),
        ({"threshold": 100.0}, "threshold 100"),
        ({"threshold": 2.0**23}, "threshold"),
    ],
)
def test_what_is_not_the_chips_is_refused_with_its_layer(fields, word):
    network, stimulus = trained(0, **fields)
    with pytest.raises(UnsupportedLayer, match=f"'fire0'.*{word}"):
        run(network, stimulus)


def test_lava_is_refused_where_neurons_pause():
    assert any("refractory" in problem.message for problem in Loihi(executor="lava").inspect(trained(0)[0]))
    assert not Loihi(executor="lava").inspect(trained(0, refractory_steps=1)[0])


def test_weights_of_more_bits_biases_and_constant_currents_are_refused_with_their_layer():
    network, stimulus = trained(0)

    def with_weight(change):
        return network.replace(
            golden.dense("weights1", "fire0", change(layer.weight)) if layer.name == "weights1" else layer
            for layer in network.layers
        )

    for change in (lambda w: w + 1, lambda w: w * 2**6, lambda w: w / 2**6, lambda w: np.where(w > 0, w * 33, w)):
        with pytest.raises(UnsupportedLayer, match=r"'fire1'.*'fire0' are not of eight bits"):
            run(with_weight(change), stimulus)
    biased = network.replace(
        golden.dense("weights1", "fire0", layer.weight, np.ones(10)) if layer.name == "weights1" else layer
        for layer in network.layers
    )
    with pytest.raises(UnsupportedLayer, match=r"'fire1'.*biases"):
        run(biased, stimulus)
    with pytest.raises(UnsupportedLayer, match=r"'fire0'.*constant currents"):
        run(network, golden.current(np.ones((1, 12)), 10))
