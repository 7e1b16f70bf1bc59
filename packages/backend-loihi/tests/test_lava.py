"""Lava gives what the emulator gives, spike for spike and voltage for voltage."""

import re
from contextlib import suppress
from pathlib import Path

import loihi_networks as networks
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


@pytest.mark.parametrize("seed", [0, 1])
def test_neurons_whose_currents_and_potentials_leak_are_those_of_the_emulator(seed):
    network, stimulus = networks.trained(seed, refractory_steps=1)
    ours, theirs = (networks.record(network, stimulus, executor=executor) for executor in ("emulator", "lava"))
    for name, events in ours.spikes.items():
        for column in ("step", "sample", "neuron"):
            np.testing.assert_array_equal(getattr(events, column), getattr(theirs.spikes[name], column), err_msg=name)
        np.testing.assert_array_equal(ours.potentials[name], theirs.potentials[name], err_msg=name)


def session(leader):
    """Return the processes of the session of ``leader``."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError):
            state, _, _, number = (place / "stat").read_text().rpartition(")")[2].split()[:4]
            if int(number) == leader and state != "Z":  # it may wait to be buried
                found.append(place)
    return found


def shared_memory(places):
    """Return the segments of shared memory that processes have."""
    found = set()
    for place in places:
        with suppress(OSError):
            found |= set(re.findall(r"/(psm_\w+)", (place / "maps").read_text()))
    return found


def test_nothing_of_lava_is_left_when_a_run_is_cut_off():
    network = Loihi().fit(networks.dense(0), None)
    stimulus = networks.spikes(network, 0, steps=200)
    begun = []

    def interrupted(progress):
        raise KeyboardInterrupt

    simulator = Loihi(executor="lava").build(network, Setup(clock=stimulus.clock, kind="spikes", tell=interrupted))
    leader, hear = simulator._child._process.pid, simulator._child._hear

    def heard(word):
        message = hear(word)
        begun.append((len(session(leader)), shared_memory(session(leader))))
        return message

    simulator._child._hear = heard
    with pytest.raises(KeyboardInterrupt), simulator:
        simulator.run(stimulus)
    ((processes, segments),) = begun
    assert processes > 5
    assert segments
    assert not session(leader)
    assert not [name for name in segments if (Path("/dev/shm") / name).exists()]  # noqa: S108  where Linux keeps it


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
