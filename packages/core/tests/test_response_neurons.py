"""Neurons on which a spike acts for a while do what is derived by hand from their equations."""

import math

import numpy as np
import pytest
from snn import storage
from snn.clock import Clock
from snn.errors import NetworkError
from snn.response_neurons import CurrentBased, SpikeResponse
from snn.testing import golden, reference


def trace(spikes, dt_ms=1.0, **fields):
    """Return what a neuron does that is given ``spikes``, one number a step."""
    given = np.array(spikes, np.float32).reshape(-1, 1, 1)
    clock = Clock(len(spikes) * dt_ms, dt_ms)
    stimulus = golden.GivenSpikes(np.zeros((1, 1), np.float32), np.zeros(1, np.int64), clock, given)
    return reference.simulate(golden.single(**fields), stimulus)


def steps(spikes, **fields):
    """Return the steps in which a neuron fires that is given ``spikes``."""
    return np.flatnonzero(trace(spikes, **fields).spikes["out"]).tolist()


def potentials(spikes, **fields):
    return trace(spikes, **fields).potentials["out"].reshape(-1)


def once(height, count):
    return [height] + [0] * (count - 1)


def test_the_response_to_a_spike_is_an_alpha_kernel_whose_peak_is_the_weight_at_tau():
    expected = [k / 4 * math.exp(1 - k / 4) for k in range(9)]
    found = potentials(once(0.5, 9), neuron=SpikeResponse, tau_ms=4.0)
    np.testing.assert_allclose(found, 0.5 * np.array(expected), rtol=1e-6)
    assert found[4] == 0.5


def test_shorter_steps_show_the_same_kernel_more_finely():
    found = potentials(once(1, 16), neuron=SpikeResponse, tau_ms=4.0, threshold=2.0, dt_ms=0.5)
    np.testing.assert_allclose(found[::2], potentials(once(1, 8), neuron=SpikeResponse, tau_ms=4.0, threshold=2.0))


def test_a_single_spike_of_the_weight_of_the_threshold_fires_at_the_peak():
    for tau_ms in (1.0, 3.0, 7.0, 10.0):
        assert steps(once(10, 12), neuron=SpikeResponse, threshold=10.0, tau_ms=tau_ms) == [tau_ms]


def test_its_own_spike_takes_an_alpha_kernel_off_the_potential_from_the_next_step_on():
    # Fires at the peak in step 4. nu has its peak one step later, 2 thresholds; two later it is 4 / e.
    found = potentials(once(1, 8), neuron=SpikeResponse, tau_ms=4.0)
    alpha = [k / 4 * math.exp(1 - k / 4) for k in range(8)]
    np.testing.assert_allclose(found[5], alpha[5] - 2, rtol=1e-6)
    np.testing.assert_allclose(found[6], alpha[6] - 4 / math.e, rtol=1e-6)
    assert steps(once(1, 8), neuron=SpikeResponse, tau_ms=4.0) == [4]


def test_kernels_end_where_they_have_faded_past_their_peak():
    # 7 e^-6 = 0.0174 is there, 8 e^-7 = 0.0073 is not; k = 0 is 0, too, but before the peak.
    found = potentials(once(1, 12), neuron=SpikeResponse, tau_ms=1.0, threshold=2.0)
    assert found[7] == pytest.approx(7 * math.exp(-6))
    assert not found[8:].any()
    layer = SpikeResponse(name="a", inputs=("b",), tau_ms=1.0, tau_refractory_ms=1.0, scale_refractory=2.0)
    # 2 * 8 e^-7 = 0.0146 is there, 2 * 9 e^-8 = 0.0060 is not.
    assert (layer.taps(1.0, 100), layer.refractory_taps(1.0, 100)) == (8, 9)
    assert layer.taps(1.0, 5) == 5
    assert SpikeResponse(name="a", inputs=("b",), cut=0.0).taps(1.0, 5000) == 5000


def test_spikes_leave_after_the_delay_in_whole_steps_rounded_down():
    def late(delay_ms, dt_ms=1.0):
        delay = np.array(delay_ms, np.float32)
        return steps(once(1, 24), neuron=SpikeResponse, tau_ms=4.0, delay_ms=delay, dt_ms=dt_ms)

    assert late(2.9) == [6]
    assert late(3.0) == [7]
    assert late(1.1, dt_ms=0.1) == []  # 4 ms are 40 steps
    assert late(1.5, dt_ms=0.5) == [11]
    assert late(30.0) == []
    assert SpikeResponse(name="a", inputs=("b",), delay_ms=np.array(1.1, np.float32)).delay_steps(0.1) == 11


def test_whole_currents_and_potentials_are_rounded_towards_zero():
    # I: 10, 7.5, 5.25, 3.75, 2.25; V: 10, 5 + 7, 6 + 5, 5.5 + 3, 4 + 2.
    rule = {"neuron": CurrentBased, "integer": True, "current_decay": 0.25, "voltage_decay": 0.5, "threshold": 12.0}
    assert potentials(once(10, 5), **rule).tolist() == [10, 12, 11, 8, 6]
    assert potentials(once(-10.9, 5), **rule).tolist() == [-10, -12, -11, -8, -6]
    assert potentials(once(10, 3), **{**rule, "integer": False}).tolist() == [10, 12.5 - 12.5, 5.625]


def test_it_fires_above_the_threshold_and_not_at_it():
    rule = {"neuron": CurrentBased, "integer": True, "current_decay": 0.25, "voltage_decay": 0.5}
    assert steps(once(10, 5), threshold=12.0, **rule) == []
    assert steps(once(10, 5), threshold=11.0, **rule) == [1]


def test_refractory_steps_are_the_least_from_one_spike_to_the_next_and_the_current_goes_on():
    # I: 8, 12, 14, 15, ... ; the potential is 0 in the two steps after a spike.
    rule = {"neuron": CurrentBased, "current_decay": 0.5, "threshold": 10.0, "refractory_steps": 3}
    assert steps([8] * 8, **rule) == [1, 4, 7]
    assert potentials([8] * 8, **rule).tolist() == [8, 0, 0, 0, 0, 0, 0, 0]
    assert steps([20] * 4, neuron=CurrentBased, threshold=10.0) == [0, 1, 2, 3]


def test_states_far_beyond_24_bits_are_exact():
    # I: 2^40, then 2^40 (1 - 1/4096) + 4096 = 2^40 - 2^28 + 4096, which V is, too.
    rule = {"neuron": CurrentBased, "integer": True, "current_decay": 1 / 4096, "voltage_decay": 1.0}
    value = float(2**40 - 2**28 + 4096)
    assert steps([2.0**40, 4096], threshold=value - 1, **rule) == [0, 1]
    assert steps([2.0**40, 4096], threshold=value, **rule) == [0]


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"threshold": 0.0}, "threshold"),
        ({"tau_ms": -1.0}, "tau_ms"),
        ({"tau_refractory_ms": math.inf}, "tau_refractory_ms"),
        ({"scale_refractory": -1.0}, "scale_refractory"),
        ({"cut": math.nan}, "cut"),
        ({"delay_ms": np.array([-1], np.float32)}, "delay_ms"),
        ({"delay_ms": np.zeros(3, np.float32)}, "delay_ms"),
        ({"neuron": CurrentBased, "threshold": -1.0}, "threshold"),
        ({"neuron": CurrentBased, "current_decay": 1.5}, "current_decay"),
        ({"neuron": CurrentBased, "voltage_decay": math.nan}, "voltage_decay"),
        ({"neuron": CurrentBased, "refractory_steps": 0}, "refractory_steps"),
    ],
)
def test_numbers_without_meaning_are_refused_by_name(fields, word):
    with pytest.raises(NetworkError, match=f"'out'.*{word}"):
        golden.single(**{"neuron": SpikeResponse, **fields})


def test_a_file_keeps_them(tmp_path):
    network = golden.pair(SpikeResponse, 1.25, delay=(3.75, 0.0), tau_ms=4.0, cut=0.0)
    storage.save(network, tmp_path / "n.snn")
    assert storage.digest(storage.load(tmp_path / "n.snn")) == storage.digest(network)
