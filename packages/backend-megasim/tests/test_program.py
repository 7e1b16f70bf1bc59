"""MegaSim's own program, played by small scripts: one runs, one fails, one hangs, one writes nothing."""

from __future__ import annotations

import sys
import tempfile
import time

import numpy as np
import pytest
from megasim_networks import branches, given, recorded
from snn import layers as op
from snn.errors import SimulationError, UnsupportedLayer
from snn.network import Network
from snn.neurons import Accumulate, IntegrateFire
from snn.simulating import Record, Setup
from snn_backend_megasim.backend import MegaSim

ENGINE = "from snn_backend_megasim.engine.__main__ import main\nsys.exit(main(sys.argv[1:]))\n"


@pytest.fixture
def private(tmp_path, monkeypatch):
    """Return the folder in which temporary ones are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def program(tmp_path):
    """Return what makes a program of a few lines of Python, and gives the backend that runs it."""

    def made(lines, **settings):
        path = tmp_path / "megasim-program"
        path.write_text(f"#!{sys.executable}\nimport sys, time\n{lines}")
        path.chmod(0o755)
        return MegaSim(program=str(path), **settings)

    return made


def run(backend, folder=None):
    network = branches(0)
    return recorded(network, given(network, 2, 8, 0), backend, potentials=False, folder=folder)


def test_a_program_that_runs_the_files_gives_what_the_engine_gives(program, private):
    ours, _ = run(MegaSim())
    theirs, facts = run(program(ENGINE))
    np.testing.assert_array_equal(theirs.output, ours.output)
    assert facts["ran"].endswith("megasim-program")
    assert list(private.iterdir()) == []


def test_a_program_that_fails_is_told_with_its_last_line_and_its_log_is_kept(program, tmp_path):
    backend = program("print('loading'); print('no memory'); sys.exit(3)")
    with pytest.raises(SimulationError, match="the process of MegaSim ended with exit code 3: no memory") as caught:
        run(backend, tmp_path)
    assert str(tmp_path / "megasim" / "log.txt") in caught.value.hint
    assert (tmp_path / "megasim" / "log.txt").read_text() == "loading\nno memory\n"
    assert list((tmp_path / "megasim").glob("*.evs")) == []


def test_a_program_that_tells_of_an_error_and_ends_well_has_failed(program, private):
    with pytest.raises(SimulationError, match="MegaSim tells of an error: Error: bad kernel in fire_1"):
        run(program("print('Error: bad kernel in fire_1')"))
    assert list(private.iterdir()) == []


def test_a_program_that_hangs_is_ended(program, private):
    begin = time.monotonic()
    with pytest.raises(SimulationError, match=r"MegaSim has not ended after 0\.5 s: at tick 1"):
        run(program("print('at tick 1', flush=True); time.sleep(60)", patience_s=0.5))
    assert time.monotonic() - begin < 30
    assert list(private.iterdir()) == []


def test_a_program_that_leaves_events_unwritten_is_told(program, private):
    with pytest.raises(SimulationError, match=r"MegaSim has ended and has not written node_input_flat\.evs: done"):
        run(program("print('done')"))


def test_events_of_the_batch_before_are_not_read_again(program, tmp_path):
    backend = program(
        f"import os\nif os.path.exists('{tmp_path}/second'): sys.exit(0)\nopen('{tmp_path}/second', 'w')\n{ENGINE}"
    )
    network = branches(0)
    stimulus = given(network, 2, 8, 0)
    with backend.build(network, Setup(clock=stimulus.clock, folder=tmp_path)) as simulator:
        simulator.run(stimulus)
        with pytest.raises(SimulationError, match="has not written"):
            simulator.run(stimulus)


def test_a_program_that_writes_events_of_no_neuron_is_told_with_the_line(program, private):
    lines = (
        ENGINE.replace("sys.exit(", "").replace("))\n", ")\n") + "open('node_out.evs', 'a').write('30 -1 -1 99 0 1\\n')"
    )
    with pytest.raises(SimulationError, match=r"^node_out\.evs, line \d+: no neuron is at x = 99, y = 0"):
        run(program(lines))


@pytest.mark.parametrize(
    ("named", "message"),
    [("/nowhere/megasim", "/nowhere/megasim is not there"), ("no-such-program", "is not there"), (".", "is a folder")],
)
def test_a_program_that_is_not_there_is_told_before_anything_is_written(named, message, private, tmp_path):
    with pytest.raises(SimulationError, match=f"backend.megasim.program: .*{message}") as caught:
        run(MegaSim(program=named), tmp_path / "never")
    assert caught.value.hint
    assert list(private.iterdir()) == []


@pytest.mark.parametrize("named", ["megasim-program", "./megasim-program"])
def test_a_path_is_relative_to_where_the_command_is_run(named, program, tmp_path, monkeypatch):
    program(ENGINE)
    monkeypatch.chdir(tmp_path)
    _, facts = run(MegaSim(program=named))
    assert facts["ran"] == str(tmp_path / "megasim-program")


def test_a_file_that_may_not_be_run_is_told(tmp_path):
    path = tmp_path / "text"
    path.write_text("no program")
    with pytest.raises(SimulationError, match="is no program that may be run"):
        run(MegaSim(program=str(path)))


def pool_and_potential():
    layers = (
        op.Input(name="input", shape=(1, 2, 2)),
        op.MaxPool(name="max", inputs=("input",), size=(2, 2), stride=(2, 2), padding=((0, 0), (0, 0))),
        IntegrateFire(name="fire", inputs=("max",)),
        Accumulate(name="out", inputs=("fire",)),
    )
    return Network(layers, stage="spiking")


def test_what_only_the_engine_has_is_refused_by_name(program):
    problems = {problem.layer: problem.message for problem in program(ENGINE).inspect(pool_and_potential())}
    assert problems == {
        "max": "MegaSim's program has no max-pool; the engine of this backend has one",
        "out": "MegaSim's program writes spikes, no potentials",
    }
    assert MegaSim().inspect(pool_and_potential()) == ()


def test_potentials_that_no_file_has_are_refused_by_name(program):
    network = branches(0)
    setup = Setup(record=Record(potentials=frozenset({"fire/2"})))
    with pytest.raises(UnsupportedLayer, match="layer 'fire/2': MegaSim's program writes spikes, no potentials"):
        program(ENGINE).build(network, setup)


@pytest.mark.parametrize("where", ["engine.running._write", "simulator.spikes_of", "simulator.stimuli"])
def test_a_run_that_is_cut_off_leaves_no_half_of_it(where, monkeypatch, private, tmp_path):
    def interrupted(*words):
        raise KeyboardInterrupt

    monkeypatch.setattr(f"snn_backend_megasim.{where}", interrupted)
    for folder in (None, tmp_path):
        with pytest.raises(KeyboardInterrupt):
            run(MegaSim(), folder)
    assert list(private.iterdir()) == []
    assert list((tmp_path / "megasim").glob("*.evs")) == list((tmp_path / "megasim").glob(".*")) == []


def test_a_netlist_that_is_cut_off_is_not_there(monkeypatch, private, tmp_path):
    def interrupted(parameters):
        raise KeyboardInterrupt

    monkeypatch.setattr("snn_backend_megasim.files.parameters.written", interrupted)
    out = tmp_path / "out"
    out.mkdir()
    for folder in (None, out):
        with pytest.raises(KeyboardInterrupt):
            run(MegaSim(), folder)
    assert list(private.iterdir()) == list(out.iterdir()) == []


def test_a_folder_that_is_there_already_is_left_as_it_is(tmp_path):
    (tmp_path / "megasim").mkdir()
    run(MegaSim(), tmp_path)
    assert list((tmp_path / "megasim").iterdir()) == []
    assert (tmp_path / "megasim-2" / "megasim.sch").is_file()


def test_the_engine_as_a_program_tells_what_is_wrong(tmp_path, monkeypatch):
    from snn_backend_megasim.engine.__main__ import main

    assert main([]).startswith("usage")
    assert "megasim.sch cannot be read: No such file" in main([str(tmp_path / "megasim.sch")])
