"""The command as users meet it: what it says, what it refuses, and what it leaves behind."""

import json
import os
import pickle
import re

import numpy as np
import pytest
import snn as toolbox
from snn.cli import COMMANDS
from snn.cli import main as group
from snn.layers import Activation, Dense, Input
from snn.network import Network


def refused(done, code, *words):
    """Check that ``done`` said one error line and a hint, and ended with ``code``."""
    errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert len(errors) == 1, done.stderr
    assert re.search(r"^hint: \S", done.stderr, re.MULTILINE), done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == code, done.stderr
    for word in words:
        assert word in done.stderr
    assert not done.stdout


@pytest.fixture
def nothing_new(tmp_path):
    """Check that the folder is as it was."""
    yield
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".snn", ".part") or "runs" in path.parts]


def test_help_lists_every_command_with_its_own_first_line(snn):
    said = snn("--help").stdout
    for name in COMMANDS:
        assert re.search(rf"^  {name} ", said, re.MULTILINE)
        command = group.get_command(None, name)
        assert command.name == name
        assert command.help


def test_help_imports_nothing_heavy(snn):
    import subprocess
    import sys

    code = "import sys\ntry:\n from snn.cli import main; main(['--help'])\nexcept SystemExit: pass\n"
    code += "print(*sorted({'numpy', 'rich', 'msgspec', 'numba', 'h5py'} & set(sys.modules)), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True)
    assert done.stderr.strip() == ""


def test_plugins_lists_core_keras_and_inisim(snn):
    told = json.loads(snn("plugins", "--json").stdout)
    assert {"core", "inisim", "keras"} <= {plugin["name"] for plugin in told}
    assert not [plugin for plugin in told if plugin["fault"]]


def test_a_blocked_plugin_is_listed_and_left_out(snn, converted, example):
    assert "blocked" in snn("--block", "inisim", "plugins").stdout
    refused(snn("--block", "inisim", "simulate", converted, "--data", example / "test.npz"), 3, "inisim")


@pytest.mark.usefixtures("nothing_new")
class TestRefusals:
    def test_missing_model(self, snn):
        refused(snn("convert", "none.keras"), 4, "none.keras")

    def test_truncated_model(self, snn, example, tmp_path):
        (tmp_path / "cut.keras").write_bytes((example / "mnist.keras").read_bytes()[:5000])
        refused(snn("convert", "cut.keras"), 4, "cut.keras")

    def test_pickle_as_model(self, snn, tmp_path):
        (tmp_path / "evil.h5").write_bytes(pickle.dumps({"a": 1}))
        refused(snn("convert", "evil.h5"), 4, "evil.h5")

    def test_model_of_no_frontend(self, snn, tmp_path):
        (tmp_path / "net.xyz").write_bytes(b"")
        refused(snn("convert", "net.xyz"), 4, "net.xyz", "--frontend")

    def test_unknown_frontend(self, snn, example):
        refused(snn("convert", example / "mnist.keras", "--frontend", "keris"), 3, "keris", "keras")

    def test_unknown_backend(self, snn, example):
        refused(snn("convert", example / "mnist.keras", "--backend", "brain"), 3, "brain", "inisim")

    def test_unknown_code(self, snn, example):
        refused(snn("convert", example / "mnist.keras", "--code", "morse"), 3, "morse", "rate")

    def test_unknown_setting_suggests_the_near_one(self, snn, example):
        refused(snn("convert", example / "mnist.keras", "--set", "convert.redout=spikes"), 2, "redout", "'readout'")

    def test_unknown_table_suggests_the_near_one(self, snn, example):
        refused(snn("convert", example / "mnist.keras", "--set", "convret.readout=spikes"), 2, "convret", "'convert'")

    def test_value_that_does_not_fit(self, snn, example):
        refused(snn("convert", example / "mnist.keras", "--set", "convert.initial=2"), 2, "initial")

    def test_calibration_samples_of_another_shape(self, snn, example, tmp_path):
        np.savez(tmp_path / "wrong.npz", x=np.zeros((5, 32, 32, 3)))
        refused(snn("convert", example / "mnist.keras", "--calibrate", "wrong.npz"), 8, "wrong.npz", "(32, 32, 3)")

    def test_unwritable_output(self, snn, example):
        refused(snn("convert", example / "mnist.keras", "-o", "no/such/folder/a.snn"), 9, "no/such/folder")

    def test_output_that_is_a_folder(self, snn, example, tmp_path):
        (tmp_path / "folder").mkdir()
        refused(snn("convert", example / "mnist.keras", "-o", "folder"), 9, "folder")

    def test_run_file_without_a_source(self, snn, tmp_path):
        (tmp_path / "run.toml").write_text("name = 'x'\n")
        refused(snn("run", "run.toml"), 2, "source")

    def test_run_file_that_is_no_toml(self, snn, tmp_path):
        (tmp_path / "run.toml").write_text("name = \n")
        refused(snn("run", "run.toml"), 2, "run.toml")

    def test_missing_run_file(self, snn):
        refused(snn("run", "none.toml"), 2, "none.toml")

    def test_unknown_command_and_option(self, snn):
        refused(snn("convrt"), 2, "'convert'")
        refused(snn("convert", "--clibrate", "x"), 2, "--clibrate")

    def test_labels_out_of_range(self, snn, converted, tmp_path):
        np.savez(tmp_path / "bad.npz", x=np.zeros((3, 28, 28, 1)), y=[0, 9, 10])
        refused(snn("simulate", converted, "--data", "bad.npz"), 8, "bad.npz", "label 10", "sample 2")

    def test_data_that_is_a_pickle(self, snn, converted, tmp_path):
        np.savez(tmp_path / "bad.npz", x=np.array([{"a": 1}], object))
        refused(snn("simulate", converted, "--data", "bad.npz"), 8, "bad.npz")

    def test_missing_data(self, snn, converted):
        refused(snn("simulate", converted, "--data", "none.npz"), 8, "none.npz")

    def test_truncated_network(self, snn, converted, example, tmp_path):
        (tmp_path / "cut.xsnn").write_bytes(converted.read_bytes()[:3000])
        refused(snn("simulate", "cut.xsnn", "--data", example / "test.npz"), 5, "cut.xsnn")

    def test_settings_that_would_have_no_effect(self, snn, converted, example):
        words = ("simulate", converted, "--data", example / "test.npz")
        refused(snn(*words, "--set", "convert.initial=0"), 2, "convert.initial", "no effect")
        refused(snn("parse", example / "mnist.keras", "--set", "simulate.batch=3"), 2, "simulate.batch", "no effect")

    def test_recording_that_nothing_keeps(self, snn, converted, example):
        words = ("simulate", converted, "--data", example / "test.npz", "--set", 'record.counts=["relu1"]')
        refused(snn(*words), 2, "[record]", "--out")

    def test_recording_of_a_layer_that_is_not_there(self, snn, example):
        refused(snn("run", example / "run.toml", "--set", 'record.counts=["relu9"]'), 2, "'relu9'", "relu1")
        refused(snn("run", example / "run.toml", "--set", 'record.spikes=["pool1"]'), 2, "'pool1'", "relu1")

    def test_choices_are_listed(self, snn, example):
        done = snn("convert", example / "mnist.keras", "--set", "convert.readout=latency")
        refused(done, 2, "'latency' is none of 'potential', 'spikes', 'softmax'")

    def test_model_given_for_a_network(self, snn, example):
        done = snn("simulate", example / "mnist.keras", "--data", example / "test.npz")
        refused(done, 5, "mnist.keras", "convert it first")

    def test_what_is_done_already(self, snn, converted, example, tmp_path):
        (tmp_path / "net.xsnn").write_bytes(converted.read_bytes())
        refused(snn("simplify", converted, "-o", "a.snn"), 6, "spiking already")
        refused(snn("normalise", converted, "-o", "a.snn"), 6, "spiking already")
        refused(snn("convert", converted, "-o", "a.snn", "--set", "convert.reset=zero"), 6, "spiking already")
        refused(snn("parse", converted, "-o", "a.snn"), 4, "a network already")

    def test_what_is_no_regular_file(self, snn, converted, example, tmp_path):
        for name in ("pipe.keras", "pipe.npz", "pipe.toml"):
            os.mkfifo(tmp_path / name)
        refused(snn("convert", "pipe.keras"), 4, "pipe.keras", "regular")
        refused(snn("simulate", converted, "--data", "pipe.npz"), 8, "pipe.npz", "regular")
        refused(snn("run", "pipe.toml"), 2, "pipe.toml", "regular")
        refused(snn("convert", example / "mnist.keras", "-o", "pipe.npz"), 9, "pipe.npz", "regular")

    def test_names_that_no_file_can_have(self, snn, converted, example):
        refused(snn("convert", "a" * 300 + ".keras"), 2, "longer than 255")
        refused(snn("convert", ""), 2, "empty path")
        refused(snn("run", example / "run.toml", "--set", "name='../evil'"), 2, "name")

    def test_more_steps_than_anybody_waits_for(self, snn, converted, example):
        refused(snn("simulate", converted, "--data", example / "test.npz", "--dt", "1e-300"), 2, "steps")

    def test_samples_that_drive_the_network_out_of_all_bounds(self, snn, converted, tmp_path):
        np.savez(tmp_path / "huge.npz", x=np.full((3, 28, 28, 1), 3e38, np.float32), y=[0, 0, 0])
        done = snn("evaluate", converted, "--data", "huge.npz")
        assert done.returncode == 8
        assert "sample 0" in done.stderr

    def test_a_plugin_to_block_that_is_not_there(self, snn):
        refused(snn("--block", "nope", "plugins"), 2, "nope")

    def test_duration_shorter_than_a_step(self, snn, converted, example):
        data = example / "test.npz"
        refused(snn("simulate", converted, "--data", data, "--duration", 1, "--dt", 2), 2, "duration")
        refused(snn("simulate", converted, "--data", data, "--duration", -1), 2, "duration_ms")
        refused(snn("simulate", converted, "--data", data, "--batch", 0), 2, "batch")


def test_activations_without_a_spiking_form_are_all_named(snn, tmp_path):
    layers = [Input(name="in", shape=(2,))]
    for name, function in (("one", "tanh"), ("two", "relu"), ("three", "sigmoid")):
        layers.append(Dense(name=f"d_{name}", inputs=(layers[-1].name,), weight=np.eye(2), bias=np.zeros(2)))
        layers.append(Activation(name=name, inputs=(layers[-1].name,), function=function))
    toolbox.save(Network(tuple(layers)), tmp_path / "net.snn")
    done = snn("convert", "net.snn", "-o", "out.snn")
    refused(done, 6, "'one' (tanh)", "'three' (sigmoid)")
    assert not (tmp_path / "out.snn").exists()


def test_deviations_are_warned_about_with_their_size(snn, converted, example, tmp_path):
    with np.load(example / "test.npz") as data:
        np.savez(tmp_path / "bytes.npz", x=(255 * data["x"][:4]).astype(np.uint8), y=data["y"][:4])
    done = snn("simulate", converted, "--data", "bytes.npz", "--duration", 4, "--dt", 2)
    assert done.returncode == 0
    assert re.search(r"^warning: bytes.npz: samples are whole numbers up to 255", done.stderr, re.MULTILINE)
    assert re.search(
        r"^warning: steps of 2 ms hold one spike each, so activations above 0.5 ", done.stderr, re.MULTILINE
    )
    poisson = ("--set", "simulate.input=poisson", "--set", "simulate.rate_hz=2000")
    done = snn("simulate", converted, "--data", example / "test.npz", "--count", 5, "--duration", 2, *poisson)
    assert re.search(r"^warning: [\d.]+ % of the input values are above 0.5", done.stderr, re.MULTILINE)


def test_the_duration_of_a_conversion_is_the_networks_own(snn, example):
    done = snn("convert", example / "mnist.keras", "--set", "simulate.duration_ms=7", "-o", "short.snn")
    assert done.returncode == 0, done.stderr
    said = snn("simulate", "short.snn", "--data", example / "test.npz", "--count", 3, "--json")
    assert json.loads(said.stdout)["steps"] == 7


def test_without_calibration_the_bound_of_the_weights_is_warned_about(snn, example, tmp_path):
    done = snn("convert", example / "mnist.keras")
    assert done.returncode == 0
    assert re.search(r"^warning: no calibration samples", done.stderr, re.MULTILINE)
    assert (tmp_path / "mnist.snn").exists()


def test_a_link_stays_and_what_it_leads_to_is_replaced(snn, example, tmp_path):
    (tmp_path / "link.snn").symlink_to("target.snn")
    assert snn("convert", example / "mnist.keras", "-o", "link.snn").returncode == 0
    assert (tmp_path / "link.snn").is_symlink()
    assert toolbox.load(tmp_path / "target.snn").stage == "spiking"


def test_recordings_of_two_runs_do_not_mix(snn, converted, example, tmp_path):
    words = ("simulate", converted, "--data", example / "test.npz", "--count", 5, "--duration", 3, "--out", "kept")
    words += ("--set", 'record.counts=["relu1"]')
    assert snn(*words).returncode == 0
    done = snn(*words)
    assert done.returncode == 9
    assert "earlier run" in done.stderr
    with np.load(tmp_path / "kept/recordings/000000.npz") as kept:
        assert kept["counts/relu1"].shape == (5, 16, 24, 24)


def test_the_source_is_never_overwritten(snn, converted, tmp_path):
    (tmp_path / "mnist.snn").write_bytes(converted.read_bytes())
    refused(snn("convert", "mnist.snn"), 9, "mnist.snn")
    assert (tmp_path / "mnist.snn").read_bytes() == converted.read_bytes()


def test_json_is_one_object_and_nothing_else(snn, converted, example):
    done = snn("simulate", converted, "--data", example / "test.npz", "--count", 5, "--duration", 3, "--json")
    told = json.loads(done.stdout)
    keys = {"samples", "steps", "accuracy", "accuracy_over_time", "agreement", "operations_per_sample", "seconds"}
    assert keys <= set(told)
    assert len(told["accuracy_over_time"]) == 3


def test_a_finished_run_is_told_again_and_compared_without_simulating(snn, converted, example, tmp_path):
    done = snn("simulate", converted, "--data", example / "test.npz", "--count", 20, "--duration", 4, "--out", "one")
    assert done.returncode == 0, done.stderr
    told = snn("report", "one", "--with", "console")
    assert told.stdout == done.stdout
    (tmp_path / "one/result.json").unlink()
    before = (tmp_path / "one/curve.csv").read_bytes()
    assert snn("report", "one", "--with", "files").stdout == ""
    assert (tmp_path / "one/curve.csv").read_bytes() == before
    again = snn("run", "one/run.toml", "--out", "two", "--set", "simulate.duration_ms=8")
    assert again.returncode == 0, again.stderr
    kept = json.loads((tmp_path / "one/result.json").read_text())
    more = json.loads((tmp_path / "two/result.json").read_text())
    assert more["accuracy_over_time"][:4] == kept["accuracy_over_time"]
    assert [layer["name"] for layer in kept["layers"]] == [layer["name"] for layer in more["layers"]]
    side = json.loads(snn("compare", "one", "two", "--json").stdout)
    assert side["rows"]["accuracy"] == [kept["accuracy"], more["accuracy"]]
    assert side["rows"]["simulate.duration_ms"] == ["4.0", "8.0"]
    table = snn("compare", "one", "two").stdout
    assert "correlation of" in table
    assert "simulate.duration_ms" in table


def test_the_sample_to_show_must_be_there(snn, converted, example):
    done = snn("simulate", converted, "--data", example / "test.npz", "--count", 3, "--set", "report.sample=3")
    refused(done, 2, "[report] sample", "no sample 3", "has 3")


def test_what_is_no_run_folder_is_refused(snn, tmp_path):
    for words in (("report", tmp_path), ("compare", tmp_path, tmp_path)):
        refused(snn(*words), 8, "is no run folder")


def test_reporter_that_is_not_installed_is_refused(snn, converted, example):
    assert snn("simulate", converted, "--data", example / "test.npz", "--count", 2, "--out", "o").returncode == 0
    refused(snn("report", "o", "--with", "nothing"), 3, "nothing", "console")


def test_an_interrupted_run_says_so_and_leaves_whole_files(tmp_path, example):
    import signal
    import subprocess
    import sys
    import time

    command = [sys.executable, "-c", "from snn.cli import main; main()", "run", example / "run.toml", "--out", "kept"]
    command += ["--set", "simulate.duration_ms=100000"]
    with subprocess.Popen(command, cwd=tmp_path, text=True, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        deadline = time.monotonic() + 120
        while not (tmp_path / "kept/environment.json").exists():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert "error: interrupted" in said
    assert toolbox.load(tmp_path / "kept/4-spiking.snn").stage == "spiking"
    assert not list((tmp_path / "kept").glob(".*"))
