"""The engine gives, from files alone, the spikes of a step loop and those of a plain queue of single events."""

from __future__ import annotations

import dataclasses

import numpy as np
import oracle
import pytest
from megasim_networks import branches, dense, given, images, recorded
from snn import layers as op
from snn.errors import SimulationError
from snn.network import Network
from snn.neurons import Accumulate, IntegrateFire, SoftmaxFire
from snn.simulating import Setup
from snn.testing import reference
from snn_backend_megasim.backend import MegaSim
from snn_backend_megasim.engine.running import run
from snn_backend_megasim.files import events

STEPS = 24


def same_as_the_step_loop(network, stimulus, backend=None):
    found, facts = recorded(network, stimulus, backend)
    expected = reference.simulate(network, stimulus)
    for name, spikes in expected.spikes.items():
        dense_ = found.spikes[name].dense(*spikes.shape[:2], spikes.shape[2:])
        np.testing.assert_array_equal(dense_, spikes, err_msg=name)
        np.testing.assert_array_equal(found.potentials[name], expected.potentials[name], err_msg=name)
        assert (found.counts[name] == spikes.sum(axis=0)).all()
    np.testing.assert_array_equal(found.operations, expected.operations)
    return expected, facts


@pytest.mark.parametrize("seed", range(12))
def test_random_networks_of_images_spike_as_the_step_loop_says(seed):
    network = images(seed)
    expected, facts = same_as_the_step_loop(network, given(network, 3, STEPS, seed))
    assert expected.spikes["fire/1"].any()
    assert facts["unrolled"] == []


@pytest.mark.parametrize("seed", range(6))
def test_strides_and_branches_are_unrolled_and_spike_as_the_step_loop_says(seed):
    network = branches(seed)
    _, facts = same_as_the_step_loop(network, given(network, 3, STEPS, seed))
    assert facts["unrolled"] == ["fire/1", "out"]


@pytest.mark.parametrize("heights", [(2.0,), (0.5, -0.5), (1.0, -1.0)])
def test_spikes_of_the_input_have_any_one_height_and_a_sign(heights):
    network = branches(3)
    same_as_the_step_loop(network, given(network, 2, STEPS, 0, heights=heights))


def test_shorter_steps_take_their_share_of_the_biases():
    network = branches(4)
    same_as_the_step_loop(network, given(network, 2, STEPS, 0, dt_ms=0.5))


def test_samples_that_do_not_go_into_one_run_are_put_into_several(monkeypatch):
    network = images(5)
    monkeypatch.setattr("snn_backend_megasim.simulator._MOST_EVENTS", 1)
    same_as_the_step_loop(network, given(network, 3, STEPS, 5))


@pytest.mark.parametrize("delay", [0, 1, 3])
@pytest.mark.parametrize("seed", range(6))
def test_events_are_those_of_a_plain_queue(seed, delay, tmp_path):
    network = images(seed)
    recorded(network, given(network, 2, 8, seed), MegaSim(delay_ticks=delay), potentials=False, folder=tmp_path)
    folder = tmp_path / "megasim"
    expected = oracle.events(folder)
    assert sum(map(len, expected.values())) > 100
    for node, rows in expected.items():
        name = f"node_{node}.evs"
        found = events.parsed((folder / name).read_bytes(), name)
        assert sorted(map(tuple, found[:, [0, 3, 4, 5]].tolist())) == rows, node


def test_every_event_is_counted_once(tmp_path):
    network = images(0)
    _, facts = recorded(network, given(network, 2, 8, 0), potentials=False, folder=tmp_path)
    folder = tmp_path / "megasim"
    sources = sum(len(events.parsed(path.read_bytes(), "")) for path in folder.glob("*.stim"))
    assert facts["events"] == sources + sum(map(len, oracle.events(folder).values()))
    assert facts["events_per_second"] > 0


def silent(steps):
    """Return a neuron that is given 1/64 a step by its bias, and nothing else."""
    layers = (
        op.Input(name="input", shape=(1,)),
        op.Dense(name="dense", inputs=("input",), weight=np.zeros((1, 1)), bias=np.full(1, 1 / 64)),
        IntegrateFire(name="out", inputs=("dense",)),
    )
    network = Network(layers, stage="spiking")
    return network, given(network, 1, steps, 0, share=0.0)


def test_a_bias_alone_makes_a_neuron_fire_in_the_very_step():
    network, stimulus = silent(640)
    found, _ = recorded(network, stimulus)
    assert np.flatnonzero(np.diff(found.output[:, 0, 0], prepend=0)).tolist() == list(range(63, 640, 64))


def test_an_output_of_potentials_is_read_from_the_engine():
    rng = np.random.default_rng(0)
    layers = (op.Input(name="input", shape=(4,)), dense(rng, "dense", "input", 3, 4))
    network = Network((*layers, Accumulate(name="out", inputs=("dense",))), stage="spiking")
    stimulus = given(network, 2, STEPS, 0)
    found, _ = recorded(network, stimulus)
    np.testing.assert_allclose(found.output, reference.simulate(network, stimulus).output, rtol=0, atol=1e-6)


def test_a_softmax_draws_as_the_step_loop_does():
    rng = np.random.default_rng(0)
    layers = (op.Input(name="input", shape=(4,)), dense(rng, "dense", "input", 3, 4))
    network = Network((*layers, SoftmaxFire(name="out", inputs=("dense",), gain=0.5)), stage="spiking")
    stimulus = given(network, 4, 100, 0)
    with MegaSim().build(network, Setup(clock=stimulus.clock, seed=7)) as simulator:
        found = simulator.run(stimulus)
    expected = reference.simulate(network, stimulus, seed=7)
    assert expected.output[-1].sum() > 100
    np.testing.assert_array_equal(found.output, expected.output)


def test_spikes_of_two_heights_are_refused():
    network = branches(0)
    stimulus = given(network, 1, 4, 0, heights=(1.0, 2.0))
    with pytest.raises(SimulationError, match="have one height; spikes of the input have 2, from 1 to 2"):
        recorded(network, stimulus)


def test_negative_spikes_into_a_pool_are_refused_by_its_name():
    layers = (
        op.Input(name="input", shape=(1, 4, 4)),
        op.AvgPool(name="mean", inputs=("input",), size=(2, 2), stride=(2, 2), padding=((0, 0), (0, 0))),
        IntegrateFire(name="out", inputs=("mean",)),
    )
    network = Network(layers, stage="spiking")
    with pytest.raises(SimulationError, match="layer 'mean' pools the input, which has negative spikes"):
        recorded(network, given(network, 1, 4, 0, heights=(1.0, -1.0)))


def test_an_address_that_no_module_has_is_told_with_its_node(tmp_path):
    network = branches(0)
    recorded(network, given(network, 1, 4, 0), potentials=False, folder=tmp_path)
    folder = tmp_path / "megasim"
    (folder / "InputLayer_1.stim").write_text("0 -1 -1 77 0 1\n")
    with pytest.raises(SimulationError, match="node InputLayer_1: an event has the address x = 77, y = 0"):
        run(folder)


def test_a_clock_that_differs_from_the_one_of_the_conversion_is_taken():
    network = dataclasses.replace(branches(1), clock=None)
    same_as_the_step_loop(network, given(network, 1, 7, 1))
