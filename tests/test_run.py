"""From a model file to a report, across packages."""

import csv
import json

import numpy as np
import pytest
import snn
from snn.clock import Clock
from snn.encoding import ConstantCurrent
from snn.neurons import Neuron
from snn.simulating import Record, Setup
from snn_backend_inisim.backend import IniSim

ANCESTOR = {
    "normaliser": {"percentile": {"ignore_zeros": True}},
    "convert": {"initial": 0, "spiking_pools": True, "readout": "spikes"},
}
"""The settings with which the ancestor made its golden counts."""


def test_the_example_runs_and_keeps_its_folder(snn, example, tmp_path):
    done = snn(
        "run", example / "run.toml", "--out", "kept", "--set", "data.count=200", "--set", "simulate.duration_ms=16"
    )
    assert done.returncode == 0, done.stderr
    names = {path.name for path in (tmp_path / "kept").iterdir()}
    networks = {"1-parsed.snn", "2-simplified.snn", "3-normalised.snn", "4-spiking.snn"}
    assert names == networks | {"run.toml", "environment.json", "log.txt", "result.json", "samples.csv", "curve.csv"}
    result = json.loads((tmp_path / "kept/result.json").read_text())
    assert result["samples"] == 200
    assert result["steps"] == 16
    assert result["accuracy"] >= 0.98
    assert len(list(csv.DictReader((tmp_path / "kept/samples.csv").read_text().splitlines()))) == 200
    assert "analog accuracy" in done.stdout


def test_the_kept_run_file_repeats_the_run(snn, example, tmp_path):
    first = snn("run", example / "run.toml", "--out", "a", "--set", "data.count=150", "--set", "simulate.duration_ms=8")
    assert first.returncode == 0, first.stderr
    second = snn("run", "a/run.toml", "--out", "b")
    assert second.returncode == 0, second.stderr
    assert (tmp_path / "a/samples.csv").read_text() == (tmp_path / "b/samples.csv").read_text()
    assert (tmp_path / "a/run.toml").read_text() == (tmp_path / "b/run.toml").read_text()
    assert (tmp_path / "a/4-spiking.snn").read_bytes() == (tmp_path / "b/4-spiking.snn").read_bytes()


def test_stages_from_file_to_file_give_what_convert_gives(snn, example, tmp_path):
    calibrate = ("--calibrate", example / "calibration.npz")
    for words in (
        ("parse", example / "mnist.keras"),
        ("simplify", "mnist.parsed.snn", *calibrate),
        ("normalise", "mnist.simplified.snn", *calibrate),
        ("convert", "mnist.normalised.snn", "-o", "staged.snn"),
        ("convert", example / "mnist.keras", *calibrate),
    ):
        done = snn(*words)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "staged.snn").read_bytes() == (tmp_path / "mnist.snn").read_bytes()


def test_python_gives_what_the_command_gives(snn, example, converted):
    said = snn("simulate", converted, "--data", example / "test.npz", "--count", 120, "--duration", 10, "--json")
    assert said.returncode == 0, said.stderr
    told = json.loads(said.stdout)
    result = _simulate(converted, example / "test.npz", count=120, duration_ms=10)
    assert told["accuracy_over_time"] == list(result.accuracy)
    assert told["agreement"] == result.agreement[-1]
    assert told["operations_per_sample"] == result.operations_per_sample
    assert (told["samples"], told["steps"]) == (120, 10)


def _simulate(network, data, **settings):
    return snn.simulate(network, data, **settings)


def test_every_sample_counts_whatever_the_batch(example, converted):
    whole = _simulate(converted, example / "test.npz", count=37, duration_ms=6, batch=37)
    parts = _simulate(converted, example / "test.npz", count=37, duration_ms=6, batch=10)
    assert whole.spiking.shape == (6, 37)
    np.testing.assert_array_equal(whole.spiking, parts.spiking)
    np.testing.assert_array_equal(whole.operations, parts.operations)


@pytest.mark.parametrize("readout", ["potential", "softmax"])
def test_a_seed_makes_chance_repeat(example, readout):
    network = snn.convert(
        example / "mnist.keras", calibrate=example / "calibration.npz", settings={"convert": {"readout": readout}}
    )
    poisson = {"simulate": {"input": "poisson"}}
    runs = [
        _simulate(network, example / "test.npz", count=20, duration_ms=5, seed=seed, batch=batch, settings=poisson)
        for seed, batch in ((1, 20), (1, 7), (2, 20))
    ]
    np.testing.assert_array_equal(runs[0].spiking, runs[1].spiking)
    assert (runs[0].operations != runs[2].operations).any()


def test_the_analog_accuracy_is_told_of_every_stage(snn, example, converted):
    told = [snn("evaluate", converted, "--data", example / "test.npz", "--json")]
    assert json.loads(told[0].stdout) == {"samples": 1000, "accuracy": 0.997}


def test_the_golden_network_has_the_ancestors_scales_and_spike_counts(golden):
    network = snn.convert(golden / "mnist5k_cnn.h5", calibrate=golden, settings=ANCESTOR)
    scales = next(line for line in network.provenance if line.startswith("scales"))
    found = [float(word.rstrip(",")) for word in scales.split() if word.rstrip(",").replace(".", "").isdigit()]
    np.testing.assert_allclose(found, [2.3927802729606755, 9.268087946891818, 21.562338832855282], rtol=1e-5)

    neurons = [layer.name for layer in network.layers if isinstance(layer, Neuron)]
    with np.load(golden / "golden_tmr_T100_first100.npz") as counted, np.load(golden / "x_test.npz") as samples:
        expected = [counted[key] for key in counted.files if key.endswith("spike_count")]
        images = np.ascontiguousarray(samples["arr_0"][:100].transpose(0, 3, 1, 2))
    clock = Clock(100, 1)
    with IniSim().build(network, Setup(clock=clock, record=Record(counts=frozenset(neurons)))) as simulator:
        recording = simulator.run(ConstantCurrent(images, np.arange(100), clock))
    for name, right in zip(neurons, expected, strict=True):
        differing = np.abs(np.moveaxis(recording.counts[name], 1, -1) - right.astype(int)).sum()
        assert differing <= 1e-5 * right.size * clock.steps, name


def test_the_golden_network_reaches_the_ancestors_accuracy(golden):
    network = snn.convert(golden / "mnist5k_cnn.h5", calibrate=golden, settings=ANCESTOR)
    result = snn.simulate(network, golden, duration_ms=100)
    assert result.analog_accuracy == 0.974
    assert result.accuracy[-1] == pytest.approx(0.972, abs=0.002)


def test_with_our_defaults_the_golden_network_needs_few_steps(golden):
    network = snn.convert(golden / "mnist5k_cnn.h5", calibrate=golden)
    accuracy = snn.simulate(network, golden, duration_ms=50).accuracy
    assert accuracy[3] >= 0.965
    assert accuracy[7:].min() >= 0.968
