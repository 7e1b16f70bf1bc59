"""Scripts that are written as SLAYER's users write them run, and learn."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from snn_training_slayer.spike_files import Event, write_2d_spikes

SCRIPTS = Path(__file__).parent / "scripts"
SRM = {"type": "SRMALPHA", "theta": 10, "tauSr": 4.0, "tauRef": 1.0, "scaleRef": 2, "tauRho": 0.1, "scaleRho": 1}
LOIHI = {"type": "LOIHI", "vThMant": 80, "vDecay": 128, "iDecay": 1024, "refDelay": 1, "wgtExp": 0}
LOIHI |= {"tauRho": 1, "scaleRho": 1}


def run(name, folder, parameters):
    """Run a script in a folder of its own with these parameters; return what it printed."""
    pytest.importorskip("matplotlib")
    (folder / "network.yaml").write_text(yaml.safe_dump(parameters))
    command = [sys.executable, "-W", "error", SCRIPTS / name, folder]
    setting = {**os.environ, "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=setting, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def losses(path):
    return np.loadtxt(path, ndmin=2).T


def test_a_network_learns_when_to_spike(tmp_path):
    parameters = {
        "simulation": {"Ts": 1.0, "tSample": 200},
        "neuron": SRM,
        "layer": [{"dim": 250}, {"dim": 25}, {"dim": 1}],
        "training": {"epochs": 300, "optimizer": {"lr": 0.01}},
    }
    printed = run("srm.py", tmp_path, parameters)
    training, _ = losses(tmp_path / "loss.txt")
    assert len(training) == 300
    assert training.min() < training[0] / 10
    assert "Epoch 250, batch 0, " in printed
    assert {"accuracy.png", "loss.png", "accuracy.txt"} <= {path.name for path in tmp_path.iterdir()}


def test_a_network_of_integers_learns_when_to_spike(tmp_path):
    parameters = {
        "simulation": {"Ts": 1, "tSample": 120},
        "neuron": LOIHI,
        "training": {"epochs": 200, "optimizer": {"lr": 0.02}},
    }
    printed = run("loihi.py", tmp_path, parameters)
    training, _ = losses(tmp_path / "loss.txt")
    assert training.min() < training[0] / 20
    # four spikes in the right regions: without any the loss is 80
    assert training.min() < 20
    assert len(printed.splitlines()) == 2


def n_mnist_parameters(folder, samples, epochs):
    return {
        "simulation": {"Ts": 1.0, "tSample": 100, "nSample": len(samples)},
        "neuron": {**SRM, "tauSr": 10.0, "tauRho": 1},
        "training": {
            "epochs": epochs,
            "error": {
                "type": "NumSpikes",
                "probSlidingWindow": 20,
                "tgtSpikeRegion": {"start": 0, "stop": 100},
                "tgtSpikeCount": {True: 20, False: 3},
            },
            "path": {"in": str(folder), "train": str(folder / "train.txt"), "test": str(folder / "test.txt")},
        },
    }


def learns_its_samples(tmp_path, folder, samples, epochs):
    lines = "".join(f"{number}\t{label}\n" for number, label in samples)
    for name in ("train.txt", "test.txt"):
        (folder / name).write_text(f"#sample #class\n{lines}")
    run("nmnist.py", tmp_path, n_mnist_parameters(folder, samples, epochs))
    training, _ = losses(tmp_path / "nmnist_loss.txt")
    _, right = losses(tmp_path / "nmnist_accuracy.txt")
    assert training[-1] < training[0] / 2
    assert right.max() == 1
    assert {"nmnist_loss.png", "nmnistNet.pt"} <= {path.name for path in tmp_path.iterdir()}


def test_classes_are_learnt_from_recordings(tmp_path):
    """Each class is a blob of its own that moves to the right, ON at its front and OFF behind it."""
    generator = np.random.default_rng(0)
    samples = [(number, number % 4) for number in range(1, 9)]
    for number, label in samples:
        time = np.sort(generator.integers(0, 100_000, 1500)) / 1000
        polarity = generator.integers(0, 2, len(time))
        column = 4 + 16 * (label % 2) + time / 20 + 3 * polarity + generator.integers(0, 3, len(time))
        row = 6 + 14 * (label // 2) + generator.integers(0, 6, len(time))
        write_2d_spikes(tmp_path / f"{number}.bs2", Event(column.astype(int), row, polarity, time))
    learns_its_samples(tmp_path, tmp_path, samples, 10)


def test_digits_are_learnt_from_recordings_of_n_mnist(tmp_path, n_mnist):
    samples = np.loadtxt(n_mnist / "train1K.txt", dtype=int)[:12].tolist()
    learns_its_samples(tmp_path, n_mnist, samples, 15)
