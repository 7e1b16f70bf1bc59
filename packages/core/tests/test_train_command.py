"""``snn train`` as users meet it: what it keeps and says, how it is ended and goes on, and what it refuses."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

COLUMNS = "epoch,loss,accuracy,validation_loss,validation_accuracy,seconds"
RUN = """
name = "halves"
seed = 2

[train]
samples = "train.npz"
validate_with = "test.npz"

[simulate]
input = "poisson"
duration_ms = 20

[trainer.delta]
epochs = 6
"""


@pytest.fixture
def place(tmp_path):
    """Return a folder with samples, a run file, and an installed trainer."""
    random = np.random.default_rng(1)
    for name, count in (("train", 48), ("test", 20)):
        labels = np.arange(count) % 2
        samples = random.random((count, 8)) * 0.3 + 0.4 * np.where(labels[:, None] == (np.arange(8) < 4), 1, 0)
        np.savez(tmp_path / f"{name}.npz", x=samples.astype(np.float32), y=labels)
    (tmp_path / "run.toml").write_text(RUN)
    info = tmp_path / "installed/snn_delta-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: snn-delta\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[snn]\ndelta = delta\n")
    (info.parent / "delta.py").write_text(Path(__file__).with_name("delta.py").read_text())
    return tmp_path


@pytest.fixture
def start(place):
    """Return a function that starts the command."""
    paths = [str(place / "installed"), *sys.path]
    environment = {**os.environ, "COLUMNS": "120", "PYTHONWARNINGS": "error", "PYTHONPATH": os.pathsep.join(paths)}

    def begin(*words):
        command = [sys.executable, "-c", "from snn.cli import main; main()", *map(str, words)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, cwd=place, env=environment, text=True, **pipes)

    return begin


@pytest.fixture
def snn(start):
    """Return a function that calls the command and returns its code, and what it printed."""

    def call(*words):
        process = start(*words)
        out, errors = process.communicate(timeout=300)
        return process.returncode, out, errors

    return call


def refused(done, code, *words):
    found, out, errors = done
    assert found == code, errors
    assert [line for line in errors.splitlines() if line.startswith("error:")] == errors.splitlines()[:1]
    assert re.search(r"^hint: \S", errors, re.MULTILINE), errors
    assert "Traceback" not in errors
    assert not out
    for word in words:
        assert word in errors


def rows(folder):
    path = folder / "training.csv"
    return path.read_text().splitlines()[1:] if path.exists() else []


def wait_for(process, folder, count):
    """Wait until the training in ``folder`` has told of so many epochs."""
    for _ in range(1200):
        assert process.poll() is None, process.communicate()
        if len(rows(folder)) >= count:
            return
        time.sleep(0.05)
    raise AssertionError("it does not get on")


def without_seconds(folder):
    return [line.rpartition(",")[0] for line in rows(folder)]


def test_a_training_leaves_a_folder_that_repeats_it(snn, place):
    code, out, errors = snn("train", "run.toml", "--out", "a")
    assert code == 0, errors
    folder = place / "a"
    names = {path.name for path in folder.iterdir()}
    assert names == {"run.toml", "environment.json", "log.txt", "training.csv", "trained.snn", "checkpoints"}
    assert (folder / "training.csv").read_text().splitlines()[0] == COLUMNS
    assert [line.split(",")[0] for line in rows(folder)] == list("123456")
    assert errors.count("train: epoch ") == (folder / "log.txt").read_text().count("train: epoch ") == 6
    environment = json.loads((folder / "environment.json").read_text())
    assert environment["plugins"]["delta"] == "snn-delta 1.0"
    assert set(environment["files"]) == {str(place / "train.npz"), str(place / "test.npz")}
    assert environment["digests"]["trained"]
    for word in ("accuracy on validation samples", "best in epoch", "% of the validation samples right"):
        assert word in out
    (hint,) = re.findall("^hint: try it: (.*)$", out, re.MULTILINE)
    assert hint == "snn simulate a/trained.snn --data test.npz --seed 2 --set simulate.input=poisson"

    code, _, errors = snn("train", "a/run.toml")
    assert code == 0, errors
    (again,) = (place / "runs").iterdir()
    assert again.name.endswith("-halves")
    assert (again / "run.toml").read_text() == (folder / "run.toml").read_text()
    assert (again / "trained.snn").read_bytes() == (folder / "trained.snn").read_bytes()
    assert without_seconds(again) == without_seconds(folder)


def test_the_trained_network_does_in_simulate_as_in_training(snn, place):
    pytest.importorskip("snn_backend_inisim")
    assert snn("train", "run.toml", "--out", "a")[0] == 0
    words = ["--data", "test.npz", "--seed", 2, "--set", "simulate.input=poisson", "--backend", "inisim", "--json"]
    code, out, errors = snn("simulate", "a/trained.snn", *words)
    assert code == 0, errors
    found = json.loads(out)
    assert str(found["accuracy"]) == rows(place / "a")[-1].split(",")[4]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals are of POSIX")
def test_a_training_that_was_killed_goes_on(snn, start, place):
    slow = ("--set", "trainer.delta.pause=0.5")
    process = start("train", "run.toml", "--out", "a", *slow)
    wait_for(process, place / "a", 3)
    process.kill()
    process.communicate()
    before = rows(place / "a")
    assert 3 <= len(before) < 6
    assert not (place / "a/trained.snn").exists()
    code, _, errors = snn("train", "run.toml", "--out", "a", "--resume", *slow)
    assert code == 0, errors
    assert "epoch 1 of 6" not in errors
    assert rows(place / "a")[:2] == before[:2]
    assert snn("train", "run.toml", "--out", "b")[0] == 0
    assert (place / "a/trained.snn").read_bytes() == (place / "b/trained.snn").read_bytes()
    assert without_seconds(place / "a") == without_seconds(place / "b")


@pytest.mark.skipif(os.name != "posix", reason="signals are of POSIX")
def test_ctrl_c_says_how_to_go_on(snn, start, place):
    process = start("train", "run.toml", "--set", "trainer.delta.pause=0.5")
    for _ in range(1200):
        if (place / "runs").exists() and any((place / "runs").glob("*/checkpoints/*.npz")):
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    (folder,) = (place / "runs").iterdir()
    (hint,) = re.findall("^hint: go on from the last checkpoint with: snn (.*)$", errors, re.MULTILINE)
    assert hint == f"train run.toml --set trainer.delta.pause=0.5 --out runs/{folder.name} --resume"
    assert not out
    code, _, errors = snn(*hint.split())
    assert code == 0, errors
    assert [line.split(",")[0] for line in rows(folder)] == list("123456")
    log = (folder / "log.txt").read_text()
    assert log.index("KeyboardInterrupt") < log.index("epoch 6 of 6")


def test_a_folder_is_for_one_training(snn, place):
    assert snn("train", "run.toml", "--out", "a")[0] == 0
    before = {path: path.stat().st_mtime_ns for path in (place / "a").rglob("*")}
    refused(snn("train", "run.toml", "--out", "a"), 9, "a holds a training already", "--resume")
    other = snn("train", "run.toml", "--out", "a", "--resume", "--set", "trainer.delta.rate=0.25")
    refused(other, 9, "a holds another training", "trainer.delta.rate: 0.5 there, 0.25 now")
    refused(snn("train", "run.toml", "--out", "installed"), 9, "installed holds something already")
    refused(snn("train", "run.toml", "--out", "b", "--resume"), 9, "b holds no training to go on with")
    refused(snn("train", "run.toml", "--resume"), 2, "name it with --out")
    np.savez(place / "train.npz", x=np.ones((4, 8), np.float32), y=np.arange(4) % 2)
    refused(snn("train", "run.toml", "--out", "a", "--resume"), 9, "train.npz has changed")
    assert {path: path.stat().st_mtime_ns for path in (place / "a").rglob("*")} == before
    assert not (place / "b").exists()


@pytest.mark.parametrize(
    ("change", "code", "told"),
    [
        ("train.samples=", 2, "names no samples"),
        ("train.samples=none.npz", 8, "none.npz does not exist"),
        ("train.validate_with=none.npz", 8, "none.npz does not exist"),
        ("train.reader=none", 3, "no reader 'none' is installed"),
        ("train.subset=99:", 2, "[train] subset"),
        ("train.trainer=none", 3, "no trainer 'none' is installed"),
        ("trainer.delta.epochs=0", 2, "[trainer.delta] epochs"),
        ("source=a.keras", 2, "a.keras is no .snn"),
        ("source=a.snn", 5, "a.snn cannot be read"),
        ("simulate.batch=3", 2, "simulate.batch: no effect here"),
        ("simulate.dt_ms=50", 2, "has no whole step"),
        ("simulate.input=events", 8, "not made of events"),
        ('trainer.delta.fault="gives nothing"', 3, "it is a NoneType"),
    ],
)
def test_what_is_wrong_is_one_line_and_a_hint(snn, place, change, code, told):
    done = snn(
        "train", "run.toml", "--set", change, "--set", "trainer.delta.epochs=0" if "epochs" in change else "seed=1"
    )
    found, out, errors = done
    last = "\n".join(line for line in errors.splitlines() if not line.startswith("train: epoch "))
    refused((found, out, last), code, told)
    assert (place / "runs").exists() == ("fault" in change)


def test_run_says_which_command_trains(snn, place):
    refused(snn("run", "run.toml"), 2, "train.samples", "hint: snn train trains")
