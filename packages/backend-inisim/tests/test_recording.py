"""A recording holds what was asked for, and nothing else."""

import numpy as np
import pytest
from snn.clock import Clock
from snn.encoding import ConstantCurrent
from snn.errors import SettingsError
from snn.neurons import Accumulate
from snn.simulating import Record, Setup
from snn_backend_inisim.backend import IniSim

CLOCK = Clock(duration_ms=12, dt_ms=1)


@pytest.fixture
def network(builder):
    b = builder((2, 4, 3))
    b.conv(3, (2, 2))
    b.fire()
    b.flat()
    b.dense(5)
    b.put(Accumulate)
    return b.network()


def record(network, **wanted):
    setup = Setup(CLOCK, Record(**{field: frozenset(names) for field, names in wanted.items()}))
    samples = np.random.default_rng(1).random((4, 2, 4, 3), np.float32) * 2
    return IniSim().build(network, setup).run(ConstantCurrent(samples, np.arange(4), CLOCK))


def test_nothing_is_kept_unless_asked_for(network):
    found = record(network)
    assert (found.counts, found.spikes, found.potentials) == ({}, {}, {})
    assert found.output.shape == (12, 4, 5)
    assert found.output.dtype == np.float32
    assert found.operations.shape == (12, 4)
    assert found.operations.dtype == np.float64


def test_only_what_is_asked_for_is_kept(network):
    found = record(network, counts=["integratefire2"], potentials=["accumulate5"])
    assert set(found.counts) == {"integratefire2"}
    assert set(found.potentials) == {"accumulate5"}
    assert found.spikes == {}


def test_counts_and_potentials_have_the_shape_of_the_layer(network):
    found = record(network, counts=["integratefire2"], potentials=["integratefire2"])
    assert found.counts["integratefire2"].shape == (4, 3, 3, 2)
    assert found.counts["integratefire2"].dtype == np.int64
    assert found.potentials["integratefire2"].shape == (12, 4, 3, 3, 2)
    assert found.potentials["integratefire2"].dtype == np.float32


def test_events_are_in_order_of_step_sample_and_neuron(network):
    events = record(network, spikes=["integratefire2"]).spikes["integratefire2"]
    keys = list(zip(events.step, events.sample, events.neuron, strict=True))
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys) > 0
    assert [array.dtype for array in (events.step, events.sample, events.neuron)] == [np.int32] * 3
    assert events.sign.dtype == np.int8
    assert set(events.sign) == {1}


def test_events_of_neurons_that_stay_silent_are_empty(builder):
    b = builder((2,))
    b.fire(threshold=1e6)
    setup = Setup(CLOCK, Record(spikes=frozenset([b.last])))
    found = IniSim().build(b.network(), setup).run(ConstantCurrent(np.ones((3, 2), np.float32), np.arange(3), CLOCK))
    assert len(found.spikes[b.last].step) == 0


def test_the_output_of_accumulating_neurons_is_their_potential(network):
    found = record(network, potentials=["accumulate5"])
    np.testing.assert_array_equal(found.output, found.potentials["accumulate5"])


@pytest.mark.parametrize("field", ["counts", "spikes", "potentials"])
def test_a_layer_that_is_not_there_is_named(network, field):
    with pytest.raises(SettingsError, match=rf"record\.{field}.*'nosuch'"):
        record(network, **{field: ["nosuch"]})


def test_a_layer_without_neurons_is_named(network):
    with pytest.raises(SettingsError, match="'conv1' \\(Conv\\) has no neurons"):
        record(network, potentials=["conv1"])


def test_a_layer_that_does_not_spike_is_named(network):
    with pytest.raises(SettingsError, match="'accumulate5' \\(Accumulate\\) does not spike"):
        record(network, counts=["accumulate5"])
