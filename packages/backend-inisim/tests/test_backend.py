"""The backend takes what it can run, says what it cannot, and costs nothing until it builds."""

import subprocess
import sys
from dataclasses import FrozenInstanceError

import numba
import numpy as np
import pytest
from snn.clock import Clock
from snn.encoding import ConstantCurrent
from snn.errors import SettingsError, SimulationError, UnsupportedLayer
from snn.layers import Activation
from snn.neurons import Accumulate
from snn.simulating import Setup
from snn_backend_inisim import compiling, snn_backends
from snn_backend_inisim.backend import IniSim

CLOCK = Clock(duration_ms=5, dt_ms=1)


@pytest.fixture
def network(builder):
    b = builder((3,))
    b.dense(2)
    b.fire()
    return b.network()


def test_the_plugin_offers_the_backend():
    assert snn_backends() == [IniSim]
    assert IniSim.name == "inisim"
    assert IniSim.requires == ("numba",)


def test_listing_the_plugin_imports_no_numba():
    code = "import sys, snn_backend_inisim as p; p.snn_backends(); sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_backend_is_frozen():
    with pytest.raises(FrozenInstanceError):
        IniSim().threads = 3


def test_negative_threads_are_refused():
    with pytest.raises(SettingsError, match="threads"):
        IniSim(threads=-1)


def test_an_output_that_is_no_neuron_is_refused(builder):
    b = builder((3,))
    b.fire()
    b.dense(2)
    (problem,) = IniSim().inspect(b.network())
    assert problem.layer == "dense2"
    with pytest.raises(UnsupportedLayer, match="'dense2'"):
        IniSim().build(b.network(), Setup(CLOCK))


def test_an_activation_is_refused(builder):
    b = builder((3,))
    b.put(Activation, function="relu")
    b.fire()
    with pytest.raises(UnsupportedLayer, match="layer 'activation1': backend 'inisim' does not run Activation"):
        IniSim().build(b.network(), Setup(CLOCK))


def test_accumulating_neurons_anywhere_but_at_the_output_are_refused(builder):
    b = builder((3,))
    b.put(Accumulate)
    b.fire()
    with pytest.raises(UnsupportedLayer, match="'accumulate1'"):
        IniSim().build(b.network(), Setup(CLOCK))


def test_closing_twice_is_allowed(network):
    with IniSim().build(network, Setup(CLOCK)) as simulator:
        simulator.close()
    simulator.close()


def test_an_exception_lets_go_and_passes(network):
    with pytest.raises(KeyError), IniSim().build(network, Setup(CLOCK)):
        raise KeyError


def test_samples_of_another_shape_are_refused(network):
    with (
        pytest.raises(SimulationError, match=r"\(4,\).*\(3,\)"),
        IniSim().build(network, Setup(CLOCK)) as simulator,
    ):
        simulator.run(ConstantCurrent(np.zeros((1, 4), np.float32), np.arange(1), CLOCK))


def test_a_stimulus_for_another_clock_is_refused(network):
    with (
        pytest.raises(SimulationError, match="the stimulus is made for Clock"),
        IniSim().build(network, Setup(CLOCK)) as simulator,
    ):
        simulator.run(ConstantCurrent(np.zeros((1, 3), np.float32), np.arange(1), Clock(5, 0.5)))


def test_the_network_is_left_alone(network, record_all):
    before = {layer.name: np.array(layer.weight) for layer in network.layers if hasattr(layer, "weight")}
    simulator = IniSim().build(network, record_all(network, CLOCK))
    simulator.run(ConstantCurrent(np.ones((2, 3), np.float32), np.arange(2), CLOCK))
    for name, weight in before.items():
        np.testing.assert_array_equal(network[name].weight, weight)


def test_facts_tell_what_was_built(network):
    facts = IniSim(threads=2).build(network, Setup(CLOCK)).facts()
    assert facts["engine"] == "rate"
    assert facts["threads"] == 2


def test_compiling_is_told_once_and_works_without_a_cache_folder(monkeypatch):
    def without_folders(**options):
        if options.get("cache"):  # as numba does where neither the package's nor the user's folder can be written
            raise RuntimeError
        return numba.njit(**options)

    monkeypatch.setattr(compiling, "njit", without_folders)

    @compiling.compiled("void(float32[::1])")
    def double(values):
        for i in range(len(values)):
            values[i] *= 2

    told = []
    compiling.prepare([double], told.append)
    compiling.prepare([double], told.append)
    assert [progress.stage for progress in told] == ["build"]
    values = np.float32([1, 2])
    double(values)
    assert values.tolist() == [2, 4]
