"""What the tests of the engines with windows share: dyadic neurons, and everything compared with the reference."""

import numpy as np
from snn import windows
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
