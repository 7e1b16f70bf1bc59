"""SLAYER on recordings of a camera, from the command line: how right it becomes, and that no spike differs."""

import csv
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from snn import run_file, sampling, stimuli, storage
from snn.neurons import Neuron
from snn.plugins import Plugins
from snn.simulating import Record, Setup
from snn_backend_inisim.backend import IniSim
from snn_training_slayer.trainer.model import Model, Rule
from snn_training_slayer.trainer.preparing import Prepared

ARCHIVE = Path(__file__).parents[4] / "shared/data/nmnist-small.tar.xz"
RUN = """
name = "nmnist"
[train]
samples = "NMNISTsmall/train1K.txt"
validate_with = "NMNISTsmall/test100.txt"
[simulate]
input = "events"
event_height = "one"
event_step_us = 1000
duration_ms = 300
[trainer.slayer]
"""

pytestmark = pytest.mark.skipif(not ARCHIVE.is_file(), reason=f"no recordings at {ARCHIVE}")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nmnist")
    with tarfile.open(ARCHIVE) as archive:
        for member in archive:  # only files with plain names, whatever the Python version would let pass
            if member.isfile() and ".." not in member.name and not member.name.startswith("/"):
                path = folder / member.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(archive.extractfile(member).read())
    return folder


def train(place, name, *settings):
    """Train, and return the validation accuracies and the path of the network."""
    run = place / f"{name}.toml"
    run.write_text(RUN + "\n".join(settings))
    words = [sys.executable, "-c", "from snn.cli import main; main()", "train", str(run), "--out", str(place / name)]
    one = {**os.environ, "OMP_NUM_THREADS": "1"}  # other tests run beside it
    done = subprocess.run(words, cwd=place, env=one, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with (place / name / "training.csv").open() as table:
        return [float(row["validation_accuracy"]) for row in csv.DictReader(table)], place / name / "trained.snn"


def differing(place, name, path, backends):
    """Return how many spikes of the first 20 recordings differ between the model and simulators, and how many are."""
    plugins = Plugins()
    run = run_file.read(place / f"{name}.toml", plugins, uses=run_file.TRAINING)
    network = storage.load(path)
    data = sampling.validation(run, place / run.train.validate_with, plugins)
    stimulus = stimuli.encoder(run, network.clock)(data, np.arange(20))
    model = Model(Prepared(network), Rule(dt_ms=1.0, tau_surrogate=1.0, scale_surrogate=1.0))
    kept, fired = {}, model._fired

    def keep(layer, *rest):
        kept[layer.name] = fired(layer, *rest)
        return kept[layer.name]

    model._fired = keep
    with torch.no_grad():
        model(torch.from_numpy(np.ascontiguousarray(stimulus.steps(0, 300), np.float32)))
    names = frozenset(layer.name for layer in network.layers if isinstance(layer, Neuron))
    found = 0
    for backend in backends:
        with backend.build(network, Setup(network.clock, Record(spikes=names), kind="spikes")) as simulator:
            recording = simulator.run(stimulus)
        for each, spikes in kept.items():
            dense = recording.spikes[each].dense(300, 20, network.shapes[each])
            found += int((dense != spikes.numpy()).sum())
    return found, int(sum(spikes.sum() for spikes in kept.values()))


def test_two_dense_layers_are_right_in_84_of_100_after_five_epochs_and_inisim_fires_alike(place):
    accuracy, path = train(place, "dense", 'layers = ["34x34x2", "512", "10"]', "epochs = 5")
    assert accuracy[4] >= 0.84
    different, spikes = differing(place, "dense", path, [IniSim()])
    assert (different, spikes > 10_000) == (0, True)


def test_loihis_neurons_learn_as_well_and_the_emulator_fires_alike(place):
    loihi = pytest.importorskip("snn_backend_loihi.backend").Loihi
    settings = 'layers = ["34x34x2", "512", "10"]', 'neurons = "loihi"', "epochs = 2"
    accuracy, path = train(place, "loihi", *settings)
    assert max(accuracy) >= 0.8
    different, spikes = differing(place, "loihi", path, [IniSim(), loihi()])
    assert (different, spikes > 10_000) == (0, True)
