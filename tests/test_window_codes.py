"""The codes whose layers fire in windows, on the golden network, through the command line and with their defaults."""

import json

import pytest


@pytest.fixture
def told(snn, golden, tmp_path):
    """Return a function that converts the golden network to a code and simulates it on all test images."""

    def convert_and_simulate(code, *settings):
        words = [word for setting in settings for word in ("--set", setting)]
        done = snn("convert", golden / "mnist5k_cnn.h5", "--calibrate", golden, "--code", code, *words, "-o", "a.snn")
        assert done.returncode == 0, done.stderr
        assert f"code '{code}' prefers normaliser.percentile.percentile = 100.0" in done.stderr
        done = snn("simulate", tmp_path / "a.snn", "--data", golden, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return convert_and_simulate


@pytest.mark.parametrize(
    ("code", "settings", "steps", "accuracy", "agreement"),
    [
        ("pattern", [], 16, 0.972, 0.995),
        ("pattern", ["convert.bits=4"], 8, 0.965, 0.98),
        ("few_spike", [], 12, 0.970, 0.995),
        ("ttfs_exact", [], 64, 0.970, 0.995),
        ("few_spike", ["convert.readout='spikes'"], 18, 0.960, 0.98),
        ("ttfs_exact", ["convert.readout='spikes'"], 96, 0.960, 0.98),
    ],
)
def test_the_golden_network_keeps_its_accuracy(told, code, settings, steps, accuracy, agreement):
    result = told(code, *settings)
    assert result["samples"] == 1000
    assert result["steps"] == steps
    assert result["accuracy"] >= accuracy
    assert result["agreement"] >= agreement


def test_what_would_change_the_result_in_silence_is_refused_in_one_line(snn, example):
    words = ("convert", example / "mnist.keras", "--calibrate", example / "calibration.npz", "--code", "few_spike")
    done = snn(*words, "-o", "a.snn")
    assert done.returncode == 0, done.stderr
    simulate = ("simulate", "a.snn", "--data", example / "test.npz", "--count", 20)
    for extra, error, hint in [
        (("--duration", 11), "take 12 steps, but 11 ms in steps of 1 ms are 11", "at least 12 ms"),
        (("--dt", 2), "take 12 steps, but 12 ms in steps of 2 ms are 6", "at least 24 ms"),
        (
            ("--set", "simulate.input=poisson"),
            "[simulate] input: layer 'relu1' (FewSpike) takes no poisson input",
            "current",
        ),
    ]:
        done = snn(*simulate, *extra)
        assert done.returncode == 2
        lines = [line for line in done.stderr.splitlines() if line.startswith(("error:", "hint:"))]
        assert len(lines) == 2
        assert error in lines[0]
        assert hint in lines[1]
    assert snn(*words, "--set", "simulate.duration_ms=3", "-o", "b.snn").returncode == 2


def test_more_time_and_shorter_steps_change_nothing(snn, example):
    calibrate = ("--calibrate", example / "calibration.npz")
    done = snn("convert", example / "mnist.keras", *calibrate, "--code", "ttfs_exact", "-o", "a.snn")
    assert done.returncode == 0, done.stderr
    found = []
    for extra in ((), ("--duration", 100), ("--dt", 0.5), ("--batch", 7)):
        done = snn("simulate", "a.snn", "--data", example / "test.npz", "--count", 50, "--json", *extra)
        assert done.returncode == 0, done.stderr
        found.append(json.loads(done.stdout))
    assert {result["operations_per_sample"] for result in found} == {found[0]["operations_per_sample"]}
    assert {result["accuracy"] for result in found} == {found[0]["accuracy"]}
    steps = found[0]["steps"]
    assert all(result["accuracy_over_time"][:steps] == found[0]["accuracy_over_time"] for result in found)
