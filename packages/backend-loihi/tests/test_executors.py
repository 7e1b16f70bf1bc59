"""What cannot run here is told in one line, with what to do."""

import sys

import loihi_networks as networks
import numpy as np
import pytest
from snn.errors import PluginError, SimulationError, Unavailable
from snn.neurons import Accumulate, IntegrateFire
from snn.simulating import Problem, Setup
from snn.testing import golden
from snn_backend_loihi.backend import Loihi


def test_a_board_is_not_there_and_nothing_waits_for_it():
    with pytest.raises(
        Unavailable, match="has no board: Lava reaches boards by an extension that Intel gives"
    ) as caught:
        Loihi(executor="loihi2").build(networks.dense(0), Setup())
    assert "emulator" in caught.value.hint


@pytest.mark.skipif(sys.version_info[:2] == (3, 10), reason="here it may be installed")
def test_lava_on_another_python_says_which_it_needs():
    with pytest.raises(PluginError, match=r"^executor 'lava' needs Python 3\.10, and this is 3\.") as caught:
        Loihi(executor="lava").build(networks.dense(0), Setup())
    assert "leave executor at 'emulator'" in caught.value.hint


def test_spikes_with_a_height_are_refused():
    network = Loihi().fit(networks.dense(0), None)
    plain = networks.spikes(network, 0)
    tall = golden.GivenSpikes(plain.samples, plain.numbers, plain.clock, plain.spikes * 2)
    with pytest.raises(SimulationError, match="spikes have no height and no sign; these have heights from 0 to 2"):
        networks.record(network, tall)


def test_an_input_that_is_no_number_is_refused():
    network = Loihi().fit(networks.dense(0), None)
    stimulus = golden.current(np.full((1, 12), np.nan), 5)
    with pytest.raises(SimulationError, match="layer 'one/fire' is given a current that is no finite number"):
        networks.record(network, stimulus)


def test_an_output_at_the_end_of_24_bits_is_told():
    """A weight of 1 in units of 1/256, 254 to 256 a step: 131,072 units are reached in some 512 steps."""
    network = Loihi().fit(networks.dense(0), None)
    stimulus = networks.spikes(network, 0, steps=3000, share=1.0)
    with pytest.warns(UserWarning, match="layer 'out': the potentials of 3 of 3 samples"):
        networks.record(network, stimulus)


def test_a_batch_in_parts_is_the_same(monkeypatch):
    from snn_backend_loihi import simulator

    network = Loihi().fit(networks.conv(1), None)
    stimulus = networks.spikes(network, 1, batch=5)
    whole = networks.record(network, stimulus)
    monkeypatch.setattr(simulator, "_HELD_BYTES", 1)
    parts = networks.record(network, stimulus)
    np.testing.assert_array_equal(whole.output, parts.output)
    for name, events in whole.spikes.items():
        np.testing.assert_array_equal(events.neuron, parts.spikes[name].neuron)
        np.testing.assert_array_equal(events.sample, parts.spikes[name].sample)


def test_a_current_that_changes_goes_on_from_where_it_was():
    """Fitted in steps of 1 ms; two samples one after the other are twice as many steps."""
    from snn.sequences import sequence

    network = Loihi().fit(golden.single(size=2), None)
    first, second = golden.current([[0.25, 0.5]], 4), golden.current([[0.5, 0.125]], 4)
    both = networks.record(network, sequence([first, second]))
    assert both.output.shape == (8, 1, 2)
    # 4 * 0.25 = 1, then 4 * 0.5 = 2: one spike and two; 4 * 0.5 = 2, then 4 * 0.125 = 0.5: two
    assert both.output[-1, 0].tolist() == [3, 2]
    assert both.output[3, 0].tolist() == [1, 2]


def test_the_clock_of_a_run_may_be_another_than_that_of_the_network():
    network = Loihi().fit(golden.biased(), None)
    assert networks.record(network, golden.current([[1]], 8, dt_ms=2.0)).output.shape == (4, 1, 1)


def test_a_current_too_large_for_a_bias_is_told_where_it_counts():
    """A neuron that is given 100 thresholds a step fires in each step, cut or not; a potential would be another."""
    fires, adds = (Loihi().fit(golden.single(kind), None) for kind in (IntegrateFire, Accumulate))
    assert networks.record(fires, golden.current([[100.0]], 4)).output[:, 0, 0].tolist() == [1, 2, 3, 4]
    with pytest.warns(UserWarning, match="layer 'out': 1 of 1 currents of the samples are larger than a bias holds"):
        networks.record(adds, golden.current([[1000.0]], 4))


def test_a_layer_whose_name_holds_quotes_is_refused_by_its_name():
    from snn_backend_loihi.together import TooInvolved

    problem = Problem("it's", "what is before it is too much", "do less")
    error = TooInvolved(problem)
    assert (error.problem, error.hint) == (problem, "do less")
