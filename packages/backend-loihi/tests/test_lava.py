"""Lava gives what the emulator gives, spike for spike and voltage for voltage."""

import subprocess
from pathlib import Path

import networks
import numpy as np
import pytest
from snn.dataset import Dataset
from snn.errors import SimulationError
from snn.simulating import Setup
from snn.testing import BackendSuite, golden
from snn_backend_loihi.backend import Loihi

pytest.importorskip("lava.magma", reason="Lava needs Python 3.10")


class TestLava(BackendSuite):
    backend = Loihi(executor="lava")


@pytest.mark.parametrize("kind", ["spikes", "current"])
@pytest.mark.parametrize("reset", ["zero", "subtract"])
@pytest.mark.parametrize("make", [networks.dense, networks.conv, lambda *a, **k: networks.conv(*a, padding=0, **k)])
def test_spikes_and_voltages_are_those_of_the_emulator(make, reset, kind):
    network = make(5, reset=reset)
    samples = np.random.default_rng(5).random((10, *network.shapes["input"])).astype(np.float32)
    network = Loihi().fit(network, Dataset(samples, np.full(10, -1)))
    stimulus = networks.spikes(network, 5, steps=20, batch=2)
    if kind == "current":
        stimulus = golden.current(samples[:2], 20)
    ours, theirs = (networks.record(network, stimulus, executor=executor) for executor in ("emulator", "lava"))
    assert ours.potentials.keys() == theirs.potentials.keys()
    for name, events in ours.spikes.items():
        assert len(events.neuron)
        for column in ("step", "sample", "neuron"):
            np.testing.assert_array_equal(getattr(events, column), getattr(theirs.spikes[name], column), err_msg=name)
    for name, potentials in ours.potentials.items():
        np.testing.assert_array_equal(potentials, theirs.potentials[name], err_msg=name)


def processes():
    """Return how many processes of Lava there are."""
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout  # noqa: S607
    return listed.count("snn_backend_loihi.lava.worker")


def shared_memory():
    """Return the segments of shared memory that Python's processes have."""
    return {path.name for path in Path("/dev/shm").glob("psm_*")}  # noqa: S108  where Linux keeps it


def test_nothing_of_lava_is_left_when_a_run_is_cut_off(tmp_path):
    network = Loihi().fit(networks.dense(0), None)
    before, kept = processes(), shared_memory()
    stimulus = networks.spikes(network, 0, steps=200)

    def interrupted(progress):
        raise KeyboardInterrupt

    with (
        pytest.raises(KeyboardInterrupt),
        Loihi(executor="lava").build(
            network, Setup(clock=stimulus.clock, kind="spikes", tell=interrupted)
        ) as simulator,
    ):
        simulator.run(stimulus)
    assert processes() == before
    assert shared_memory() <= kept


def test_lava_that_says_nothing_is_given_up():
    network = Loihi().fit(networks.dense(0), None)
    stimulus = networks.spikes(network, 0, steps=2000)
    setup = Setup(clock=stimulus.clock, kind="spikes")
    with Loihi(executor="lava").build(network, setup) as simulator:
        simulator._child._patience_s = 1.0
        with pytest.raises(SimulationError, match=r"Lava was asked to present, and has said nothing for 1 s"):
            simulator.run(stimulus)


def test_what_fails_in_lava_is_one_line_with_its_log(tmp_path):
    network = Loihi().fit(networks.dense(0), None)
    stimulus = networks.spikes(network, 0, steps=5)
    setup = Setup(clock=stimulus.clock, kind="spikes", folder=tmp_path)
    with (
        Loihi(executor="lava").build(network, setup) as simulator,
        pytest.raises(SimulationError, match=r"^Lava failed to present: ") as caught,
    ):
        simulator._child.ask("present", None)
    assert str(tmp_path / "lava" / "log.txt") in caught.value.hint
