"""The codes of first spikes from a model file to a result, with their durations calibrated."""

import dataclasses
import json

import numpy as np
import pytest
import snn as toolbox
from snn.clock import Clock
from snn.errors import SettingsError


def simulated(snn, *words):
    done = snn("simulate", *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(("code", "accuracy"), [("ttfs", 0.96), ("ttfs_dynamic", 0.963), ("ttfs_corrective", 0.96)])
def test_the_golden_network_reaches_what_its_code_can(code, accuracy, snn, golden):
    done = snn("convert", golden / "mnist5k_cnn.h5", "--calibrate", golden, "--code", code, "-o", "net.snn")
    assert done.returncode == 0, done.stderr
    found = simulated(snn, "net.snn", "--data", golden)
    assert found["samples"] == 1000
    assert found["accuracy"] >= accuracy


# The example's biases are up to 0.94 of the scale; spikes of ttfs that they cause too early are not taken back.
@pytest.mark.parametrize(("code", "least"), [("ttfs", 0.65), ("ttfs_dynamic", 0.95), ("ttfs_corrective", 0.95)])
def test_the_calibrated_duration_is_stored_used_and_told(code, least, snn, example, tmp_path):
    done = snn("convert", example / "mnist.keras", "--calibrate", example / "calibration.npz", "--code", code)
    assert done.returncode == 0, done.stderr
    network = toolbox.load(tmp_path / "mnist.snn")
    told = next(line for line in network.provenance if line.startswith("duration"))
    assert f"calibrate: {told}" in done.stderr
    assert told.startswith(f"duration {network.clock.duration_ms:g} ms: agrees with the analog network on ")
    assert network.clock.dt_ms == 0.25
    found = simulated(snn, "mnist.snn", "--data", example / "test.npz", "--count", 100)
    assert found["steps"] == network.clock.steps
    assert found["agreement"] >= least


def test_a_duration_that_is_named_is_not_calibrated(example):
    told = []
    network = toolbox.convert(
        example / "mnist.keras",
        calibrate=example / "calibration.npz",
        code="ttfs",
        settings={"simulate": {"duration_ms": 3}},
        tell=told.append,
    )
    assert network.clock == Clock(3, 0.25)
    assert not any(progress.stage == "calibrate" for progress in told)


def test_a_step_that_is_named_is_kept_by_the_calibration(example):
    settings = {"simulate": {"dt_ms": 0.5}}
    network = toolbox.convert(
        example / "mnist.keras", calibrate=example / "calibration.npz", code="ttfs", settings=settings
    )
    assert network.clock.dt_ms == 0.5
    assert 2 <= network.clock.duration_ms <= 20


@pytest.mark.filterwarnings("ignore::snn.errors.ConversionWarning")
def test_without_calibration_samples_the_rule_is_told(example):
    told = []
    network = toolbox.convert(example / "mnist.keras", code="ttfs", tell=told.append)
    assert network.clock == Clock(8, 0.25)
    (note,) = [progress.note for progress in told if progress.stage == "calibrate"]
    assert note == (
        "no calibration samples: the duration, 8 ms, is that of a rule by depth; give --calibrate DATA for a better one"
    )


@pytest.fixture(scope="module")
def network(example):
    return toolbox.convert(
        example / "mnist.keras",
        calibrate=example / "calibration.npz",
        code="ttfs_dynamic",
        settings={"simulate": {"duration_ms": 8}},
    )


def test_random_input_is_refused_before_anything_runs(network, example):
    with pytest.raises(SettingsError, match=r"layer '.*' \(DynamicFirstSpike\) takes no poisson input") as caught:
        toolbox.simulate(network, example / "test.npz", settings={"simulate": {"input": "poisson"}})
    assert caught.value.hint == "its network takes current"


def test_results_depend_on_neither_batch_nor_threads(network, example):
    found = [
        toolbox.simulate(network, example / "test.npz", count=60, batch=batch, settings={"backend": {"inisim": own}})
        for batch, own in ((60, {"threads": 1}), (1, {"threads": 1}), (7, {"threads": 2}))
    ]
    for other in found[1:]:
        np.testing.assert_array_equal(other.spiking, found[0].spiking)
        np.testing.assert_array_equal(other.operations, found[0].operations)


def test_a_network_as_it_is_stored_gives_the_same_result(network, example, tmp_path):
    toolbox.save(network, tmp_path / "net.snn")
    found = [toolbox.simulate(each, example / "test.npz", count=40) for each in (network, tmp_path / "net.snn")]
    np.testing.assert_array_equal(found[0].spiking, found[1].spiking)
    assert dataclasses.astuple(found[0].clock) == (8, 0.25)
