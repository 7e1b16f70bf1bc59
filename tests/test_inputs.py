"""Every kind of data goes through the whole: read, calibrated with, selected, encoded, simulated, told."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
import snn
from snn import layers as op
from snn.errors import ConversionWarning, DataError, SettingsError
from snn.network import Network


def event(x, y, polarity, time):
    return (x << 32 | y << 24 | polarity << 23 | time).to_bytes(5, "big")


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Twelve recordings of three classes: events in the left, the middle and the right of the sensor."""
    home, random = tmp_path_factory.mktemp("recordings"), np.random.default_rng(5)
    for number in range(12):
        folder = home / str(number % 3)
        folder.mkdir(exist_ok=True)
        x = random.integers(0, 11, 300) + 11 * (number % 3)
        y, polarity = random.integers(0, 34, 300), random.integers(0, 2, 300)
        times = np.sort(random.integers(0, 300_000, 300))
        content = b"".join(map(event, *(values.tolist() for values in (x, y, polarity, times))))
        (folder / f"{number:02}.bin").write_bytes(content)
    return home


@pytest.fixture(scope="module")
def network():
    """Three classes: how many events are in each part of the sensor."""
    weight = np.zeros((3, 2, 34, 34), np.float32)
    for number in range(3):
        weight[number, :, :, 11 * number : 11 * number + 11] = 0.02
    return Network(
        (
            op.Input(name="in", shape=(2, 34, 34)),
            op.Flatten(name="flat", inputs=("in",)),
            op.Dense(name="hidden", inputs=("flat",), weight=weight.reshape(3, -1), bias=np.zeros(3, np.float32)),
            op.Activation(name="relu", inputs=("hidden",), function="relu"),
            op.Dense(name="out", inputs=("relu",), weight=np.eye(3, dtype=np.float32), bias=np.zeros(3, np.float32)),
        )
    )


@pytest.fixture(scope="module")
def spiking(network, recordings):
    return snn.convert(network, calibrate=recordings)


def simulated(spiking, samples, *, duration_ms=60, **tables):
    return snn.simulate(spiking, samples, duration_ms=duration_ms, settings=tables)


@pytest.mark.parametrize("entry", ["current", "poisson", "regular", "events"])
def test_recordings_of_events_are_classified_with_every_encoding(spiking, recordings, entry):
    result = simulated(spiking, recordings, simulate={"input": entry})
    assert result.labels.tolist() == sorted(result.labels.tolist())
    assert result.accuracy[-1] == 1
    assert result.agreement[-1] == 1


def test_potentials_at_the_end_are_those_of_a_constant_current(network, recordings):
    """Whatever the encoding, what has entered by the end is the analog sample times the duration."""
    linear = Network((*network.layers[:2], network.layers[2]))
    converted = snn.convert(linear, calibrate=recordings)
    data = snn.read(recordings, settings={"data": {"per_class": 1}})
    ends = {}
    for entry in ("current", "regular", "events"):
        from snn import presenting, run_file, stimuli
        from snn.clock import Clock
        from snn.fitting import fit
        from snn.plugins import Plugins
        from snn.simulating import Setup

        run = run_file.build({"simulate": {"input": entry, "rate_hz": 1000.0}}, Plugins())
        fitted, clock = fit(data, converted), Clock(64, 1)
        samples = next(fitted.batches(9))[1]
        with run.backend.build(converted, Setup(clock=clock)) as simulator:
            stimulus = stimuli.batch(run, fitted, 0, samples, clock)
            ends[entry] = presenting.present(simulator, stimulus, "inisim", 0).output[-1]
    np.testing.assert_allclose(ends["events"], ends["current"], rtol=1e-5)
    np.testing.assert_allclose(ends["regular"], ends["current"], rtol=0.2)


@pytest.mark.parametrize("entry", ["poisson", "regular", "events"])
def test_results_do_not_depend_on_batches_or_on_which_samples_are_shown(spiking, recordings, entry):
    whole = simulated(spiking, recordings, duration_ms=20, simulate={"input": entry})
    parts = simulated(spiking, recordings, duration_ms=20, simulate={"input": entry, "batch": 5})
    some = simulated(spiking, recordings, duration_ms=20, simulate={"input": entry}, data={"subset": "3,7,11"})
    np.testing.assert_array_equal(parts.spiking, whole.spiking)
    np.testing.assert_array_equal(parts.operations, whole.operations)
    np.testing.assert_array_equal(some.operations, whole.operations[:, [3, 7, 11]])


@pytest.mark.parametrize("entry", ["poisson", "regular", "events"])
@pytest.mark.parametrize("parts", [2, 5])
def test_recordings_may_be_shown_one_after_the_other(spiking, recordings, entry, parts):
    alone = simulated(spiking, recordings, duration_ms=20, simulate={"input": entry, "batch": 5})
    found = simulated(spiking, recordings, duration_ms=20, simulate={"input": entry, "batch": 5, "sequence": parts})
    assert found.samples == 12
    first = np.arange(0, 12, parts)
    np.testing.assert_array_equal(found.operations[:, first], alone.operations[:, first])


def test_ancestors_poisson_spikes_have_the_mean_of_the_ancestor(spiking, recordings):
    """At half the rate and a largest value of 1, spikes of height 1 come half as often."""
    scaled = {"input": "poisson", "rate_hz": 500.0, "poisson_scaling": "ancestor"}
    half = simulated(spiking, recordings, simulate=scaled, data={"count": 3})
    full = simulated(spiking, recordings, simulate={**scaled, "rate_hz": 1000.0}, data={"count": 3})
    ratio = half.operations[-1].sum() / full.operations[-1].sum()
    assert 0.45 < ratio < 0.55


def test_samples_without_events_cannot_enter_as_events(spiking):
    x = np.random.default_rng(0).random((2, 2, 34, 34))
    with pytest.raises(DataError, match="the samples are not made of events") as caught:
        simulated(spiking, x, simulate={"input": "events"})
    assert "poisson" in caught.value.hint
    with pytest.raises(DataError, match="no value is above 0"):
        simulated(spiking, -x, simulate={"input": "poisson", "poisson_scaling": "ancestor"})


def test_events_after_the_presentation_are_warned_about_with_their_share(spiking, recordings):
    with pytest.warns(ConversionWarning, match=r"\d\d?\.?\d* % of the events come after the 60 steps .* 300 steps"):
        simulated(spiking, recordings, simulate={"input": "events", "event_step_us": 1000.0})


def test_calibration_takes_as_many_samples_as_are_asked_for(network, recordings):
    few = snn.convert(network, calibrate=recordings, settings={"data": {"normalise_count": 2}})
    assert any("on 2 samples" in line for line in few.provenance)
    with pytest.raises(SettingsError, match=r"data\.count: no effect here"):
        snn.convert(network, calibrate=recordings, settings={"data": {"count": 2}})


def written_idx(folder):
    random = np.random.default_rng(0)
    pixels, labels = random.integers(0, 256, (6, 28, 28), np.uint8), np.array([0, 1, 2, 0, 1, 2], np.uint8)
    (folder / "t10k-images-idx3-ubyte").write_bytes(struct.pack(">HBBIII", 0, 8, 3, 6, 28, 28) + pixels.tobytes())
    (folder / "t10k-labels-idx1-ubyte").write_bytes(struct.pack(">HBBI", 0, 8, 1, 6) + labels.tobytes())
    return folder


def test_command_line_selects_and_skips(snn, converted, tmp_path):
    (tmp_path / "data").mkdir()
    data = written_idx(tmp_path / "data")
    common = (converted, "--data", data, "--json")
    done = snn("simulate", *common, "--duration", "4", "--subset", "1:6", "--per-class", "1")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["samples"] == 3
    done = snn("evaluate", *common, "--subset", "0,5")
    assert json.loads(done.stdout)["samples"] == 2
    done = snn("evaluate", *common, "--subset", "9:")
    assert done.returncode == 2
    assert "names none of the 6 samples" in done.stderr
    done = snn("evaluate", *common, "--set", "data.reader=nosuch")
    assert done.returncode == 3


def test_command_line_leaves_bad_samples_out_and_counts_them(snn, converted, tmp_path):
    x = np.random.default_rng(0).random((4, 28, 28, 1))
    x[2, 0] = np.nan
    np.savez(tmp_path / "d.npz", x=x)
    done = snn("evaluate", converted, "--data", "d.npz")
    assert done.returncode == 8
    assert "sample 2 has values that are not finite" in done.stderr
    assert "--skip-bad" in done.stderr
    done = snn("evaluate", converted, "--data", "d.npz", "--skip-bad", "--json")
    assert json.loads(done.stdout) == {"samples": 3, "skipped": 1, "accuracy": None}
    assert "1 of 4 samples are bad and left out" in done.stderr
    done = snn("simulate", converted, "--data", "d.npz", "--skip-bad", "--json", "--duration", "4", "--out", "kept")
    assert json.loads(done.stdout)["samples"] == 3
    assert json.loads((tmp_path / "kept/result.json").read_text())["skipped"] == 1
    assert "skip_bad = true" in (tmp_path / "kept/run.toml").read_text()


def test_run_folder_keeps_the_digest_of_a_folder_of_samples(snn, converted, tmp_path):
    (tmp_path / "data").mkdir()
    written_idx(tmp_path / "data")
    (tmp_path / "run.toml").write_text(
        f"source = {str(converted)!r}\n[data]\nsamples = 'data'\ncount = 2\n[simulate]\nduration_ms = 4\n"
    )
    found = []
    for name in ("one", "two", "three"):
        assert snn("run", "run.toml", "--out", name).returncode == 0
        found.append(json.loads((tmp_path / name / "environment.json").read_text())["files"])
        if name == "two":
            (tmp_path / "data/t10k-labels-idx1-ubyte").write_bytes(struct.pack(">HBBI", 0, 8, 1, 6) + bytes(6))
    assert found[0] == found[1] != found[2]
    assert str((tmp_path / "data").absolute()) in found[0]
