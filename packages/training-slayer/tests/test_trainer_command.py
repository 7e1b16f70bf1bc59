"""``snn train`` with SLAYER as users meet it: killed and resumed, from an untrained file, and simulated afterwards."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from snn import layers as op
from snn import storage
from snn.network import Network
from snn.testing import golden

RUN = """
name = "halves"
{source}
[train]
samples = "train.npz"
validate_with = "test.npz"
[simulate]
input = "poisson"
duration_ms = 40
[trainer.slayer]
epochs = 12
batch = 8
{layers}
"""


@pytest.fixture
def place(tmp_path):
    random = np.random.default_rng(1)
    for name, count in (("train", 64), ("test", 20)):
        labels = np.arange(count) % 2
        samples = random.random((count, 8)) * 0.1 + 0.4 * np.where(labels[:, None] == (np.arange(8) < 4), 1, 0)
        np.savez(tmp_path / f"{name}.npz", x=samples.astype(np.float32), y=labels)
    (tmp_path / "run.toml").write_text(RUN.format(source="", layers='layers = ["8", "24", "2"]'))
    return tmp_path


def start(place, *words):
    command = [sys.executable, "-W", "error", "-c", "from snn.cli import main; main()", *map(str, words)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=place, env=environment, text=True, **pipes)


def run(place, *words):
    process = start(place, *words)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def test_a_trained_network_is_as_right_in_simulate_as_it_was_in_training(place):
    code, out, err = run(place, "train", "run.toml", "--out", "run")
    assert code == 0, err
    rows = (place / "run/training.csv").read_text().splitlines()[1:]
    best = max(float(row.split(",")[4]) for row in rows)
    assert best > 0.8
    code, out, err = run(
        place, "simulate", "run/trained.snn", "--data", "test.npz", "--json", "--set", "simulate.input=poisson"
    )
    assert code == 0, err
    assert json.loads(out)["accuracy"] == pytest.approx(best)


def test_a_killed_training_goes_on_to_the_very_same_network(place):
    whole = run(place, "train", "run.toml", "--out", "whole")
    assert whole[0] == 0, whole[2]
    process = start(place, "train", "run.toml", "--out", "cut")
    kept = place / "cut/checkpoints/slayer.npz"
    waited = time.monotonic() + 100
    while not kept.exists() and process.poll() is None and time.monotonic() < waited:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (place / "cut/trained.snn").exists()
    code, _, err = run(place, "train", "run.toml", "--out", "cut", "--resume")
    assert code == 0, err
    ours, theirs = (storage.digest(storage.load(place / name / "trained.snn")) for name in ("cut", "whole"))
    assert ours == theirs


def test_an_untrained_file_says_what_is_trained(place):
    weight = np.random.default_rng(2).normal(0, 0.3, (24, 8)), np.random.default_rng(3).normal(0, 0.3, (2, 24))
    untrained = Network(
        (
            op.Input(name="input", shape=(8,)),
            golden.dense("hidden", "input", weight[0]),
            op.Activation(name="relu", inputs=("hidden",), function="relu"),
            golden.dense("out", "relu", weight[1]),
        )
    )
    storage.save(untrained, place / "untrained.snn")
    (place / "file.toml").write_text(RUN.format(source='source = "untrained.snn"', layers=""))
    code, _, err = run(place, "train", "file.toml", "--out", "run")
    assert code == 0, err
    found = storage.load(place / "run/trained.snn")
    assert [layer.name for layer in found.layers] == ["input", "hidden", "relu", "out", "out/fire"]


@pytest.mark.parametrize(
    ("layers", "word"),
    [
        ("", "neither an untrained network nor layers"),
        ('layers = ["8", "24x"]', "'24x' is no layer"),
        ('layers = ["9", "2"]', "(9,)"),
        ('layers = ["8", "2"]\ntheta = 5', "theta"),
        ('layers = ["8", "2"]\nneurons = "lif"', "neurons"),
    ],
)
def test_what_is_wrong_is_one_error_and_a_hint(place, layers, word):
    (place / "run.toml").write_text(RUN.format(source="", layers=layers))
    code, _, err = run(place, "train", "run.toml", "--out", "run")
    assert code == 2
    assert err.count("error: ") == 1
    assert word in err
    assert "hint: " in err
    assert "Traceback" not in err
