"""The few-spike engine gives values to the nearest step, in few spikes."""

import numpy as np
import pytest
from snn import windows
from snn.neurons import Accumulate, FewSpike

from . import windowed
from .windowed import assert_equals_reference, record


def bits(levels, count=6):
    """Return the bits of whole numbers, the highest first, (count, ...)."""
    return np.stack([levels // 2 ** (count - 1 - i) % 2 for i in range(count)])


def closed_form(layer, potential):
    """Return floor(V / LSB + 1/2), from 0 to 2^K - 1, and what it is worth, LSB = alpha 2^-K."""
    unit = layer.scale / (1 - 2.0**-layer.planes) * 2.0**-layer.planes
    levels = np.clip(np.floor(potential / unit + 0.5), 0, 2**layer.planes - 1).astype(int)
    return levels, levels * unit


@pytest.mark.parametrize(("rounding", "eighths"), [(True, [0, 1, 4, 6, 7, 0, 7]), (False, [0, 0, 3, 5, 7, 0, 7])])
def test_values_come_out_in_eighths(builder, rounding, eighths):
    b = builder((7,))
    b.put(FewSpike, planes=3, scale=0.875, rounding=rounding)
    b.put(Accumulate)
    samples = np.float32([[0.05, 0.0625, 0.4375, 0.7, 0.9, -1, 300]])
    found = assert_equals_reference(b.network(), samples)
    assert (found.output[-1] * 8).tolist() == [eighths]


def test_the_potential_loses_what_a_spike_is_worth(builder):
    b = builder((1,))
    b.put(FewSpike, planes=3, scale=0.875)
    found = record(b.network(), np.float32([[0.703125]]), potentials=[b.last])
    # 0.703125 + 0.0625 - 0.5 - 0.25 - 0
    assert found.potentials[b.last].ravel().tolist() == [0.265625, 0.015625, 0.015625]


def test_neurons_fire_as_often_as_their_value_has_bits(builder):
    b = builder((64,))
    b.put(FewSpike)
    found = record(b.network(), (np.arange(64) / 63).astype(np.float32)[None], counts=[b.last])
    assert found.counts[b.last][0].tolist() == [f"{level:b}".count("1") for level in range(64)]
    np.testing.assert_allclose(found.output[-1, 0], np.arange(64) / 63, rtol=1e-6)


@pytest.fixture(scope="module")
def golden():
    """Return the golden CNN in this code, and a hundred images."""
    if not windowed.GOLDEN.is_dir():
        pytest.skip(f"the golden network is not at {windowed.GOLDEN}")
    return windowed.golden("few_spike")


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
