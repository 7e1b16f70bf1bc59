"""The process of sPyNNaker: what it leaves alone, how it ends, and what it says of a virtual machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
import snn
from snn import layers as op
from snn.clock import Clock
from snn.encoding import ConstantCurrent, RegularSpikes
from snn.errors import PluginError, SimulationError
from snn.network import Network
from snn.neurons import Accumulate, IntegrateFire
from snn.processes.process import LOG
from snn.progress import say_nothing
from snn.simulating import NotSimulated, Setup
from snn_backend_spinnaker.spinnaker.backend import SpiNNaker
from snn_backend_spinnaker.spinnaker.process import config, spynnaker
from snn_backend_spinnaker.spinnaker.simulator import SpiNNakerSimulator, described, driven

ABSENT = find_spec("spynnaker") is None
needs_spynnaker = pytest.mark.skipif(ABSENT, reason="sPyNNaker is not installed")


def network(reset="zero"):
    rng = np.random.default_rng(2)
    return Network(
        (
            op.Input(name="input", shape=(12,)),
            IntegrateFire(name="hidden", inputs=("input",), reset=reset),
            op.Dense(
                name="dense",
                inputs=("hidden",),
                weight=rng.normal(size=(5, 12)).astype(np.float32),
                bias=np.full(5, 0.1, np.float32),
            ),
            Accumulate(name="out", inputs=("dense",)),
        ),
        stage="spiking",
        clock=Clock(duration_ms=8),
    )


def process(folder=None, patience_s=60.0):
    return spynnaker(config("", 5), folder, patience_s, say_nothing)


def test_the_settings_name_the_board_or_none():
    assert config("spinn-4.example.org", 3) == "[Machine]\nmachine_name = spinn-4.example.org\nversion = 3\n"
    assert config("", 5) == "[Machine]\nvirtual_board = True\nversion = 5\n"


def test_a_process_that_dies_gives_one_error_and_leaves_nothing():
    running = process()
    os.kill(running._process.pid, signal.SIGKILL)
    with pytest.raises(SimulationError, match=r"^the process of sPyNNaker, asked to build, was ended by") as caught:
        running.ask("build")
    assert "snn check spinnaker" in caught.value.hint
    assert not running.folder.exists()


def test_files_are_kept_in_a_folder_of_their_own_where_there_is_one(tmp_path):
    first, second = process(tmp_path), process(tmp_path)
    first.close()
    second.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["spinnaker", "spinnaker-2"]
    assert (tmp_path / "spinnaker" / LOG).exists()


@pytest.mark.skipif(not ABSENT, reason="sPyNNaker is installed")
def test_without_spynnaker_the_error_says_what_to_install():
    with pytest.raises(PluginError, match="backend 'spinnaker' needs sPyNNaker") as caught:
        SpiNNaker(virtual=True).build(network(), Setup())
    assert "pip install sPyNNaker" in caught.value.hint


def test_a_missing_binary_is_an_error_that_names_it():
    """A virtual machine needs none; sPyNNaker only writes a line into its log."""
    simulator = SpiNNakerSimulator.__new__(SpiNNakerSimulator)
    simulator._process = None
    with pytest.raises(SimulationError, match=r"lacks IF_trunc_delta\.aplx: no board can run the network"):
        simulator._tell_of({"spynnaker": "1!7.4.1", "missing_binaries": ["IF_trunc_delta.aplx"]})


def run(words, folder, home):
    command = [sys.executable, "-W", "error", "-c", "from snn.cli import main; main()", *words]
    environment = {**os.environ, "HOME": str(home), "COLUMNS": "100"}
    return subprocess.run(command, cwd=folder, env=environment, text=True, capture_output=True, check=False)


@pytest.fixture
def files(tmp_path):
    """Return a folder with a network and samples, and a home with a user's own settings of sPyNNaker."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".spynnaker.cfg").write_text("[Machine]\nmachine_name = my-board\nversion = 5\n")
    folder = tmp_path / "work"
    folder.mkdir()
    snn.save(network(), folder / "net.snn")
    np.savez(folder / "x.npz", x=np.full((2, 12), 0.5, np.float32), y=[0, 1])
    return folder, home


VIRTUAL = [
    "simulate",
    "net.snn",
    "--data",
    "x.npz",
    "--backend",
    "spinnaker",
    "--set",
    "backend.spinnaker.virtual=true",
]


@needs_spynnaker
def test_a_virtual_run_exits_with_0_prints_cores_and_chips_and_has_no_accuracy(files):
    folder, home = files
    done = run([*VIRTUAL, "--out", "out"], folder, home)
    assert done.returncode == 0, done.stderr
    printed = " ".join(done.stdout.split())
    assert "net on spinnaker: built, not simulated" in printed
    assert "│ cores │ 3 │" in printed  # of the two layers, and the clock of the biases
    assert "│ chips │ 1 │" in printed
    assert "placements, hidden │ 1 core: chip (0, 0)" in printed
    assert "nothing was simulated, so there is no accuracy: the machine is virtual" in printed
    told = json.loads((folder / "out" / "result.json").read_text())
    assert (told["accuracy"], told["simulated"]) == (None, False)
    assert "IF_trunc_delta.aplx" in told["facts"]["binaries"]
    assert (home / ".spynnaker.cfg").read_text().startswith("[Machine]\nmachine_name = my-board")
    assert [path.name for path in home.iterdir()] == [".spynnaker.cfg"], "nothing is written to the user's home"
    assert (folder / "out" / "spinnaker" / LOG).exists()


@needs_spynnaker
def test_json_has_no_accuracy_either(files):
    folder, home = files
    done = run([*VIRTUAL, "--json"], folder, home)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["accuracy"] is None
    assert told["facts"]["cores"] == 3


@needs_spynnaker
def test_a_board_that_does_not_answer_is_one_error(files):
    folder, home = files
    words = [*VIRTUAL[:-1], "backend.spinnaker.machine=no-such-board.invalid"]
    done = run(words, folder, home)
    assert done.returncode == 7
    lines = done.stderr.splitlines()
    assert [line for line in lines if line.startswith("error: ")] == [lines[-2]]
    assert "sPyNNaker failed to present" in lines[-2]
    assert lines[-1].startswith("hint: ")


def test_no_board_is_one_error_that_says_how_to_name_it(files):
    folder, home = files
    done = run(VIRTUAL[:-2], folder, home)
    assert done.returncode == (3 if ABSENT else 7)
    if not ABSENT:
        assert done.stderr.splitlines()[-2] == "error: backend 'spinnaker' has no board"


@needs_spynnaker
def test_a_batch_after_a_virtual_mapping_says_that_nothing_was_simulated():
    told = []
    setup = Setup(clock=Clock(duration_ms=8), tell=told.append)
    with SpiNNaker(virtual=True).build(network(), setup) as simulator:
        assert simulator.facts()["cores"] == 3
        stimulus = ConstantCurrent(np.ones((1, 12), np.float32), np.arange(1), setup.clock)
        with pytest.raises(NotSimulated, match="gave the network its places"):
            simulator.run(stimulus)
    assert {"build", "map"} <= {step.stage for step in told}


@needs_spynnaker
@pytest.mark.parametrize("kind", ["current", "spikes"])
def test_samples_pass_through_every_call_that_a_board_gets(kind):
    """On a virtual machine they leave nothing behind; that each call is accepted can be seen without a board."""
    made, clock = network(), Clock(duration_ms=8)
    samples = np.linspace(0, 1, 24, dtype=np.float32).reshape(2, 12)
    stimulus = (ConstantCurrent if kind == "current" else RegularSpikes)(samples, np.arange(2), clock)
    backend = SpiNNaker(virtual=True)
    plan = backend.plan(made, clock, entry=kind == "spikes")
    order = described(plan, {"hidden": ["spikes", "v"], "out": ["v"]})
    given = driven(plan, made, stimulus)
    if kind == "spikes":
        entered = stimulus.steps(0, clock.steps)
        for sample in range(2):
            given[f"step/{sample}"], given[f"neuron/{sample}"] = np.nonzero(entered[:, sample])
    running = process()
    try:
        more = {"dt_ms": 1.0, "time_scale_factor": 1, "neurons_per_core": 64, "boards": 1}
        running.ask("build", order | more)
        found = running.ask("present", {"samples": 2, "entry": "input", "given": given})["found"]
        assert set(found) == {
            f"{variable}/{sample}/{name}"
            for sample in range(2)
            for variable, name in (("spikes", "hidden"), ("v", "hidden"), ("v", "out"))
        }
        assert found["spikes/1/hidden"].shape == (0, 2)
    finally:
        running.close()


@needs_spynnaker
def test_synapses_are_sorted_into_the_rows_that_spynnaker_makes():
    """The quicker way gives the very same rows; in a process of its own, since sPyNNaker is not imported here."""
    code = """
import numpy as np
from spynnaker.pyNN.models.neuron.synapse_dynamics import SynapseDynamicsStatic as Static
from snn_backend_spinnaker.spinnaker.worker import synapse
rng = np.random.default_rng(0)
rows, data = rng.integers(0, 40, 500), rng.integers(0, 255, (500, 4)).astype(np.uint8)
given = (None, rows, 50, data, 12)
ours, theirs = (kind.convert_per_connection_data_to_rows(*given) for kind in (synapse(Static), Static))
assert len(ours) == len(theirs) == 50 and all(np.array_equal(a, b) for a, b in zip(ours, theirs))
"""
    subprocess.run([sys.executable, "-c", code], check=True)
