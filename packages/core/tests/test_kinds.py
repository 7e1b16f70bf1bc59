"""The checks of frontends, normalisers, reporters and trainers find faults, and pass what is sound."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from snn import analog, storage
from snn.errors import NetworkError, ParseError
from snn.layers import Activation, Dense, Input
from snn.network import Network
from snn.neurons import Accumulate, IntegrateFire
from snn.normalising import Percentile, WeightBound
from snn.parsing import Frontend
from snn.progress import EpochProgress, Progress, say_nothing
from snn.reporters.console import Console
from snn.testing import (
    TrainerSuite,
    checks_for,
    golden_networks,
    perform,
)
from snn.training import Trainer


@dataclass(frozen=True)
class Kept(Frontend):
    """Reads networks that were kept in files."""

    name: ClassVar[str] = "kept"
    suffixes: ClassVar[tuple[str, ...]] = (".kept",)

    def parse(self, source):
        try:
            network = storage.load(source)
        except NetworkError as error:
            raise ParseError(str(error), hint="keep it again") from error
        return dataclasses.replace(network, stage="parsed", provenance=(f"read from {source}",))


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    network = golden_networks.convolutions()
    path = tmp_path_factory.mktemp("models") / "network.kept"
    storage.save(network, path)
    samples = np.asarray(golden_networks.data(network, 5).samples, np.float32)
    return {"network": (path, samples, analog.evaluate(network, samples)[network.output.name])}


def outcomes(kind, component, **material):
    found = {}
    for check in checks_for(kind):
        taken = check.__code__.co_varnames[: check.__code__.co_argcount]
        more = {name: value for name, value in material.items() if name in taken}

        def bound(component, check=check, more=more):
            check(component, **more)

        bound.__name__ = check.__name__
        found[check.__name__] = perform(bound, component).state
    return found


def failing(kind, component, **material):
    return {name for name, state in outcomes(kind, component, **material).items() if state == "failed"}


def changed(component, **methods):
    return dataclass(frozen=True)(type("Changed", (type(component),), methods))()


def test_a_sound_frontend_passes(models):
    assert failing("frontend", Kept(), models=models) == set()


def test_what_needs_models_is_skipped_without_them():
    found = outcomes("frontend", Kept())
    assert found["computes_what_the_framework_does"] == "skipped"
    assert found["refuses_garbage"] == "ok"


def test_a_frontend_that_lets_other_errors_out_is_found(models):
    frontend = changed(Kept(), parse=lambda _, source: storage.load(source))
    assert failing("frontend", frontend, models=models) == {
        "refuses_a_missing_file",
        "refuses_an_empty_file",
        "refuses_garbage",
        "refuses_a_truncated_model",
        "gives_what_it_read",
    }


def test_a_frontend_that_computes_something_else_is_found(models):
    def parse(self, source):
        network = Kept().parse(source)
        return network.replace(
            dataclasses.replace(layer, bias=layer.bias + 0.01) if isinstance(layer, Dense) else layer
            for layer in network.layers
        )

    assert failing("frontend", changed(Kept(), parse=parse), models=models) == {"computes_what_the_framework_does"}


def test_a_frontend_that_accepts_everything_is_found(models):
    frontend = changed(Kept(), accepts=lambda *_: True)
    assert failing("frontend", frontend, models=models) == {"accepts_its_suffixes"}


def test_a_normaliser_that_leaves_biases_as_they_are_is_found():
    def normalise(self, network, data, tell=say_nothing):
        done = Percentile().normalise(network, data)
        old = {layer.name: layer.bias for layer in network.layers if hasattr(layer, "bias")}
        return done.replace(
            dataclasses.replace(layer, bias=old[layer.name]) if layer.name in old else layer for layer in done.layers
        )

    found = failing("normaliser", changed(Percentile(), normalise=normalise))
    assert {"keeps_proportions", "keeps_the_class", "scales_sums", "scales_joined_branches"} <= found
    assert not found & {"says_what_it_did", "repeats_itself", "leaves_the_network_alone"}


def test_a_normaliser_that_does_nothing_is_found():
    def normalise(self, network, data, tell=say_nothing):
        return dataclasses.replace(network, stage="normalised", provenance=("nothing was done",))

    assert failing("normaliser", changed(WeightBound(), normalise=normalise)) == {"keeps_values_below_one"}


def test_a_reporter_that_writes_beside_its_folder_is_found():
    def report(self, result, folder):
        Path("beside.txt").write_text("here", encoding="utf-8")

    assert {"writes_only_into_its_folder", "writes_nothing_without_a_folder"} <= failing(
        "reporter", changed(Console(), report=report)
    )


def test_a_reporter_that_takes_labels_for_granted_is_found():
    def report(self, result, folder):
        float(result.accuracy[-1])

    assert failing("reporter", changed(Console(), report=report)) == {"works_without_labels"}


def test_a_reporter_that_takes_operations_for_granted_is_found():
    def report(self, result, folder):
        result.operations.mean()

    assert failing("reporter", changed(Console(), report=report)) == {"works_without_operations"}


def done():
    return EpochProgress(epoch=1, epochs=1, loss=0.5, accuracy=1.0, validation_accuracy=1.0)


@dataclass(frozen=True)
class Prototypes(Trainer):
    """Takes the mean of each class, less the mean of all, for its weights; noise from the seed stands for chance."""

    name: ClassVar[str] = "prototypes"
    noise: float = 0.01

    def train(self, task, tell=say_nothing):
        samples = np.asarray(task.data.samples, np.float32).reshape(len(task.data), -1)
        means = np.stack([samples[task.data.labels == label].mean(axis=0) for label in np.unique(task.data.labels)])
        weight = means - means.mean(axis=0) + np.random.default_rng(task.seed).normal(0, self.noise, means.shape)
        tell(done())
        return self.network(task, weight.astype(np.float32))

    def network(self, task, weight):
        layers = (
            Input(name="input", shape=task.data.shape),
            IntegrateFire(name="spikes", inputs=("input",)),
            Dense(name="dense", inputs=("spikes",), weight=weight, bias=np.zeros(len(weight), np.float32)),
            Accumulate(name="out", inputs=("dense",)),
        )
        return Network(layers, ("trained on prototypes",), stage="spiking", clock=task.clock)


def test_a_sound_trainer_passes():
    assert failing("trainer", Prototypes()) == set()


def test_a_trainer_that_does_not_learn_is_found():
    def train(self, task, tell=say_nothing):
        tell(done())
        return self.network(task, np.zeros((2, 8), np.float32))

    assert failing("trainer", changed(Prototypes(), train=train)) == {"learns"}


def test_a_trainer_that_ignores_its_seed_is_found():
    turn = iter(range(100))

    def train(self, task, tell=say_nothing):
        return Prototypes().train(dataclasses.replace(task, seed=next(turn)), tell)

    assert failing("trainer", changed(Prototypes(), train=train)) == {"repeats_itself", "resumes"}


def test_a_trainer_that_gives_an_analog_network_is_found():
    def train(self, task, tell=say_nothing):
        tell(done())
        dense = Dense(name="dense", inputs=("input",), weight=np.ones((2, 8), np.float32), bias=np.zeros(2, np.float32))
        relu = Activation(name="out", inputs=("dense",), function="relu")
        return Network((Input(name="input", shape=(8,)), dense, relu), ("trained",))

    assert {"gives_a_spiking_network"} <= failing("trainer", changed(Prototypes(), train=train))


def test_a_trainer_that_does_not_tell_epochs_is_found():
    def train(self, task, tell=say_nothing):
        tell(Progress("train", 1, 1))
        return Prototypes().train(task)

    assert failing("trainer", changed(Prototypes(), train=train)) == {"tells_how_far_it_is", "resumes"}


def test_a_trainer_that_resumes_with_other_random_numbers_is_found():
    def train(self, task, tell=say_nothing):
        return Prototypes().train(dataclasses.replace(task, seed=task.seed + len(list(task.folder.iterdir()))), tell)

    def kept(self, task, tell=say_nothing):
        if task.folder is None:
            return Prototypes().train(task, tell)
        (task.folder / "last").write_text("here") if not task.resume else None
        return train(self, task, tell)

    assert failing("trainer", changed(Prototypes(), train=kept)) == {"resumes"}


class TestPrototypes(TrainerSuite):
    trainer = Prototypes()
