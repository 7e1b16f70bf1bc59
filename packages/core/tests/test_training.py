"""What trainers are given and give: samples as they will be simulated, epochs in a table, a network that is checked."""

from __future__ import annotations

import dataclasses
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
import snn
from snn import epochs, run_file, stimuli, training_runs
from snn.checking import from_arrays
from snn.clock import Clock
from snn.encoding import ConstantCurrent
from snn.errors import ConversionWarning, DataError, OutputError, PluginError, SettingsError
from snn.layers import Dense, Input
from snn.network import Network
from snn.neurons import IntegrateFire
from snn.plugins import Plugins
from snn.progress import EpochProgress, Progress
from snn.storage import digest
from snn.testing import TrainerSuite, perform
from snn.testing.trainer_checks import learns, repeats_itself, resumes, tells_how_far_it_is
from snn.training import Training


def _delta():
    spec = importlib.util.spec_from_file_location("snn_delta_here", Path(__file__).with_name("delta.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


delta = _delta()


class Here(Plugins):
    """The plugins of this environment, and the delta rule."""

    def __init__(self, *trainers):
        super().__init__()
        self.trainers = trainers or (delta.Delta,)

    def origin(self, component):
        return self.found[0] if component in self.trainers else super().origin(component)

    def components(self, kind):
        return {one.name: one for one in self.trainers} if kind == "trainer" else super().components(kind)


class TestDelta(TrainerSuite):
    trainer = delta.Delta()


def halves(count=40, shape=(8,), name="d.npz"):
    random = np.random.default_rng(1)
    labels = np.arange(count) % 2
    samples = random.random((count, *shape)) * 0.3
    samples[labels == 1] += 0.5
    return from_arrays(samples.astype(np.float32), labels, name)


def changed(**methods):
    kind = type("Changed", (delta.Delta,), methods)
    return kind()


def test_a_trainer_that_begins_anew_is_found():
    def train(self, task, tell=None):
        return delta.Delta.train(self, dataclasses.replace(task, resume=False), tell)

    outcome = perform(resumes, changed(train=train))
    assert (outcome.state, "begins anew" in outcome.reason) == ("failed", True)
    assert perform(repeats_itself, changed(train=train)).state == "ok"


def test_a_trainer_whose_order_goes_on_from_the_start_is_found():
    def train(self, task, tell=None):
        kept = task.resume and any(task.folder.iterdir())
        return delta.Delta.train(self, dataclasses.replace(task, seed=task.seed + kept), tell)

    assert perform(resumes, changed(train=train)).state == "failed"


def test_a_trainer_that_tells_no_numbers_is_found():
    def train(self, task, tell=None):
        def bare(step):
            tell(EpochProgress(epoch=step.epoch, epochs=step.epochs) if isinstance(step, EpochProgress) else step)

        return delta.Delta.train(self, task, bare)

    assert "the loss of epoch 1 is nan" in perform(tells_how_far_it_is, changed(train=train)).reason


def test_what_a_trainer_learns_is_simulated_by_the_reference():
    assert perform(learns, delta.Delta()).state == "ok"
    assert "50 % of the samples" in perform(learns, delta.Delta(rate=1e-9)).reason


def test_an_epoch_is_a_part_of_so_many():
    step = EpochProgress(epoch=3, epochs=8, loss=0.5, accuracy=0.75)
    assert (step.stage, step.done, step.total, step.validation_accuracy) == ("train", 3, 8, None)


def test_a_task_presents_currents_with_its_clock_unless_told_otherwise():
    data = halves()
    task = dataclasses.replace(Training(data=data), clock=Clock(6, 0.5))
    stimulus = task.encode(data, np.array([5, 2]))
    assert isinstance(stimulus, ConstantCurrent)
    assert (stimulus.clock, stimulus.numbers.tolist(), task.classes) == (Clock(6, 0.5), [5, 2], 2)
    np.testing.assert_array_equal(stimulus.steps(0, 1)[0], data.samples[[5, 2]] * np.float32(0.5))


@pytest.mark.parametrize("entry", ["current", "poisson", "regular"])
def test_draw_0_is_what_simulate_presents_and_others_are_others(entry):
    run = run_file.build({"seed": 4, "simulate": {"input": entry}}, Plugins())
    data, clock, places = halves(), Clock(20, 1), np.array([7, 3, 30])
    encode = stimuli.encoder(run, clock)
    given = encode(data, places).steps(0, 20)
    for row, place in enumerate(places):  # each as it is in any batch of simulate
        batch = stimuli.batch(run, data, 0, data.samples, clock)
        np.testing.assert_array_equal(given[:, row], batch.steps(0, 20)[:, place])
    others = [encode(data, places, draw).steps(0, 20) for draw in (1, 2)]
    same = [np.array_equal(given, other) for other in others] + [np.array_equal(*others)]
    assert same == ([False] * 3 if entry == "poisson" else [True] * 3)
    np.testing.assert_array_equal(encode(data, places, 1).steps(0, 20), others[0])


def test_events_are_presented_as_simulate_does(tmp_path):
    spikes = (np.random.default_rng(0).random((6, 10, 2, 3)) < 0.3).astype(np.int8)
    np.savez(tmp_path / "a.spikes.npz", spikes=spikes, y=np.arange(6) % 2)
    run = run_file.build({"simulate": {"input": "events"}}, Plugins())
    data, clock = snn.read(tmp_path / "a.spikes.npz"), Clock(10, 1)
    given = stimuli.encoder(run, clock)(data, np.array([4, 1]))
    np.testing.assert_array_equal(given.steps(0, 10), spikes[[4, 1]].swapaxes(0, 1))
    np.testing.assert_array_equal(given.samples, data.samples[[4, 1]])


def row(epoch, worth=0.5, **more):
    return EpochProgress(epoch=epoch, epochs=9, loss=1 / 3, accuracy=0.25, validation_accuracy=worth, **more)


def told(*steps):
    found = epochs.Epochs()
    for step in steps:
        found = found.after(step)
    return found


def test_the_table_of_epochs_survives_its_file(tmp_path):
    found = told(row(1), row(2, None), row(3, np.float32(0.75), validation_loss=0.1, seconds=2))
    epochs.save(found, tmp_path / epochs.FILE)
    assert epochs.load(tmp_path / epochs.FILE) == found
    first, second, *_ = (tmp_path / epochs.FILE).read_text().splitlines()
    assert first == "epoch,loss,accuracy,validation_loss,validation_accuracy,seconds"
    assert second == "1,0.3333333333333333,0.25,,0.5,0.0"
    assert epochs.load(tmp_path / "none.csv") == epochs.Epochs()


@pytest.mark.parametrize(
    "text", ["", "epoch\n1\n", "HEAD\n1,2\n", "HEAD\n1,a,b,,,1\n", "HEAD\n1,,0.5,,,1\n", "HEAD\nx,1,1,,,1\n"]
)
def test_a_table_that_is_none_is_told(tmp_path, text):
    path = tmp_path / epochs.FILE
    path.write_text(text.replace("HEAD", ",".join(epochs.COLUMNS)))
    with pytest.raises(OutputError, match="cannot be read"):
        epochs.load(path)


def test_epochs_that_are_trained_again_replace_those_from_there_on():
    assert [one.epoch for one in told(row(1), row(2), row(3), row(2)).rows] == [1, 2]


def test_the_best_epoch_is_the_first_of_the_highest_validation_accuracy():
    assert told(row(1, 0.1), row(2, 0.9), row(3, 0.9), row(4, None), row(5, float("nan"))).best.epoch == 2
    assert told(row(1, None), row(2, None)).best.epoch == 1
    assert told().best is None


def learnt(data=None, plugins=None, **more):
    more = {"trainer": "delta", "duration_ms": 20, **more}
    return snn.train(halves() if data is None else data, plugins=plugins or Here(), **more)


def test_python_trains_what_python_simulates():
    steps = []
    network = learnt(validate=halves(20), seed=3, tell=steps.append, settings={"trainer": {"delta": {"epochs": 3}}})
    assert (network.stage, network.clock) == ("spiking", Clock(20, 1))
    assert [step.epoch for step in steps if isinstance(step, EpochProgress)] == [1, 2, 3]
    assert network.provenance[-1] == (
        "trained by 'delta' with seed 3 on 40 samples of d.npz, shown for 20 ms in steps of 1 ms as current"
    )
    last = [step for step in steps if isinstance(step, EpochProgress)][-1]
    pytest.importorskip("snn_backend_inisim")
    assert snn.simulate(network, halves(20), backend="inisim").accuracy[-1] == last.validation_accuracy


def test_a_folder_holds_the_training_and_goes_on(tmp_path):
    class StopError(Exception):
        pass

    def stop(step: Progress):
        if isinstance(step, EpochProgress) and step.epoch == 4:
            raise StopError

    whole = learnt(seed=1)
    with pytest.raises(StopError):
        learnt(seed=1, out=tmp_path / "a", tell=stop)
    assert len(epochs.load(tmp_path / "a" / epochs.FILE).rows) == 4
    steps = []
    again = learnt(seed=1, out=tmp_path / "a", resume=True, tell=steps.append)
    assert digest(again) == digest(whole) == digest(snn.load(tmp_path / "a/trained.snn"))
    assert next(step.epoch for step in steps if isinstance(step, EpochProgress)) == 4
    assert [one.epoch for one in epochs.load(tmp_path / "a" / epochs.FILE).rows] == list(range(1, 9))


def test_a_folder_is_for_one_training(tmp_path):
    learnt(out=tmp_path / "a")
    with pytest.raises(OutputError, match="holds a training already"):
        learnt(out=tmp_path / "a")
    with pytest.raises(OutputError, match=r"another training\nseed: 0 there, 5 now"):
        learnt(out=tmp_path / "a", resume=True, seed=5)
    with pytest.raises(OutputError, match="no training to go on with"):
        learnt(out=tmp_path / "b", resume=True)
    with pytest.raises(SettingsError, match="there is none"):
        learnt(resume=True)
    for file in (tmp_path / "a" / training_runs.CHECKPOINTS).iterdir():
        file.unlink()
    with pytest.raises(OutputError, match="no checkpoint to go on from"):
        learnt(out=tmp_path / "a", resume=True)
    assert not (tmp_path / "b").exists()


def test_a_network_may_be_given_whose_graph_is_taken():
    dense = Dense(name="dense", inputs=("input",), weight=np.zeros((3, 8), np.float32), bias=np.zeros(3, np.float32))
    layers = (Input(name="input", shape=(8,)), dense, IntegrateFire(name="out", inputs=("dense",)))
    network = Network(layers, stage="spiking", clock=Clock(12, 0.5))
    seen = []

    class Seeing(delta.Delta):
        def train(self, task, tell=None):
            seen.append(task)
            return super().train(task, tell)

    found = snn.train(halves(shape=(8, 1)), network=network, plugins=Here(Seeing))
    assert (seen[0].network, seen[0].classes, seen[0].data.shape) == (network, 3, (8,))
    assert (found.clock, found.shapes["out"]) == (Clock(12, 0.5), (3,))


@pytest.mark.parametrize(
    ("data", "more", "told"),
    [
        ((np.ones((4, 2)), np.array([0, 1, -1, -1])), {}, "the class of sample 2 is not known; such samples: 2"),
        (np.ones((4, 2)), {}, "the class of sample 0 is not known; such samples: 4"),
        ((np.ones((4, 2)), np.array([0, 1, -7, 1])), {}, "label -7 of sample 2 is no class"),
        ((np.ones((4, 2)), np.array([0, 1, 10**6, 1])), {}, "label 1000000 of .* which are 0 to 65535"),
        (np.ones((0, 2)), {}, "samples have shape"),
        (halves().take(np.arange(0)), {}, r"d\.npz: there are no samples"),
        (halves(), {"validate": halves(name="v").take(np.arange(0))}, "v: there are no samples"),
        (halves(), {"validate": halves(shape=(9,), name="v")}, r"v: samples have shape \(9,\); those of d\.npz \(8,\)"),
        (halves(), {"validate": (np.ones((2, 8)), np.array([0, 2]))}, "label 2 of sample 1 is .* 0 to 1"),
        ((np.full((2, 2), np.nan), np.array([0, 1])), {}, "not finite"),
        (halves(), {"settings": {"simulate": {"input": "events"}}}, r"d\.npz: the samples are not made of events"),
    ],
)  # fmt: skip
def test_samples_that_cannot_be_learnt_from_are_told(data, more, told):
    with pytest.raises(DataError, match=told) as caught:
        learnt(data, **more)
    assert caught.value.hint


def test_inputs_that_saturate_are_warned_about():
    with pytest.warns(ConversionWarning, match="saturate"):
        learnt((np.full((4, 2), 3.0), np.array([0, 1, 0, 1])), settings={"simulate": {"input": "regular"}})


@pytest.mark.parametrize(
    ("fault", "told"), [("gives nothing", "it is a NoneType"), ("gives no neurons", "its stage is parsed")]
)
def test_a_trainer_that_gives_no_spiking_network_is_told(fault, told):
    with pytest.raises(PluginError, match=told):
        learnt(settings={"trainer": {"delta": {"fault": fault, "epochs": 1}}})


def test_a_trainer_is_chosen_by_name_where_there_is_more_than_one():
    class Other(delta.Delta):
        name = "other"

    both = Here(delta.Delta, Other)
    with pytest.raises(PluginError, match="several trainers are installed: delta, other"):
        learnt(trainer=None, plugins=both)
    with pytest.raises(PluginError, match="no trainer 'third' is installed") as caught:
        learnt(trainer="third", plugins=both)
    assert caught.value.hint == "installed: delta, other"
    assert "'other'" in learnt(trainer="other", plugins=both).provenance[-1]

    class Nobody(Here):
        def components(self, kind):
            return {} if kind == "trainer" else super().components(kind)

    for name in (None, "slayer"):
        with pytest.raises(PluginError, match=r"no trainer .*is installed") as caught:
            learnt(trainer=name, plugins=Nobody())
        assert "pip install snn-training-slayer" in caught.value.hint


def test_what_a_trainer_needs_is_looked_for_first():
    class Needy(delta.Delta):
        requires = ("nowhere_to_be_found: nowhere",)

    with pytest.raises(PluginError, match="trainer 'delta' needs nowhere") as caught:
        learnt(plugins=Here(Needy))
    assert caught.value.hint == "pip install nowhere"


def test_settings_without_effect_are_refused_on_either_side():
    with pytest.raises(SettingsError, match=r"data\.count: no effect here"):
        learnt(settings={"data": {"count": 3}})
    with pytest.raises(SettingsError, match=r"train\.count, trainer\.delta: no effect here") as caught:
        run_file.build({"train": {"count": 3}, "trainer": {"delta": {"epochs": 3}}}, Here(), uses=run_file.RUNNING)
    assert caught.value.hint.startswith("snn train trains what [train] says")
