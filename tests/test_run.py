"""From a model file to a report, across packages."""

import csv
import dataclasses
import json

import numpy as np
import pytest
import snn
from snn import layers as op
from snn.clock import Clock
from snn.encoding import ConstantCurrent
from snn.errors import ConversionWarning, DataError, PluginError, SettingsError
from snn.neurons import Neuron
from snn.simulating import Record, Setup
from snn_backend_inisim.backend import IniSim


def test_the_example_runs_and_keeps_its_folder(snn, example, tmp_path):
    done = snn(
        "run", example / "run.toml", "--out", "kept", "--set", "data.count=200", "--set", "simulate.duration_ms=16"
    )
    assert done.returncode == 0, done.stderr
    names = {path.name for path in (tmp_path / "kept").iterdir()}
    networks = {"1-parsed.snn", "2-simplified.snn", "3-normalised.snn", "4-spiking.snn"}
    told = {"result.npz", "result.json", "samples.csv", "curve.csv", "report.html"}
    assert names == networks | told | {"run.toml", "environment.json", "log.txt"}
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


def test_the_controls_of_a_run_are_kept_and_repeat_it(snn, example, tmp_path):
    words = ["data.count=30", "simulate.duration_ms=8", "simulate.sequence=1", "convert.initial=uniform", "seed=4"]
    words += ["backend.inisim.clamp_steps.relu2=2", "backend.inisim.payloads=residual", "backend.inisim.stop_margin=2"]
    sets = [word for each in words for word in ("--set", each)]
    first = snn("run", example / "run.toml", "--out", "a", *sets)
    assert first.returncode == 0, first.stderr
    assert "[backend.inisim.clamp_steps]\nrelu2 = 2" in (tmp_path / "a/run.toml").read_text()
    second = snn("run", "a/run.toml", "--out", "b")
    assert second.returncode == 0, second.stderr
    assert (tmp_path / "a/samples.csv").read_text() == (tmp_path / "b/samples.csv").read_text()
    assert (tmp_path / "a/4-spiking.snn").read_bytes() == (tmp_path / "b/4-spiking.snn").read_bytes()
    refused = snn("run", "a/run.toml", "--out", "c", "--set", "backend.inisim.clamp_steps.relu_9=2")
    assert refused.returncode == 4
    assert "error: layer 'relu_9': [backend.inisim] clamp_steps" in refused.stderr
    assert not (tmp_path / "c").exists()


def test_a_run_from_a_later_stage_keeps_each_network_under_its_own_stage(snn, example, tmp_path):
    import snn as toolbox

    scaled = toolbox.normalise(toolbox.parse(example / "mnist.keras"), example / "calibration.npz")
    toolbox.save(scaled, tmp_path / "scaled.snn")
    words = ("--set", f"source='{tmp_path / 'scaled.snn'}'", "--set", "data.count=5", "--set", "simulate.duration_ms=2")
    done = snn("run", example / "run.toml", "--out", "kept", *words)
    assert done.returncode == 0, done.stderr
    kept = {path.name: toolbox.load(path).stage for path in (tmp_path / "kept").glob("*.snn")}
    assert kept == {"3-normalised.snn": "normalised", "4-spiking.snn": "spiking"}


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
    assert json.loads(told[0].stdout) == {"samples": 1000, "skipped": 0, "accuracy": 0.997}


def test_the_golden_network_has_the_ancestors_scales_and_spike_counts(golden, ancestors):
    scales = next(line for line in ancestors.provenance if line.startswith("scales"))
    found = [float(word.rstrip(",")) for word in scales.split() if word.rstrip(",").replace(".", "").isdigit()]
    np.testing.assert_allclose(found, [2.3927802729606755, 9.268087946891818, 21.562338832855282], rtol=1e-5)

    neurons = [layer.name for layer in ancestors.layers if isinstance(layer, Neuron)]
    with np.load(golden / "golden_tmr_T100_first100.npz") as counted, np.load(golden / "x_test.npz") as samples:
        expected = [counted[key] for key in counted.files if key.endswith("spike_count")]
        images = np.ascontiguousarray(samples["arr_0"][:100].transpose(0, 3, 1, 2))
    clock = Clock(100, 1)
    with IniSim().build(ancestors, Setup(clock=clock, record=Record(counts=frozenset(neurons)))) as simulator:
        recording = simulator.run(ConstantCurrent(images, np.arange(100), clock))
    for name, right in zip(neurons, expected, strict=True):
        differing = np.abs(np.moveaxis(recording.counts[name], 1, -1) - right.astype(int)).sum()
        assert differing <= 1e-5 * right.size * clock.steps, name


def test_the_golden_network_reaches_the_ancestors_accuracy(golden, ancestors):
    result = snn.simulate(ancestors, golden, duration_ms=100)
    assert result.analog_accuracy == 0.974
    assert result.accuracy[-1] == pytest.approx(0.972, abs=0.002)


def test_with_our_defaults_the_golden_network_needs_few_steps(golden):
    network = snn.convert(golden / "mnist5k_cnn.h5", calibrate=golden)
    accuracy = snn.simulate(network, golden, duration_ms=50).accuracy
    assert accuracy[3] >= 0.965
    assert accuracy[7:].min() >= 0.968


def test_settings_of_python_count_unless_an_argument_is_given(example, converted):
    def simulated(**arguments):
        return snn.simulate(converted, example / "test.npz", **arguments)

    tables = {"simulate": {"duration_ms": 5, "batch": 2}, "data": {"count": 3}}
    assert simulated(settings=tables).spiking.shape == (5, 3)
    assert simulated(settings=tables, duration_ms=4, count=2).spiking.shape == (4, 2)
    with pytest.raises(PluginError, match="nope"):
        simulated(settings={"simulate": {"backend": "nope"}})
    with pytest.raises(SettingsError, match="batch"):
        simulated(settings={"simulate": {"batch": 0}})
    poisson = {**tables, "simulate": {"input": "poisson", "duration_ms": 5}}
    runs = [simulated(settings={**poisson, "seed": seed}).operations for seed in (1, 1, 2)]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert (runs[0] != runs[2]).any()


@pytest.mark.parametrize(
    "data", [None, 3.0, [[1, 2], [3]], (1, 2, 3), np.zeros((0, 28, 28, 1)), np.full((1, 28, 28, 1), "a")]
)
def test_data_of_python_that_are_none_are_data_errors(converted, data):
    with pytest.raises(DataError):
        snn.simulate(converted, data)


def test_lists_and_missing_labels_are_data(example, converted):
    with np.load(example / "test.npz") as data:
        x = data["x"][:2]
    result = snn.simulate(converted, (x.tolist(), None), duration_ms=2)
    assert result.accuracy is None
    assert result.agreement.shape == (2,)


def test_steps_too_short_for_a_maximum_are_warned_about():
    layers = (
        op.Input(name="in", shape=(2,)),
        op.Dense(name="dense", inputs=("in",), weight=4 * np.eye(2), bias=np.zeros(2)),
        op.Activation(name="relu6", inputs=("dense",), function="relu", maximum=6.0),
    )
    x = np.array([[1.0, 0.5], [0.5, 1.0]], np.float32)
    network = snn.convert(snn.Network(layers), calibrate=x)
    with pytest.warns(ConversionWarning, match=r"'relu6'.* 4 times per millisecond.* ends at 1\.5"):
        snn.simulate(network, x, duration_ms=2, dt_ms=0.25)
    snn.simulate(network, x, duration_ms=2, dt_ms=1)
    first_spikes = snn.convert(
        snn.Network(layers), calibrate=x, code="ttfs", settings={"convert": {"readout": "spikes"}}
    )
    snn.simulate(first_spikes, x, duration_ms=2, dt_ms=0.25)  # no rates there


def test_layers_that_calibration_leaves_silent_are_told(example):
    network = snn.parse(example / "mnist.keras")
    dark = network.replace([_without_bias(layer) for layer in network.layers])
    told = []
    snn.normalise(dark, np.zeros((3, 28, 28, 1)), tell=told.append)
    assert any("'relu2'" in progress.note and "is 0 on the samples given" in progress.note for progress in told)


def _without_bias(layer):
    changes = {"bias": np.full_like(layer.bias, -1)} if hasattr(layer, "bias") else {}
    changes |= {"shift": np.full_like(layer.shift, -1)} if hasattr(layer, "shift") else {}
    return dataclasses.replace(layer, **changes)
