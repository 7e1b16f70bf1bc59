"""A program of Brian2 gives the spikes of INI's engine, is compiled once, and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from snn import layers as op
from snn.clock import Clock
from snn.encoding import ConstantCurrent, PoissonSpikes
from snn.errors import SimulationError
from snn.network import Network
from snn.neurons import Accumulate, IntegrateFire
from snn.plugins import Plugins
from snn.sequences import sequence
from snn.simulating import Record, Setup
from snn_backend_brian2 import standalone
from snn_backend_brian2.backend import Brian2
from snn_backend_brian2.brian import b2 as brian2
from test_against_inisim import eighths

needs_compiler = pytest.mark.skipif(
    os.name == "nt" or not (shutil.which("g++") and shutil.which("make")), reason="there is no g++, or no make"
)
CLOCK = Clock(duration_ms=16)
SHAPE = (2, 4)


def network(**fields):
    """Return two groups of neurons with a max-pool between them, and a readout by potential."""
    rng = np.random.default_rng(5)
    return Network(
        (
            op.Input(name="input", shape=SHAPE),
            op.Affine(name="scale", inputs=("input",), scale=eighths(rng, 2) + 1, shift=np.array([0.25, 0.125])),
            IntegrateFire(name="first", inputs=("scale",), **fields),
            op.MaxPool(name="largest", inputs=("first",), size=(2,), stride=(2,), padding=((0, 0),)),
            op.Flatten(name="flat", inputs=("largest",)),
            op.Dense(name="dense", inputs=("flat",), weight=eighths(rng, 6, 4) + 0.25, bias=np.full(6, 0.0625)),
            IntegrateFire(name="second", inputs=("dense",), **fields),
            op.Dense(name="classes", inputs=("second",), weight=eighths(rng, 3, 6), bias=eighths(rng, 3)),
            Accumulate(name="out", inputs=("classes",)),
        ),
        stage="spiking",
    )


def samples(seed, number):
    return (np.random.default_rng(seed).integers(0, 9, (number, *SHAPE)) / 8).astype(np.float32)


def current(seed, number):
    return ConstantCurrent(samples(seed, number), np.arange(number), CLOCK)


def played(made, batches, folder=None):
    """Return what a program and INI's engine record of each batch."""
    names = frozenset({"first", "second"})
    record = Record(counts=names, spikes=names, potentials=frozenset({"second"}))
    found = []
    for backend in (Brian2(codegen="cpp_standalone"), Plugins().component("backend", "inisim")()):
        setup = Setup(clock=batches[0].clock, record=record, kind=batches[0].kind, folder=folder)
        with backend.build(made, setup) as simulator:
            found.append([simulator.run(batch) for batch in batches])
    return zip(*found, strict=True)


def same(ours, theirs, made):
    steps, batch = theirs.output.shape[:2]
    for name in theirs.spikes:
        dense = [recording.spikes[name].dense(steps, batch, made.shapes[name]) for recording in (ours, theirs)]
        assert dense[1].any(), name
        assert (dense[0] == dense[1]).all(), name
        assert (ours.counts[name] == theirs.counts[name]).all(), name
    assert ours.potentials["second"] == pytest.approx(theirs.potentials["second"], abs=1e-6)
    assert ours.output == pytest.approx(theirs.output, abs=1e-6)


@pytest.fixture(autouse=True)
def _brian2_is_left_as_it_was():
    devices = sys.modules["brian2.devices.device"]  # the package has something else of this name

    def state():
        return brian2.get_device(), len(devices.previous_devices), brian2.prefs.codegen.target

    before, environment, place = state(), dict(os.environ), Path.cwd()
    yield
    assert state() == before
    assert {**os.environ, "PYTEST_CURRENT_TEST": ""} == {**environment, "PYTEST_CURRENT_TEST": ""}
    assert Path.cwd() == place
    assert not brian2.Network._globally_running


@pytest.fixture(autouse=True)
def _compilers_take_their_ease():
    """Compile without optimisation, which takes a third of the time; what is computed is the same."""
    key = "codegen.cpp.extra_compile_args_gcc"
    before = brian2.prefs[key]
    brian2.prefs[key] = ["-w", "-O0", "-std=c++11"]
    yield
    brian2.prefs[key] = before


@needs_compiler
def test_currents_give_the_same_spikes_in_batches_of_any_size_and_compile_once(tmp_path, monkeypatch):
    """The program is compiled for three samples; two, and five in two runs, are played by the same one."""
    compiled = []
    make = standalone._make
    monkeypatch.setattr(standalone, "_make", lambda *words: (compiled.append(words), make(*words)))
    made = network(leak=0.125, refractory_ms=2.0, initial=np.float32(0.5))
    for ours, theirs in played(made, [current(1, 3), current(2, 2), current(3, 5)], tmp_path):
        same(ours, theirs, made)
        assert (ours.operations == theirs.operations).all()
    assert len(compiled) == 1
    assert not list(tmp_path.iterdir())


@needs_compiler
def test_random_spikes_give_the_same_spikes():
    made = network()
    batches = [PoissonSpikes(samples(seed, 2), np.arange(2), CLOCK, rate_hz=500.0) for seed in (1, 2)]
    for ours, theirs in played(made, batches):
        same(ours, theirs, made)


@needs_compiler
def test_samples_in_a_row_give_the_same_spikes():
    made = network(reset="zero")
    clock = Clock(duration_ms=8)
    parts = [ConstantCurrent(samples(seed, 2), np.arange(2), clock) for seed in (1, 2)]
    for ours, theirs in played(made, [sequence(parts)]):
        same(ours, theirs, made)


def test_without_a_compiler_there_is_one_error(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SimulationError, match=r"compiles C[+][+], and there is no 'make' here") as caught:
        Brian2(codegen="cpp_standalone").build(network(), Setup(clock=CLOCK))
    assert "numpy" in caught.value.hint


@needs_compiler
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError("no space")])
def test_what_fails_while_it_is_compiled_leaves_nothing(monkeypatch, tmp_path, error):
    def failing(*words):
        assert list(tmp_path.glob("brian2-*/main.cpp"))
        raise error

    monkeypatch.setattr(standalone, "_make", failing)
    setup = Setup(clock=CLOCK, folder=tmp_path)
    simulator = Brian2(codegen="cpp_standalone").build(network(), setup)
    with pytest.raises((KeyboardInterrupt, SimulationError)), simulator:
        simulator.run(current(1, 1))
    assert not list(tmp_path.iterdir())


@needs_compiler
def test_a_program_that_is_not_compiled_is_one_error(tmp_path):
    (tmp_path / "makefile").write_text("all:\n\t@echo 'main.cpp:3: error: no such thing' >&2; exit 1\n")
    with pytest.raises(SimulationError, match=r"was not compiled: main\.cpp:3: error: no such thing") as caught:
        standalone._make(["make"], str(tmp_path))
    assert caught.value.hint


@needs_compiler
def test_an_interrupt_ends_the_compiler(tmp_path, monkeypatch):
    import subprocess

    (tmp_path / "makefile").write_text("all:\n\tsleep 60; touch late\n")
    started = []
    wait = subprocess.Popen.communicate

    def interrupted(self, *words, **named):
        started.append(self)
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess.Popen, "communicate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        standalone._make(["make"], str(tmp_path))
    monkeypatch.setattr(subprocess.Popen, "communicate", wait)
    assert started[0].returncode == -9
