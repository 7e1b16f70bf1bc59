"""The reference of neurons with a window gives the numbers that were derived by hand."""

import numpy as np
import pytest
from snn import windows
from snn.layers import MaxPool
from snn.neurons import BitPattern, FewSpike, WindowFirstSpike
from snn.testing import golden, reference

from . import graphs

VALUES = [-1, 0.046875, 0.703125, 1, 5]


def single(kind, steps, **fields):
    network = golden.single(kind, size=len(VALUES), **fields)
    return reference.simulate(network, golden.current([VALUES], steps))


def spikes(trace):
    return ["".join(str(int(spike)) for spike in row) for row in trace.spikes["out"][:, 0].T]


def test_a_bit_pattern_is_the_value_in_units_of_a_seventh():
    # 7 * 0.046875 = 0.33 -> 0; 7 * 0.703125 = 4.92 -> 5 = 101; 7 and 35 -> 7 = 111. Bits are worth 4/8, 2/8 and 1/8.
    trace = single(BitPattern, 4, bits=3)
    assert spikes(trace) == ["0000", "0000", "1010", "1110", "1110"]
    assert trace.output[:, 0].T.tolist() == [
        [0, 0, 0, 0],
        [0, 0, 0, 0],
        [0.5, 0.5, 0.625, 0.625],
        [0.5, 0.75, 0.875, 0.875],
        [0.5, 0.75, 0.875, 0.875],
    ]
    assert trace.potentials["out"][:, 0].T.tolist() == [[value] * 4 for value in VALUES]


def test_a_bit_pattern_has_all_its_bits_from_its_scale_on():
    assert spikes(single(BitPattern, 2, bits=2, scale=5.0)) == ["00", "00", "00", "01", "11"]  # 3 * 0.2 = 0.6 -> 1


def test_a_pattern_of_one_bit_tells_which_half():
    assert spikes(single(BitPattern, 1, bits=1)) == ["0", "0", "1", "1", "1"]


def test_few_spikes_are_what_thresholds_of_a_half_a_quarter_and_an_eighth_take_away():
    # alpha = 0.875 / (1 - 1/8) = 1; 1/16 is there at rest: 0.765625 - 0.5 - 0.25 = 0.015625; 1.0625 - 0.875 = 0.1875.
    trace = single(FewSpike, 4, planes=3, scale=0.875)
    assert spikes(trace) == ["0000", "0000", "1100", "1110", "1110"]
    assert trace.potentials["out"][-1, 0].tolist() == [-0.9375, 0.109375, 0.015625, 0.1875, 4.1875]
    assert trace.potentials["out"][:, 0, 2].tolist() == [0.265625, 0.015625, 0.015625, 0.015625]
    assert trace.output[-1, 0].tolist() == [0, 0, 0.75, 0.875, 0.875]


def test_the_published_few_spikes_round_down():
    # 0.703125 - 0.5 - 0.125 = 0.078125
    trace = single(FewSpike, 3, planes=3, scale=0.875, rounding=False)
    assert spikes(trace) == ["000", "000", "101", "111", "111"]
    assert trace.potentials["out"][-1, 0, 2] == 0.078125


def test_a_first_spike_is_the_earlier_the_larger_the_value():
    # Thresholds 7/8, 5/8, 3/8, 1/8; 0.703125 is met in the second of 4 steps, and worth 3 of 4 quarters.
    trace = single(WindowFirstSpike, 5, bins=4)
    assert spikes(trace) == ["00000", "00000", "01000", "10000", "10000"]
    assert trace.output[:, 0, 2].tolist() == [0, 0.25, 0.5, 0.75, 0.75]
    assert trace.output[-1, 0].tolist() == [0, 0, 0.75, 1, 1]


def test_a_first_spike_without_rounding_comes_a_step_later_or_not_at_all():
    # Thresholds 4/4, 3/4, 2/4, 1/4.
    assert spikes(single(WindowFirstSpike, 4, bins=4, rounding=False)) == ["0000", "0000", "0010", "1000", "1000"]


def test_input_and_biases_enter_once_whatever_the_step():
    network = golden.windows(WindowFirstSpike, bins=4)
    outputs = []
    for dt_ms in (1.0, 0.5, 2.0):
        trace = reference.simulate(network, golden.current([[0.5, 0.25]], 8 * dt_ms, dt_ms))
        outputs.append(trace.output[:, 0].T.tolist())
    # The first get 3/4 and 2/4, so they fire in steps 1 and 2; the second get 1/4 and 1/4, and fire in step 4 + 3.
    # The outputs: half of the first, a quarter each step; then the second; less 1/8 for the second output.
    assert outputs[0] == [
        [0, 0.125, 0.25, 0.375, 0.375, 0.375, 0.375, 0.625],
        [-0.125, -0.125, 0, 0.125, 0.125, 0.125, 0.125, 0.375],
    ]
    assert outputs[1] == outputs[0]
    assert outputs[2] == outputs[0]


def test_operations_are_spikes_times_fan_out():
    # First layer: 2 multiply-adds, as weights of 0 are none. The first neurons drive 1 and 2 synapses of the second
    # layer, and all neurons one each of the third. The first fire in steps 1 and 2, the second in step 7.
    network = golden.windows(WindowFirstSpike, bins=4)
    trace = reference.simulate(network, golden.current([[0.5, 0.25]], 8))
    assert trace.operations[:, 0].tolist() == [2, 4, 7, 7, 7, 7, 7, 9]


def test_a_max_pool_of_first_spikes_gives_what_the_earliest_gives():
    pool = MaxPool(name="pool", inputs=("x",), size=(2,), stride=(2,), padding=((0, 0),))
    neurons = WindowFirstSpike(name="x", inputs=("in",), bins=4)
    network = graphs.chain((1, 2), neurons, pool, golden.reading((pool,), WindowFirstSpike, bins=4), stage="spiking")
    trace = reference.simulate(network, golden.current([[[0.75, 0.5]]], 8))
    assert trace.spikes["out"].ravel().tolist() == [0, 0, 0, 0, 0, 1, 0, 0]


@pytest.mark.parametrize("kind", [BitPattern, FewSpike, WindowFirstSpike])
def test_batches_do_not_matter(kind):
    network = golden.windows(kind)
    samples = np.float32([[0.5, 0.25], [0.3, 0.9], [1, 0]])
    together = reference.simulate(network, golden.current(samples, windows.steps(network)))
    alone = reference.simulate(network, golden.current(samples[1:2], windows.steps(network)))
    np.testing.assert_array_equal(alone.output[:, 0], together.output[:, 1])
