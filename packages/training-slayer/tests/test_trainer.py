"""Trainings as users ask for them: what is learnt, when it ends, how it goes on, and what is refused."""

import contextlib
import dataclasses
import json

import numpy as np
import pytest
import torch
from snn import checking, storage
from snn import layers as op
from snn.clock import Clock
from snn.errors import ConversionWarning, DataError, SettingsError, UnsupportedLayer
from snn.network import Network
from snn.neurons import IntegrateFire
from snn.progress import EpochProgress
from snn.response_neurons import CurrentBased, SpikeResponse
from snn.testing import golden
from snn.training import Training
from snn_training_slayer.trainer import checkpoint
from snn_training_slayer.trainer.trainer import Slayer


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def halves(count=48, shape=(8,), seed=1):
    """Return samples of which the first or the second half is brighter."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    bright = np.where(labels[:, None] == (np.arange(np.prod(shape)) * 2 // np.prod(shape)), 0.6, 0)
    samples = (random.random((count, int(np.prod(shape)))) * 0.3 + bright).astype(np.float32)
    return checking.from_arrays(samples.reshape(count, *shape), labels, f"halves {seed}")


def task(**fields):
    plain = {"data": halves(), "validation": halves(16, seed=2), "clock": Clock(40, 1), "seed": 3}
    return Training(**{**plain, **fields})


def epochs(trainer, work):
    """Return what is told of each epoch, and the network."""
    told = []
    network = trainer.train(work, lambda one: told.append(one) if isinstance(one, EpochProgress) else None)
    return told, network


def untrained(*layers, shape=(8,)):
    return Network((op.Input(name="input", shape=shape), *layers), stage="parsed")


def relu(name):
    return op.Activation(name=f"{name}/relu", inputs=(name,), function="relu")


WEIGHT = np.random.default_rng(0).normal(0, 0.3, (6, 8))


def test_a_network_of_activations_gets_neurons_in_their_place_and_behind_its_end():
    given = untrained(golden.dense("a", "input", WEIGHT), relu("a"), golden.dense("b", "a/relu", WEIGHT[:2, :6]))
    told, network = epochs(Slayer(epochs=20, batch=8), task(network=given))
    kinds = [(layer.name, type(layer)) for layer in network.layers[1:]]
    assert kinds == [("a", op.Dense), ("a/relu", SpikeResponse), ("b", op.Dense), ("b/fire", SpikeResponse)]
    assert told[-1].validation_accuracy == 1


def test_a_network_with_neurons_keeps_them_and_its_weights_are_where_training_begins():
    given = untrained(
        golden.dense("a", "input", WEIGHT * 4),
        SpikeResponse(name="fire", inputs=("a",), threshold=3.0, tau_ms=4.0),
        golden.dense("b", "fire", WEIGHT[:2, :6] * 4),
        SpikeResponse(name="out", inputs=("b",), threshold=3.0, tau_ms=4.0),
    )
    given = dataclasses.replace(given, stage="spiking")
    _, network = epochs(Slayer(epochs=1, learning_rate=1e-9), task(network=given))
    assert network["fire"].threshold == 3.0
    np.testing.assert_allclose(network["a"].weight, given["a"].weight, atol=2.0**-15)


def test_loihis_network_is_made_of_loihis_numbers():
    told, network = epochs(Slayer(layers=("8", "12", "2"), neurons="loihi", epochs=8, batch=8), task())
    assert isinstance(network.output, CurrentBased)
    assert network.output.threshold == 80 * 64
    assert told[-1].accuracy > 0.9
    for name in ("dense1", "dense2"):
        mantissa = network[name].weight / 64
        np.testing.assert_array_equal(mantissa, 2 * np.rint(mantissa / 2))


def test_training_stops_once_validation_has_not_become_better_for_so_many_epochs():
    told, network = epochs(Slayer(layers=("8", "12", "2"), epochs=50, patience=3, batch=8), task())
    best = max(one.validation_accuracy for one in told)
    first = next(one.epoch for one in told if one.validation_accuracy == best)
    assert len(told) == first + 3
    assert f"epoch {first}, the best by validation" in network.provenance[-1]


def test_the_best_epoch_comes_out_and_not_the_last():
    work, trainer = task(), Slayer(layers=("8", "12", "2"), epochs=4, batch=8)
    told, network = epochs(trainer, work)
    first = max(range(4), key=lambda place: (told[place].validation_accuracy, -place)) + 1
    _, then = epochs(dataclasses.replace(trainer, epochs=first, keep="last"), work)
    assert storage.digest(network) == storage.digest(then)


@pytest.mark.parametrize(
    "fields",
    [{}, {"optimiser": "nadam"}, {"delays": True, "dropout": 0.2}, {"neurons": "loihi"}],
    ids=["adam", "nadam", "delays and dropout", "loihi"],
)
def test_a_training_that_was_cut_off_goes_on_bit_for_bit(tmp_path, fields):
    trainer = Slayer(layers=("8", "12", "2"), epochs=5, batch=8, **fields)
    _, whole = epochs(trainer, task())
    for part in (2, 3, 5):
        epochs(dataclasses.replace(trainer, epochs=part), task(folder=tmp_path, resume=True))
    told, again = epochs(trainer, task(folder=tmp_path, resume=True))
    assert not told
    assert storage.digest(again) == storage.digest(whole)


def test_a_checkpoint_of_another_training_is_refused_with_what_differs(tmp_path):
    trainer = Slayer(layers=("8", "12", "2"), epochs=1)
    trainer.train(task(folder=tmp_path))
    with pytest.raises(SettingsError, match=r"its threshold is None, and now 5\.0"):
        dataclasses.replace(trainer, threshold=5.0).train(task(folder=tmp_path, resume=True))
    with pytest.raises(SettingsError, match="its seed is 3, and now 4"):
        trainer.train(task(folder=tmp_path, resume=True, seed=4))


def test_damaged_checkpoints_are_one_error_each(tmp_path):
    trainer = Slayer(layers=("8", "4", "2"), epochs=1)
    trainer.train(task(folder=tmp_path))
    path = tmp_path / checkpoint.NAME
    whole = path.read_bytes()
    random = np.random.default_rng(0)
    for trial in range(60):
        damaged = bytearray(whole)
        if trial % 2:
            damaged = damaged[: random.integers(0, len(whole))]
        else:
            for place in random.integers(0, len(whole), 20):
                damaged[place] = random.integers(0, 256)
        path.write_bytes(bytes(damaged))
        with contextlib.suppress(DataError, SettingsError):
            trainer.train(task(folder=tmp_path, resume=True))
    arrays = checkpoint.load(tmp_path) if path.write_bytes(whole) else None
    assert arrays is not None
    checkpoint.Checkpoint(1, arrays.task, {k: v for k, v in arrays.arrays.items() if "model" not in k}).save(tmp_path)
    with pytest.raises(DataError, match="lacks 'model/"):
        trainer.train(task(folder=tmp_path, resume=True))
    np.savez(path, header=np.frombuffer(json.dumps({"epoch": 1}).encode(), np.uint8))
    with pytest.raises(DataError, match="no whole checkpoint"):
        trainer.train(task(folder=tmp_path, resume=True))


@pytest.mark.parametrize(
    ("fields", "work", "word"),
    [
        ({}, {}, "neither"),
        ({"layers": ("8", "2")}, {"network": untrained(golden.dense("a", "input", WEIGHT))}, "both"),
        ({"layers": ("9", "2")}, {}, r"shape \(9,\).*\(8,\)"),
        ({"layers": ("8", "1")}, {}, "1 outputs.*2 classes"),
        ({"layers": ("8", "2"), "true_spikes": 3.0, "false_spikes": 5.0}, {}, "true_spikes"),
        ({"layers": ("2x2x2", "2a")}, {"data": halves(shape=(2, 2, 2)), "validation": None}, "no weights to train"),
    ],
)
def test_what_does_not_go_together_is_refused(fields, work, word):
    with pytest.raises(SettingsError, match=word):
        Slayer(**fields).train(task(**work))


@pytest.mark.parametrize(
    ("layer", "word"),
    [
        (IntegrateFire(name="out", inputs=("a",)), "'out'.*IntegrateFire"),
        (CurrentBased(name="out", inputs=("a",)), "'out'.*whole numbers"),
        (op.Activation(name="out", inputs=("a",), function="tanh"), "'out'.*tanh"),
    ],
)
def test_layers_that_are_not_trained_are_refused_by_name(layer, word):
    given = untrained(golden.dense("a", "input", WEIGHT[:2]), layer)
    with pytest.raises(UnsupportedLayer, match=word):
        Slayer().train(task(network=given))


def test_loihis_threshold_is_a_whole_number():
    with pytest.raises((SettingsError, ValueError), match=r"threshold 80\.5 .* whole number"):
        Slayer(layers=("8", "2"), neurons="loihi", threshold=80.5)


def test_seeds_of_any_size_are_taken():
    trainer = Slayer(layers=("8", "2"), epochs=1, dropout=0.2)
    assert trainer.train(task(seed=2**70)).stage == "spiking"


def test_biases_are_refused_by_name():
    given = untrained(golden.dense("a", "input", WEIGHT[:2], [0, 1]))
    with pytest.raises(UnsupportedLayer, match=r"'a'.*biases"):
        Slayer().train(task(network=given))


def test_sums_that_float32_does_not_hold_are_warned_about():
    given = untrained(
        golden.dense("a", "input", WEIGHT[:2] * 1e6), SpikeResponse(name="out", inputs=("a",), threshold=1.0)
    )
    with pytest.warns(ConversionWarning, match="'a': its weights add up to"):
        Slayer(epochs=1).train(task(network=dataclasses.replace(given, stage="spiking")))


def test_weights_of_a_file_that_eight_bits_do_not_hold_are_warned_about():
    fire = CurrentBased(name="out", inputs=("a",), threshold=5120.0, current_decay=0.25, integer=True)
    weight = np.zeros((2, 8))
    weight[0, 0] = 300 * 64
    given = dataclasses.replace(untrained(golden.dense("a", "input", weight), fire), stage="spiking")
    with pytest.warns(ConversionWarning, match="at most 254 .* up to 300"):
        Slayer(epochs=1).train(task(network=given))
    assert Slayer(epochs=1, weight_exponent=1).train(task(network=given))["a"].weight.max() > 250 * 64


@pytest.mark.skipif(torch.cuda.is_available(), reason="PyTorch sees a CUDA device")
def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(SettingsError, match="cuda"):
        Slayer(layers=("8", "2"), device="cuda").train(task())


def test_the_plugin_imports_nothing_heavy():
    import subprocess
    import sys

    told = (
        "import sys, snn_training_slayer.plugin as plugin; plugin.snn_trainers(); "
        "print([name for name in ('torch', 'numba', 'yaml', 'matplotlib') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
