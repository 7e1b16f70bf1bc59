"""The pattern engine gives the bits of the ancestor's rounded values."""

import numpy as np
import pytest
from snn import windows
from snn.neurons import Accumulate, BitPattern

from . import windowed
from .windowed import assert_equals_reference, record


def bits(levels, count=8):
    """Return the bits of whole numbers, the highest first, (count, ...)."""
    return np.stack([levels // 2 ** (count - 1 - i) % 2 for i in range(count)])


def closed_form(layer, potential):
    """Return round(V / scale * n), from 0 to n, and what it is worth."""
    n = 2**layer.bits - 1
    levels = np.clip(np.round(potential / layer.scale * n), 0, n).astype(int)
    return levels, levels * layer.scale / 2**layer.bits


def test_values_are_rounded_and_come_out_an_eighth_smaller(builder):
    b = builder((5,))
    b.put(BitPattern, bits=3)
    b.put(Accumulate)
    # In sevenths: 0, 1, 3.5 to the even 4, 4.9, 7 and more; each is worth an eighth.
    samples = np.float32([[0.0625, 0.15, 0.5, 0.7, 1], [-1, 0, 1.1, 300, 0.99]])
    found = assert_equals_reference(b.network(), samples)
    assert (found.output[-1] * 8).tolist() == [[0, 1, 4, 5, 7], [0, 0, 7, 7, 7]]


@pytest.mark.parametrize("count", [1, 2, 4, 8, 11, 16])
def test_every_level_has_its_bits(builder, count):
    b = builder((2**count,))
    b.put(BitPattern, bits=count)
    levels = np.arange(2**count)
    samples = (levels / (2**count - 1)).astype(np.float32)[None]
    found = record(b.network(), samples, spikes=[b.last], counts=[b.last])
    spikes = found.spikes[b.last].dense(count, 1, (2**count,))[:, 0]
    np.testing.assert_array_equal(spikes, bits(levels, count))
    np.testing.assert_array_equal(found.counts[b.last][0], bits(levels, count).sum(axis=0))
    np.testing.assert_array_equal(found.output[-1, 0], levels / 2**count)
    assert_equals_reference(b.network(), samples)


@pytest.fixture(scope="module")
def golden():
    """Return the golden CNN in this code, and a hundred images."""
    if not windowed.GOLDEN.is_dir():
        pytest.skip(f"the golden network is not at {windowed.GOLDEN}")
    return windowed.golden("pattern")


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
