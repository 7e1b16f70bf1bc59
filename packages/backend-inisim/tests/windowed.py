"""What the tests of the engines with windows share: dyadic neurons, and everything compared with the reference."""

from pathlib import Path

import numpy as np
import snn
from snn import analog, windows
from snn.clock import Clock
from snn.encoding import ConstantCurrent
from snn.neurons import BitPattern, FewSpike, Neuron, WindowFirstSpike
from snn.simulating import Record, Setup
from snn.testing import reference
from snn_backend_inisim.backend import IniSim

DYADIC = {
    "pattern": (BitPattern, {"bits": 3, "scale": 2.0}),
    "few_spike": (FewSpike, {"planes": 3, "scale": 1.75}),
    "ttfs_exact": (WindowFirstSpike, {"bins": 8, "scale": 2.0}),
}
"""Neurons of each code whose spikes are worth quarters and halves."""


def record(network, samples, clock=None, threads=0, **wanted):
    """Return what inisim records of ``samples``, for as long as the windows of ``network`` take unless told."""
    clock = clock or Clock(windows.steps(network))
    stimulus = ConstantCurrent(samples, np.arange(len(samples)), clock)
    setup = Setup(clock, Record(**{field: frozenset(names) for field, names in wanted.items()}))
    with IniSim(threads=threads).build(network, setup) as simulator:
        return simulator.run(stimulus)


def everything(network):
    """Return what to record where nothing is left out."""
    neurons = [layer.name for layer in network.layers if isinstance(layer, Neuron)]
    spiking = [name for name in neurons if network[name].spiking]
    return {"counts": spiking, "spikes": spiking, "potentials": neurons}


def assert_equals_reference(network, samples, clock=None, threads=0):
    """Run the engine and the step loop of core, compare everything they give, and return what the engine gave."""
    clock = clock or Clock(windows.steps(network))
    found = record(network, samples, clock, threads, **everything(network))
    expected = reference.simulate(network, ConstantCurrent(samples, np.arange(len(samples)), clock))
    for name, potentials in expected.potentials.items():
        np.testing.assert_array_equal(found.potentials[name], potentials, err_msg=f"potentials of {name}")
    for name, spikes in expected.spikes.items():
        dense = found.spikes[name].dense(clock.steps, len(samples), network.shapes[name])
        np.testing.assert_array_equal(dense, spikes, err_msg=f"spikes of {name}")
        np.testing.assert_array_equal(found.counts[name], spikes.sum(axis=0), err_msg=f"counts of {name}")
    np.testing.assert_array_equal(found.output, expected.output)
    np.testing.assert_array_equal(found.operations, expected.operations)
    return found


GOLDEN = Path(__file__).parents[4] / "shared" / "reference" / "golden"


def golden(code):
    """Return the golden CNN in ``code``, with its defaults, and its first hundred images, (100, 1, 28, 28)."""
    with np.load(GOLDEN / "x_test.npz") as data:
        images = np.ascontiguousarray(data["arr_0"][:100].transpose(0, 3, 1, 2), np.float32)
    return snn.convert(GOLDEN / "mnist5k_cnn.h5", calibrate=GOLDEN, code=code), images


def analog_values(network, samples, closed_form):
    """Return the levels of each layer of neurons by ``closed_form``, all else by core's reference in float64."""
    values, levels = {network.input.name: samples.astype(np.float64)}, {}
    for layer in network.layers[1:-1]:
        inputs = [values[name] for name in layer.inputs]
        if isinstance(layer, Neuron):
            levels[layer.name], values[layer.name] = closed_form(layer, *inputs)
        else:
            values[layer.name] = analog.apply(layer, *inputs)
            assert values[layer.name].dtype == np.float64
    return levels


def assert_spikes_equal(network, samples):
    """Compare spikes exactly, and outputs but for the rounding of sums, where weights are not dyadic."""
    clock = network.clock
    found = record(network, samples, clock, **everything(network))
    expected = reference.simulate(network, ConstantCurrent(samples, np.arange(len(samples)), clock))
    for name, spikes in expected.spikes.items():
        dense = found.spikes[name].dense(clock.steps, len(samples), network.shapes[name])
        np.testing.assert_array_equal(dense, spikes, err_msg=f"spikes of {name}")
        np.testing.assert_allclose(found.potentials[name], expected.potentials[name], rtol=0, atol=1e-6)
    np.testing.assert_allclose(found.output, expected.output, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(found.operations, expected.operations)
