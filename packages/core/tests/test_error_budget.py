"""The error budget of a layer: four parts that sum to the deviation, neuron by neuron."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from snn import layers as op
from snn.clock import Clock
from snn.encoding import ConstantCurrent
from snn.measures.error_budget import error_budget, mean_inputs
from snn.measures.gathering import Gathering
from snn.measures.layer import PARTS
from snn.measures.references import Reference, activations, references
from snn.measures.values import record, values
from snn.network import Network
from snn.neurons import Accumulate, FewSpike, FirstSpike, IntegrateFire, SoftmaxFire
from snn.simulating import Recording
from snn.testing import golden_measures, reference

from . import graphs

RELU = Reference("z", "relu")


def recorded(network, stimulus):
    """Return what the plain step loop makes of ``stimulus``, as a simulator would record it."""
    trace = reference.simulate(network, stimulus)
    counts = {name: spikes.sum(axis=0).astype(np.int64) for name, spikes in trace.spikes.items()}
    return Recording(trace.output, counts={name: counts[name] for name in record(network).counts})


def budget(layer, activation, mean_input, value, clock, wanted=RELU):
    """Return the parts of one neuron."""
    parts = error_budget(
        layer, wanted, *(np.array([[float(number)]]) for number in (activation, mean_input, value)), clock
    )
    return {part: float(array[0, 0]) for part, array in parts.items()}


@pytest.mark.parametrize("case", golden_measures.BUDGETS, ids=lambda case: case.__name__)
def test_golden_network_has_one_part_and_no_other(case):
    golden = case()
    gathering = Gathering(golden.network, golden.stimulus.clock, samples=1, compared=1)
    gathering.add(0, golden.stimulus.samples, golden.entry, recorded(golden.network, golden.stimulus))
    *others, out = gathering.layers()
    assert out.value == pytest.approx(golden.value, abs=1e-12)
    assert out.deviation.mean == pytest.approx(golden.amount, abs=1e-12)
    for part in PARTS:
        expected = golden.amount if part == golden.part else 0
        assert out.budget[part].mean == pytest.approx(expected, abs=1e-12), part
        assert out.budget[part].mean_absolute == pytest.approx(abs(expected), abs=1e-12), part
    for layer in others:
        assert layer.deviation.mean_absolute == pytest.approx(0, abs=1e-12)
        assert all(layer.budget[part].mean_absolute == pytest.approx(0, abs=1e-12) for part in PARTS)


@graphs.over_seeds(25)
def test_parts_sum_to_the_deviation_neuron_by_neuron(seed):
    network, clock = graphs.grow(seed, graphs.SPIKING), Clock(20, 0.5)
    draw = np.random.default_rng(seed)
    entry = draw.random((3, *network.shapes[network.input.name]))
    neurons = [layer for layer in network.layers if isinstance(layer, IntegrateFire)]
    given = {layer.name: draw.integers(0, 41, (3, *network.shapes[layer.name])) / 20 for layer in neurons}
    inputs = mean_inputs(network, entry, given)
    for layer in neurons:
        activation = draw.random(given[layer.name].shape) * 2
        parts = error_budget(layer, RELU, activation, inputs[layer.name], given[layer.name], clock)
        np.testing.assert_allclose(sum(parts.values()), given[layer.name] - activation, atol=1e-9)


def test_relu_of_the_mean_input_less_the_activation_is_inherited():
    neuron = IntegrateFire(name="n", inputs=("z",))
    assert budget(neuron, 0.5, -0.25, 0, Clock(8, 1))["inherited"] == -0.5
    assert budget(neuron, 0.5, 0.75, 0.75, Clock(8, 1)) == {
        "inherited": 0.25, "clipping": 0, "quantisation": 0, "unevenness": 0,
    }  # fmt: skip


def test_activation_that_ends_at_a_maximum_is_not_clipped_there():
    relu1 = Reference("z", "relu", maximum=1.0)
    parts = budget(IntegrateFire(name="n", inputs=("z",)), 1, 1.5, 1, Clock(8, 1), relu1)
    assert parts == {"inherited": 0, "clipping": 0, "quantisation": 0, "unevenness": 0}


def test_largest_value_is_one_spike_a_step_whatever_the_step():
    # steps of half a millisecond hold 2 spikes a millisecond: 1.75 is kept, 2.5 is not
    neuron = IntegrateFire(name="n", inputs=("z",))
    assert budget(neuron, 1.75, 1.75, 1.75, Clock(8, 0.5))["clipping"] == 0
    assert budget(neuron, 2.5, 2.5, 2, Clock(8, 0.5))["clipping"] == -0.5


def test_refractory_time_is_a_lower_ceiling():
    # a spike takes two steps: at most 5 in 10 steps; an input of 1 fires in steps 1, 3, 5, 7, 9
    neuron = IntegrateFire(name="n", inputs=("z",), refractory_ms=2)
    parts = budget(neuron, 1, 1, 0.5, Clock(10, 1))
    assert parts == {"inherited": 0, "clipping": -0.5, "quantisation": 0, "unevenness": 0}


def test_what_a_reset_to_zero_throws_away_is_quantisation():
    # 0.75 a step: 0.75, 1.5 fires, and again; every second step, 4 spikes in 8 steps instead of 6
    neuron = IntegrateFire(name="n", inputs=("z",), reset="zero")
    parts = budget(neuron, 0.75, 0.75, 0.5, Clock(8, 1))
    assert parts == {"inherited": 0, "clipping": 0, "quantisation": -0.25, "unevenness": 0}


def test_what_leaks_is_quantisation_too():
    # 0.5 - 0.25 a step: fires in steps 4 and 8 instead of 2, 4, 6 and 8
    neuron = IntegrateFire(name="n", inputs=("z",), leak=0.25)
    assert budget(neuron, 0.5, 0.5, 0.25, Clock(8, 1))["quantisation"] == -0.25


def test_sum_that_float32_rounds_belongs_to_whatever_side_the_neuron_took():
    neuron, clock = IntegrateFire(name="n", inputs=("z",)), Clock(10, 1)
    almost = 0.3 - 1e-9
    for value in (0.2, 0.3):
        assert budget(neuron, almost, almost, value, clock)["unevenness"] == pytest.approx(0, abs=1e-12)
    assert budget(neuron, almost, almost, 0.4, clock)["unevenness"] == pytest.approx(0.2)
    assert budget(neuron, 0.3, 0.3, 0.2, clock)["unevenness"] == pytest.approx(-0.1)  # 3 whole spikes: nothing rounds


def test_few_spikes_are_never_uneven():
    # 2 planes, scale 3: values 0, 1, 2, 3; 1.4 is rounded to 1, 3.5 cut off at 3
    neuron = FewSpike(name="n", inputs=("z",), planes=2, scale=3.0)
    near = budget(neuron, 1.4, 1.4, 1, Clock(4, 1))
    assert near == {"inherited": 0, "clipping": 0, "quantisation": pytest.approx(-0.4), "unevenness": 0}
    assert budget(neuron, 3.5, 3.5, 3, Clock(4, 1))["clipping"] == -0.5


def test_first_spikes_are_quantised_to_whole_steps_and_lost_after_the_last():
    # 0.3 reaches 1 within the fourth step: 1/4; 0.1 would need ten steps, of which there are eight
    neuron = FirstSpike(name="n", inputs=("z",))
    assert budget(neuron, 0.3, 0.3, 0.25, Clock(8, 1))["quantisation"] == pytest.approx(-0.05)
    assert budget(neuron, 0.1, 0.1, 0, Clock(8, 1))["quantisation"] == pytest.approx(-0.1)
    assert budget(neuron, 0.3, 0.3, 0.5, Clock(8, 1))["unevenness"] == 0.25


def test_spikes_at_random_have_no_parts():
    softmax = Reference("z", "softmax")
    one = np.ones((1, 2))
    assert error_budget(SoftmaxFire(name="n", inputs=("z",)), softmax, one, one, one, Clock(4, 1)) is None


def test_references_are_found_behind_activations_pools_and_a_readout():
    normalised = Network(
        (
            op.Input(name="in", shape=(1, 2)),
            graphs.conv("c", "in", np.ones((1, 1, 1))),
            graphs.relu("r", "c", maximum=6.0),
            op.AvgPool(name="p", inputs=("r",), size=(2,), stride=(2,), padding=((0, 0),)),
            op.Flatten(name="f", inputs=("p",)),
            graphs.dense("d", "f", [[1.0], [-1.0]]),
        ),
        stage="normalised",
    )
    fire = {name: IntegrateFire(name=name, inputs=(source,)) for name, source in (("r", "c"), ("p/neurons", "p"))}
    spiking = Network(
        (*normalised.layers[:2], fire["r"], normalised["p"], fire["p/neurons"],
         op.Flatten(name="f", inputs=("p/neurons",)), normalised["d"], Accumulate(name="d/readout", inputs=("d",))),
        stage="spiking", analog={"normalised": normalised},
    )  # fmt: skip
    found = references(spiking)
    assert found == {
        "r": Reference("c", "relu", 6.0), "p/neurons": Reference("p", "relu"), "d/readout": Reference("d", "linear"),
    }  # fmt: skip
    given = activations(spiking, found, np.array([[[8.0, 2.0]]], np.float32))
    assert {name: array.reshape(-1).tolist() for name, array in given.items()} == {
        "r": [6, 2], "p/neurons": [4], "d/readout": [4, -4],
    }  # fmt: skip


def test_potential_of_an_output_that_only_sums_is_what_entered_on_average():
    network = graphs.chain((1,), graphs.dense("d", "in", [[0.5]]), Accumulate(name="out", inputs=("d",)))
    found = values(network, Clock(4, 0.5), Recording(np.array([[[0.5]], [[3.0]]], np.float32)))
    np.testing.assert_allclose(found["out"], [[3.0 / 4]])


@graphs.over_seeds(40)
def test_mean_input_is_what_potentials_and_spikes_have_taken_up(seed):
    """After T a potential holds what it began with and what entered, less what its spikes took: V0 + z T - n."""
    grown, clock = graphs.grow(seed, graphs.SPIKING), Clock(12, 1.0)
    plain = {"reset": "subtract", "leak": 0.0, "refractory_ms": 0.0}
    layers = [dataclasses.replace(x, **plain) if isinstance(x, IntegrateFire) else x for x in grown.layers]
    network = Network((*layers, Accumulate(name="out", inputs=(grown.output.name,))))
    samples = graphs.samples(network, 2, seed)
    trace = reference.simulate(network, ConstantCurrent(samples, np.arange(2), clock))
    counts = {name: spikes.sum(axis=0) for name, spikes in trace.spikes.items()}
    found = mean_inputs(network, samples.astype(np.float64), {name: count / 12 for name, count in counts.items()})
    for layer in network.layers:
        if isinstance(layer, IntegrateFire):
            entered = trace.potentials[layer.name][-1] - layer.initial + layer.threshold * counts[layer.name]
            np.testing.assert_allclose(found[layer.name], entered / 12, atol=1e-4, err_msg=layer.name)


@pytest.mark.parametrize("factor", [0.75, 1, 1.5])
def test_parts_do_not_depend_on_the_units_of_a_layer(factor):
    """Given 0.55 a step of a threshold of 1, a neuron fires 5 times in 10 steps, whatever a threshold is called."""
    layer = IntegrateFire(name="x", inputs=("z",), threshold=factor)
    parts = budget(layer, 0.6, 0.55 * factor, 0.5, Clock(10, 1))
    expected = {"inherited": -0.05, "clipping": 0, "quantisation": -0.05, "unevenness": 0}
    assert parts == pytest.approx(expected, abs=1e-7)
