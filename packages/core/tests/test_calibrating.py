"""A code finds its duration by trials on the backend of the run, or a rule holds and that is told."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from snn import calibrating, checking
from snn.clock import Clock
from snn.codes.ttfs import Ttfs
from snn.converting import convert
from snn.errors import SimulationError
from snn.plugins import Plugins
from snn.run_file import CONVERTING, build
from snn.simulating import Backend, NotSimulated, Recording, Simulator

from . import graphs

PLUGINS = Plugins()


@dataclass(frozen=True)
class Echo(Backend):
    """Gives back the samples from step ``since`` on, and the other way round from step ``until`` on."""

    name: ClassVar[str] = "echo"
    layers: ClassVar[frozenset] = frozenset()

    since: int = 4
    until: int = 30

    def build(self, network, setup):
        return Parrot(self, setup)


class Parrot(Simulator):
    presented: ClassVar[list] = []  # the clock and the number of samples of each batch

    def __init__(self, backend, setup):
        self.backend, self.setup = backend, setup

    def run(self, stimulus):
        clock = stimulus.clock
        assert clock == self.setup.clock
        self.presented.append((clock, len(stimulus.samples)))
        output = np.zeros((clock.steps, *stimulus.samples.shape), np.float32)
        output[self.backend.since :] = stimulus.samples
        output[self.backend.until :] = -stimulus.samples
        return Recording(output)


@dataclass(frozen=True)
class Paper(Echo):
    """Only writes files."""

    def build(self, network, setup):
        return Files(self, setup)


class Files(Parrot):
    def run(self, stimulus):
        raise NotSimulated("files are written")


@dataclass(frozen=True)
class Absent(Echo):
    requires: ClassVar[tuple[str, ...]] = ("no_such_simulator",)


@dataclass(frozen=True)
class Broken(Echo):
    def build(self, network, setup):
        return Wreck(self, setup)


class Wreck(Parrot):
    def run(self, stimulus):
        raise RuntimeError("out of memory")


@pytest.fixture
def network():
    layers = [graphs.dense("d", "in", np.eye(2)), graphs.relu("r", "d"), graphs.dense("e", "r", np.eye(2))]
    return convert(graphs.chain((2,), *layers, stage="normalised"), Ttfs())


def calibrated(network, backend, count=600, data=True):
    run = build({"convert": {"code": "ttfs"}}, PLUGINS, uses=CONVERTING)
    run = dataclasses.replace(run, backends={"inisim": backend})
    samples = np.random.default_rng(0).random((count, 2)).astype(np.float32)
    told = []
    typical = checking.from_arrays(samples, None, "typical") if data else None
    return calibrating.calibrated(run, network, PLUGINS, typical, told.append), [p.note for p in told if p.note]


def test_the_shortest_good_duration_is_kept_and_told(network):
    # The classes of a parrot are right from step 5 to step 30 of the 70 (2.5 times 28) that are tried.
    Parrot.presented.clear()
    found, told = calibrated(network, Echo())
    note = "duration 1.25 ms: agrees with the analog network on 100.0 % of 500 samples of typical"
    assert (found.clock, told) == (Clock(1.25, 0.25), [note])
    assert found.provenance == (*network.provenance, note)
    assert [layer.name for layer in found.layers] == [layer.name for layer in network.layers]
    assert Parrot.presented == [(Clock(17.5, 0.25), 100)] * 5, "500 of the 600 samples, in batches of the run"


def test_low_agreement_is_told_with_a_way_out(network):
    _, told = calibrated(network, Echo(since=0, until=0), count=20)
    (note,) = told
    assert note.startswith("duration 0.25 ms: agrees with the analog network on 0.0 % of 20 samples")
    assert note.endswith("; other codes may suit this network better")


@pytest.mark.parametrize("backend", [Paper(), Absent()])
def test_a_backend_that_does_not_run_here_leaves_the_rule(network, backend):
    found, told = calibrated(network, backend)
    assert found is network
    assert told == ["backend 'echo' does not run here: the duration, 7 ms, is that of a rule by depth"]


def test_without_samples_the_rule_holds(network):
    found, told = calibrated(network, Echo(), data=False)
    assert found is network
    assert told[0].startswith("no calibration samples: the duration, 7 ms, is that of a rule by depth")


def test_a_backend_that_fails_is_told_as_ever(network):
    with pytest.raises(SimulationError, match="backend 'echo' failed on the batch from sample 0: out of memory"):
        calibrated(network, Broken())
