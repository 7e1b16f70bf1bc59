"""A run over values of its settings: equal to single runs, done once, and gone on with."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import snn as toolbox
from snn import over, planning
from snn.errors import OutputError, SettingsError
from snn.plugins import Plugins

OWN = ("seconds", "facts", "command")  # what may differ between two equal runs


@pytest.fixture
def run_file(tmp_path, example):
    """Return a run file of a small part of the example's samples."""
    lines = [
        'name = "small"',
        f"source = '{example / 'mnist.keras'}'",
        f"[data]\nsamples = '{example / 'test.npz'}'\nnormalise_with = 'few.npz'\ncount = 20",
        "[simulate]\nduration_ms = 4",
    ]
    (tmp_path / "run.toml").write_text("\n".join(lines))
    with np.load(example / "calibration.npz") as data:
        np.savez(tmp_path / "few.npz", x=data["x"][:50])
    return tmp_path / "run.toml"


def told(path):
    """Return a result.json without what differs from run to run."""
    content = json.loads(path.read_text())
    return {key: value for key, value in content.items() if key not in OWN}


def rows(folder):
    return list(csv.DictReader((folder / "sweep.csv").read_text().splitlines()))


def test_each_point_is_what_a_single_run_finds(snn, run_file, tmp_path):
    overs = ("--over", "convert.reset=subtract,zero", "--over", "simulate.duration_ms=3:5:2")
    done = snn("sweep", run_file, *overs, "--jobs", 2, "--out", "swept")
    assert done.returncode == 0, done.stderr
    assert "4 points" in done.stdout
    values = [(row["convert.reset"], row["simulate.duration_ms"]) for row in rows(tmp_path / "swept")]
    assert values == [("subtract", "3"), ("subtract", "5"), ("zero", "3"), ("zero", "5")]
    toolbox.run(run_file, "convert.reset=zero", "simulate.duration_ms=5", out=tmp_path / "single")
    point = tmp_path / "swept/points/4"
    for name in ("samples.csv", "curve.csv", "run.toml"):
        assert (point / name).read_text() == (tmp_path / "single" / name).read_text()
    assert told(point / "result.json") == told(tmp_path / "single/result.json")  # with the digests of all networks
    stages = sorted(path.name.partition("-")[0] for path in (tmp_path / "swept/stages").iterdir())
    assert stages == ["evaluated", "normalised", "placed", "placed", "simplified"]
    for name in ("sweep.csv", "sweep.json", "sweep.html", "plots/sweep.png"):  # a table, a page and a plot, unasked
        assert (tmp_path / "swept" / name).stat().st_size > 100, name


def test_a_calibrated_duration_is_found_once_and_is_that_of_a_single_run(run_file, tmp_path):
    words = ("convert.code=ttfs", "simulate={}", "normaliser.percentile.percentile=100.0")
    found = toolbox.sweep(run_file, {"data.count": [5, 20]}, *words, jobs=2, out=tmp_path / "swept")
    assert [point.error for point in found.points] == ["", ""]
    assert len(list((tmp_path / "swept/stages").glob("fitted-*.snn"))) == 1
    toolbox.run(run_file, *words, out=tmp_path / "single")
    assert told(tmp_path / "swept/points/2/result.json") == told(tmp_path / "single/result.json")


def test_a_point_that_fails_is_kept_and_tried_again(snn, run_file, tmp_path):
    overs = ("--over", "convert.reset=zero,nope", "--over", "convert.readout=potential,softmax,latency")
    done = snn("sweep", run_file, *overs, "--jobs", 2, "--out", "swept")
    assert done.returncode == 1
    assert "error: 4 of 6 points failed" in done.stderr
    assert "--out swept" in done.stderr
    assert "Traceback" not in done.stderr
    found = rows(tmp_path / "swept")
    assert [row["status"] for row in found] == ["done", "done", "failed", "failed", "failed", "failed"]
    assert "'latency' is none of" in found[2]["error"]
    assert "'nope' is none of" in found[3]["error"]
    assert found[3]["accuracy"] == ""
    kept = json.loads((tmp_path / "swept/points/3/point.json").read_text())
    assert (kept["status"], kept["error"]) == ("failed", found[2]["error"])
    before = (tmp_path / "swept/points/1/point.json").stat().st_mtime_ns
    again = snn("sweep", run_file, *overs, "--jobs", 1, "--out", "swept")
    assert again.returncode == 1
    assert "2 are done already" in again.stderr
    assert (tmp_path / "swept/points/1/point.json").stat().st_mtime_ns == before
    assert rows(tmp_path / "swept") == found


def test_where_no_point_can_be_nothing_is_begun(run_file, tmp_path):
    for values, word in (({"convert.rest": ["zero"]}, "'reset'"), ({"convert.reset": ["a", "b"]}, "'a' is none")):
        with pytest.raises(SettingsError, match=word):
            toolbox.sweep(run_file, values, out=tmp_path / "swept")
    with pytest.raises(SettingsError, match="names no samples"):
        toolbox.sweep(run_file, {"seed": [1, 2]}, "data.samples=", out=tmp_path / "swept")
    assert not (tmp_path / "swept").exists()


def test_what_cannot_be_swept_is_refused(snn, run_file, tmp_path):
    for words, code, word in (
        (("--over", "a"), 2, "--over a"),
        (("--over", "simulate.batch=1,2", "--with", "nobody"), 3, "nobody"),
    ):
        done = snn("sweep", run_file, *words, "--out", "swept")
        assert done.returncode == code
        assert word in done.stderr
        assert re.search(r"^hint: \S", done.stderr, re.MULTILINE)
    assert not (tmp_path / "swept").exists()


def test_another_sweep_is_not_gone_on_with(run_file, tmp_path):
    def plan(*assignments, **values):
        overs = over.checked(over.Over(setting.replace("__", "."), tuple(v)) for setting, v in values.items())
        return planning.plan(run_file, Plugins(), overs, assignments)

    folder = tmp_path / "swept"
    planning.begin(plan(simulate__batch=[10, 20], seed=[1, 2]), folder)
    planning.begin(plan(simulate__batch=[10, 20], seed=[1, 2]), folder)
    for other, word in (
        (plan("data.count=10", simulate__batch=[10, 20], seed=[1, 2]), "data.count: 20 there, 10 now"),
        (plan(simulate__batch=[10, 20]), "--over seed: 1,2 there, nothing now"),
        (plan(seed=[1, 2], simulate__batch=[10, 20]), "the order of --over"),
    ):
        with pytest.raises(OutputError, match=word):
            planning.begin(other, folder)
    with np.load(tmp_path / "few.npz") as data:
        x = data["x"]
    np.savez(tmp_path / "few.npz", x=x[:40])
    with pytest.raises(OutputError, match=r"few.npz: has changed"):
        planning.begin(plan(simulate__batch=[10, 20], seed=[1, 2]), folder)


def test_a_folder_of_something_else_is_left_alone(snn, run_file, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("mine")
    done = snn("sweep", run_file, "--over", "simulate.batch=10,20", "--out", "mine")
    assert done.returncode == 9
    assert "mine is no folder of a sweep" in done.stderr
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_a_spiking_network_is_swept_without_being_converted(snn, converted, example, tmp_path):
    (tmp_path / "run.toml").write_text(
        f"source = '{converted}'\n[data]\nsamples = '{example / 'test.npz'}'\ncount = 10"
    )
    done = snn("sweep", "run.toml", "--over", "simulate.duration_ms=2,3", "--out", "swept")
    assert done.returncode == 0, done.stderr
    assert not list((tmp_path / "swept/stages").iterdir())
    expected = toolbox.simulate(converted, example / "test.npz", count=10, duration_ms=3)
    assert json.loads((tmp_path / "swept/points/2/result.json").read_text())["accuracy"] == expected.accuracy[-1]


def test_python_gets_the_points(run_file, tmp_path):
    found = toolbox.sweep(run_file, {"simulate.duration_ms": [2, 3]}, "data.count=5", jobs=1, out=tmp_path / "swept")
    assert found.settings == ("simulate.duration_ms",)
    assert [point.measures["steps"] for point in found.points] == [2, 3]
    assert [len(point.measures["accuracy_over_time"]) for point in found.points] == [2, 3]
    assert (tmp_path / "swept/sweep.csv").exists()


def test_an_interrupted_sweep_goes_on_where_it_was(snn, run_file, tmp_path):
    words = ["sweep", str(run_file), "--over", "simulate.duration_ms=3,4,20000", "--jobs", "1", "--out", "swept"]
    command = [sys.executable, "-c", "from snn.cli import main; main()", *words]
    with subprocess.Popen(
        command, cwd=tmp_path, text=True, stderr=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        deadline = time.monotonic() + 120
        while not (tmp_path / "swept/points/3/run.toml").exists():
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert f"hint: go on with: snn {' '.join(words)}" in said
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    assert sorted(path.name for path in (tmp_path / "swept/points").iterdir()) == ["1", "2"]
    assert not [path for path in (tmp_path / "swept").rglob("*") if ".part" in path.name]
    kept = [(tmp_path / "swept/points" / name / "point.json").stat().st_mtime_ns for name in "12"]
    done = snn(*words)
    assert done.returncode == 0, done.stderr
    assert "2 are done already" in done.stderr
    assert kept == [(tmp_path / "swept/points" / name / "point.json").stat().st_mtime_ns for name in "12"]
    assert [row["status"] for row in rows(tmp_path / "swept")] == ["done"] * 3
