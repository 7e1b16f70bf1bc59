"""The reference gives the numbers that were derived by hand."""

import numpy as np
import pytest
from snn.layers import MaxPool
from snn.neurons import Accumulate, IntegrateFire, SoftmaxFire
from snn.testing import golden, golden_layers, reference

CASES = {
    name: make
    for name, make in vars(golden_layers).items()
    if getattr(make, "__module__", "") == golden_layers.__name__ and not name.startswith("_") and name != "Golden"
}


def spike_steps(network, samples, duration_ms, dt_ms=1.0):
    """Return, for each neuron of the output, the steps in which it fires for the only sample."""
    trace = reference.simulate(network, golden.current([samples], duration_ms, dt_ms))
    return [np.flatnonzero(spikes).tolist() for spikes in trace.spikes["out"][:, 0].T]


def potentials(network, samples, duration_ms, dt_ms=1.0):
    trace = reference.simulate(network, golden.current([samples], duration_ms, dt_ms))
    return trace.potentials["out"][:, 0].T.tolist()


@pytest.mark.parametrize("name", CASES)
def test_each_layer_has_the_output_that_was_derived_by_hand_however_the_sample_enters(name):
    case = CASES[name]()
    entered = []
    for how, network, stimulus in golden.ways(case, golden.reading(case.layers, Accumulate)):
        trace = reference.simulate(network, stimulus)
        np.testing.assert_array_equal(trace.output[-1].reshape(case.output.shape), case.output, err_msg=how)
        entered.append(how)
    assert len(entered) == 4


def test_every_kind_of_operation_has_a_golden_layer():
    for kind, make in golden_layers.OF_KIND.items():
        assert any(type(layer) is kind for layer in make().layers)


def test_a_neuron_fires_in_the_step_in_which_it_meets_its_threshold():
    # 1/4, 2/4, 3/4, 4/4: fires in step 3, and again four steps later.
    assert spike_steps(golden.single(size=3), [0.25, 0.5, 1], 8) == [[3, 7], [1, 3, 5, 7], [*range(8)]]


def test_reset_by_subtraction_keeps_what_is_above():
    # 3/8, 6/8, 9/8 - 1 = 1/8, 4/8, 7/8, 10/8 - 1 = 2/8, 5/8
    network = golden.single(size=1, reset="subtract")
    assert spike_steps(network, [0.375], 7) == [[2, 5]]
    assert potentials(network, [0.375], 7) == [[0.375, 0.75, 0.125, 0.5, 0.875, 0.25, 0.625]]
    # One spike a step at most: 1.5 - 1, 2 - 1, 2.5 - 1.
    assert potentials(network, [1.5], 3) == [[0.5, 1, 1.5]]


def test_reset_to_zero_drops_what_is_above():
    network = golden.single(size=2, reset="zero")
    assert spike_steps(network, [0.375, 1.5], 7) == [[2, 5], [*range(7)]]
    assert potentials(network, [0.375, 1.5], 4) == [[0.375, 0.75, 0, 0.375], [0, 0, 0, 0]]


def test_reset_by_modulo_leaves_the_remainder():
    # 11/4 leaves 3/4; 14/4 leaves 2/4; 13/4 leaves 1/4; 12/4 leaves nothing.
    network = golden.single(size=1, reset="modulo")
    assert spike_steps(network, [2.75], 4) == [[0, 1, 2, 3]]
    assert potentials(network, [2.75], 4) == [[0.75, 0.5, 0.25, 0]]


@pytest.mark.parametrize(
    ("reset", "steps", "left"), [("subtract", [3, 4, 7, 8], 1.5), ("zero", [3, 7], 0), ("modulo", [3, 7], 0.5)]
)
def test_bursts_tell_the_resets_apart(reset, steps, left):
    # Subtraction: 11/4 - 1, 7/4 - 1, 3/4, 3/4, 14/4 - 1, 10/4 - 1; modulo: 3/4, then 14/4 leaves 2/4.
    assert spike_steps(golden.bursts(reset=reset), [0.25], 9) == [steps]
    assert potentials(golden.bursts(reset=reset), [0.25], 9)[0][-1] == left


def test_a_refractory_neuron_loses_what_comes_too_early():
    # 5/8, 10/8 - 1 = 2/8, lost, 7/8, 12/8 - 1 = 4/8, lost, 9/8 - 1 = 1/8, lost, 6/8, 11/8 - 1 = 3/8
    network = golden.single(size=1, refractory_ms=2.0)
    assert spike_steps(network, [0.625], 10) == [[1, 4, 6, 9]]
    assert potentials(network, [0.625], 10) == [[0.625, 0.25, 0.25, 0.875, 0.5, 0.5, 0.125, 0.125, 0.75, 0.375]]


def test_a_refractory_time_between_steps_is_rounded_up():
    assert spike_steps(golden.single(refractory_ms=2.5, reset="zero"), [4.0], 10) == [[0, 3, 6, 9]]


def test_a_refractory_time_of_whole_steps_is_not_lengthened_by_rounding():
    assert spike_steps(golden.single(refractory_ms=1.1, reset="zero"), [40.0], 3, dt_ms=0.1) == [[0, 11, 22]]


def test_a_leak_takes_from_positive_potentials_only_and_not_below_zero():
    # 3/8 - 1/8 a step; 1/16 - 1/8 a step from 1/2, down to zero; negative ones stay.
    network = golden.single(size=3, leak=0.125, initial=np.float32([0, 0.5, 0]), threshold=2.0)
    assert potentials(network, [0.375, -0.25, -0.25], 3) == [
        [0.25, 0.5, 0.75],
        [0.125, -0.125, -0.375],
        [-0.25, -0.5, -0.75],
    ]
    assert potentials(golden.single(leak=0.125, initial=np.float32(0.25)), [0.0], 3) == [[0.125, 0, 0]]


def test_an_initial_potential_counts_from_the_first_step():
    network = golden.single(size=2, initial=np.float32([0.5, -0.5]))
    assert spike_steps(network, [0.25, 0.5], 6) == [[1, 5], [2, 4]]


def test_an_accumulating_output_never_fires():
    assert potentials(golden.single(Accumulate, 2), [0.75, -3], 3) == [[0.75, 1.5, 2.25], [-3, -6, -9]]


def test_shorter_steps_shorten_currents_and_biases_but_not_spikes():
    trace = reference.simulate(golden.biased(), golden.current([[1]], 2, dt_ms=0.5))
    assert trace.potentials["first/fire"].ravel().tolist() == [10 / 16, 7 / 16, 4 / 16, 1 / 16]
    assert trace.spikes["first/fire"].ravel().tolist() == [0, 1, 1, 1]
    assert trace.output.ravel().tolist() == [1 / 8, 6 / 8, 11 / 8, 16 / 8]


def test_a_spike_crosses_the_whole_network_in_one_step():
    trace = reference.simulate(golden.chain(), golden.current([[1]], 3))
    assert trace.output.ravel().tolist() == [1, 2, 3]


def test_operations_are_spikes_times_fan_out_and_a_constant_first_layer_once():
    # The first layer has one multiply-add. The first neurons drive two synapses, the second and the third layer, the
    # second neurons one; so every step with spikes of both costs three.
    trace = reference.simulate(golden.chain(), golden.current([[1]], 3))
    assert trace.operations.ravel().tolist() == [4, 7, 10]


def test_spikes_of_the_input_are_operations_too():
    network = golden.single(size=2)
    trace = reference.simulate(network, golden.spikes_of(np.float32([[1, 0.5]])))
    assert trace.operations.ravel().tolist() == [1, 3, 4, 6]


def test_a_max_pool_lets_pass_what_the_largest_sum_grows_by():
    # Sums so far: 0 and 1, then 1 and 1, then 2 and 1, then 2 and 2: the largest grows in the first and third step.
    pool = MaxPool(name="pool", inputs=("x",), size=(2,), stride=(2,), padding=((0, 0),))
    case = golden_layers.Golden((pool,), np.zeros((1, 1, 2), np.float32), np.zeros((1, 1, 1), np.float32))
    _, network, plain = next(golden.ways(case, golden.reading(case.layers, Accumulate)))
    spikes = np.float32([[0, 1], [1, 0], [1, 0], [0, 1]]).reshape(4, 1, 1, 2)
    stimulus = golden.GivenSpikes(plain.samples, plain.numbers, plain.clock, spikes)
    assert reference.simulate(network, stimulus).output.ravel().tolist() == [1, 1, 2, 2]


def test_a_softmax_at_even_odds_fires_each_neuron_in_half_of_the_steps():
    trace = reference.simulate(golden.single(SoftmaxFire, 2), golden.current([[0, 0]], 1000))
    # 500 with a standard deviation of 16; five of those are 80.
    np.testing.assert_allclose(trace.output[-1, 0], 500, atol=80)


def test_batches_do_not_matter_to_the_reference():
    stimulus = golden.current(golden.images(3), 6)
    together = reference.simulate(golden.image(), stimulus)
    alone = reference.simulate(golden.image(), golden.current(golden.images(3)[1:2], 6))
    np.testing.assert_array_equal(alone.output[:, 0], together.output[:, 1])
    assert together.output.any()


def test_rates_of_rectifiers_are_their_values():
    trace = reference.simulate(golden.rectifiers(), golden.current([[0.3, 0.6, 0.9]], 2000))
    np.testing.assert_allclose(trace.output[-1, 0] / 2000, [0.4725, 0.165, 0], atol=3 / 2000)


def test_the_golden_spikes_have_the_counts_that_they_stand_for():
    stimulus = golden.spikes_of(np.float32([[0, 0.25, 0.5, 0.75, 1]]))
    assert stimulus.steps(0, 4).sum(axis=0).tolist() == [[0, 1, 2, 3, 4]]
    assert isinstance(golden.image().output, IntegrateFire)
