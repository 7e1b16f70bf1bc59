"""The engine of exact first spikes gives values to the nearest bin, in one spike each."""

import numpy as np
import pytest
from snn import windows
from snn.neurons import Accumulate, WindowFirstSpike

from . import windowed
from .windowed import assert_equals_reference, record


def bits(levels, count=32):
    """Return the spikes of neurons that fire ``levels`` steps before the end of the window, (count, ...)."""
    return np.stack([levels == count - i for i in range(count)])


def closed_form(layer, potential):
    """Return floor(V / D + 1/2), from 0 to n, and what it is worth, D = scale / n."""
    unit = layer.scale / layer.bins
    levels = np.clip(np.floor(potential / unit + 0.5), 0, layer.bins).astype(int)
    return levels, levels * unit


@pytest.mark.parametrize(("rounding", "eighths"), [(True, [0, 1, 4, 6, 7, 0, 8]), (False, [0, 0, 3, 5, 7, 0, 8])])
def test_values_come_out_in_eighths(builder, rounding, eighths):
    b = builder((7,))
    b.put(WindowFirstSpike, bins=8, rounding=rounding)
    b.put(Accumulate)
    samples = np.float32([[0.05, 0.0625, 0.4375, 0.7, 0.9, -1, 300]])
    found = assert_equals_reference(b.network(), samples)
    assert (found.output[-1] * 8).tolist() == [eighths]


def test_the_first_spike_of_eight_comes_first_and_grows_an_eighth_a_step(builder):
    b = builder((2,))
    b.put(WindowFirstSpike, bins=8)
    b.put(Accumulate)
    found = record(b.network(), np.float32([[1, 0.25]]), spikes=[b.layers[1].name])
    assert found.spikes[b.layers[1].name].step.tolist() == [0, 6]
    assert (found.output[:, 0].T * 8).tolist() == [[1, 2, 3, 4, 5, 6, 7, 8], [0, 0, 0, 0, 0, 0, 1, 2]]


def test_a_readout_by_spikes_has_the_earliest_spike_first(builder):
    b = builder((3,))
    b.put(WindowFirstSpike, bins=8)
    found = record(b.network(), np.float32([[0.5, 0.75, 0.74]]))
    assert (found.output[-1, 0] * 8).tolist() == [4, 6, 6]
    assert found.output[2, 0].tolist() == [0, 0.125, 0.125]


@pytest.fixture(scope="module")
def golden():
    """Return the golden CNN in this code, and a hundred images."""
    if not windowed.GOLDEN.is_dir():
        pytest.skip(f"the golden network is not at {windowed.GOLDEN}")
    return windowed.golden("ttfs_exact")


def test_real_weights_give_the_spikes_of_the_closed_form(golden):
    network, images = golden
    found = record(network, images, **windowed.everything(network))
    values = windowed.analog_values(network, images, closed_form)
    for name, levels in values.items():
        start, stop = windows.starts(network)[name], windows.starts(network)[name] + network[name].window
        dense = found.spikes[name].dense(network.clock.steps, 100, network.shapes[name])
        np.testing.assert_array_equal(dense[start:stop], bits(levels), err_msg=name)
        assert dense.sum() == bits(levels).sum() > 0


def test_real_weights_give_the_spikes_of_the_step_loop(golden):
    network, images = golden
    windowed.assert_spikes_equal(network, images[:10])


def test_no_neuron_fires_twice(golden):
    network, images = golden
    found = record(network, images, **windowed.everything(network))
    for name, counts in found.counts.items():
        assert counts.max() == 1, name
