"""Networks in NEST, NEURON and Brian2 do what the plain step loop does, spike by spike."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
from snn import layers as op
from snn.clock import Clock
from snn.connection_files import load
from snn.encoding import ConstantCurrent, PoissonSpikes
from snn.errors import PluginError, SimulationError, UnsupportedLayer
from snn.network import Network
from snn.neurons import Accumulate, IntegrateFire
from snn.plugins import check_requirements
from snn.sequences import sequence
from snn.simulating import Record, Setup
from snn.testing import reference
from snn_backend_spinnaker.pynn.backend import PyNN

STEPS = 12
COMPILER = shutil.which("cc") or shutil.which("gcc")


def missing(simulator):
    """Return why a simulator cannot be tried here, if it cannot."""
    if not all(map(find_spec, ("pyNN", simulator))):
        return f"PyNN or {simulator} is missing"
    return "NEURON needs a C compiler" if simulator == "neuron" and not COMPILER else ""


SIMULATORS = [
    pytest.param(name, marks=pytest.mark.skipif(bool(missing(name)), reason=missing(name) or "it is there"))
    for name in ("nest", "neuron", "brian2")
]


def eighths(rng, *shape):
    """Return weights whose sums are exact in any order."""
    return (rng.integers(-4, 5, shape) / 8).astype(np.float32)


def network(**fields):
    """Return convolutions, a pool of the input, a mean, and branches of unequal depth, all with biases."""
    rng = np.random.default_rng(7)

    def fire(name, source):
        return IntegrateFire(name=name, inputs=(source,), **fields)

    def conv(name, source, outputs, inputs, **more):
        settings = {"stride": (1, 1), "padding": ((1, 1), (1, 1)), "groups": 1, "dilation": (1, 1)} | more
        weight = eighths(rng, outputs, inputs // settings["groups"], 3, 3)
        return op.Conv(name=name, inputs=(source,), weight=weight, bias=eighths(rng, outputs), **settings)

    return Network(
        (
            op.Input(name="input", shape=(2, 6, 6)),
            op.MaxPool(name="largest", inputs=("input",), size=(2, 2), stride=(1, 1), padding=((0, 1), (0, 1))),
            conv("conv1", "largest", 4, 2, stride=(2, 2)),
            fire("fire1", "conv1"),
            conv("conv2", "fire1", 4, 4, groups=2),
            fire("fire2", "conv2"),
            conv("conv3", "fire2", 4, 4, dilation=(2, 2), padding=((2, 2), (2, 2))),
            fire("fire3", "conv3"),
            op.Add(name="sum", inputs=("fire1", "fire3"), factors=np.array([0.5, 2])),
            op.Concat(name="both", inputs=("sum", "fire2")),
            op.AvgPool(name="mean", inputs=("both",), size=(1, 2), stride=(1, 1), padding=((0, 0), (0, 0))),
            op.Flatten(name="flat", inputs=("mean",)),
            op.Dense(name="dense", inputs=("flat",), weight=eighths(rng, 5, 48), bias=eighths(rng, 5)),
            fire("fire4", "dense"),
            op.Dense(name="classes", inputs=("fire4",), weight=eighths(rng, 3, 5), bias=eighths(rng, 3)),
            Accumulate(name="out", inputs=("classes",)),
        ),
        stage="spiking",
    )


def samples(count=2):
    return (np.random.default_rng(1).integers(0, 9, (count, 2, 6, 6)) / 8).astype(np.float32)


def same(made, stimulus, **settings):
    """Compare all spikes and some potentials with the reference."""
    names = frozenset(layer.name for layer in made.layers if isinstance(layer, IntegrateFire))
    kept = frozenset({"fire3", "out"})
    record = Record(counts=names, spikes=names, potentials=kept)
    with PyNN(**settings).build(made, Setup(clock=stimulus.clock, record=record)) as simulator:
        ours = simulator.run(stimulus)
        again = simulator.run(stimulus)
    theirs = reference.simulate(made, stimulus)
    for name in names:
        spikes = theirs.spikes[name]
        assert spikes.any(), name
        assert (ours.spikes[name].dense(*spikes.shape[:2], spikes.shape[2:]) == spikes).all(), name
        assert (ours.counts[name] == spikes.sum(axis=0)).all(), name
        assert (again.counts[name] == ours.counts[name]).all(), name
    for name in kept:
        assert ours.potentials[name] == pytest.approx(theirs.potentials[name], abs=1e-6), name
    assert (ours.output == again.output).all()


@pytest.mark.parametrize("native", [True, False], ids=["native", "PyNN's connectors"])
@pytest.mark.parametrize("simulator", SIMULATORS)
def test_a_constant_current_gives_the_same_spikes(simulator, native):
    stimulus = ConstantCurrent(samples(), np.arange(2), Clock(duration_ms=STEPS))
    same(network(initial=np.float32(0.5)), stimulus, simulator=simulator, native=native)


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_a_reset_to_zero_and_a_refractory_time_give_the_same_spikes(simulator):
    stimulus = ConstantCurrent(samples(), np.arange(2), Clock(duration_ms=2 * STEPS))
    same(network(reset="zero", threshold=0.75, refractory_ms=2.0), stimulus, simulator=simulator)


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_random_spikes_of_any_height_in_short_steps_give_the_same_spikes(simulator):
    clock = Clock(duration_ms=STEPS / 2, dt_ms=0.5)
    same(network(threshold=0.5), PoissonSpikes(samples(), np.arange(2), clock, rate_hz=500.0), simulator=simulator)


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_samples_may_follow_one_another_without_rest(simulator):
    clock = Clock(duration_ms=STEPS // 2)
    parts = [ConstantCurrent(samples(), np.arange(2), clock), ConstantCurrent(samples()[::-1], np.arange(2), clock)]
    same(network(), sequence(parts), simulator=simulator)


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_nothing_is_left_of_the_batch_before(simulator):
    """Currents, spikes, nothing at all, and currents again; the samples of a batch differ, too."""
    made, clock = network(), Clock(duration_ms=STEPS)
    several = [
        ConstantCurrent(np.stack([*samples(), 0 * samples()[0]]), np.arange(3), clock),
        PoissonSpikes(samples(), np.arange(2), clock, rate_hz=500.0),
        ConstantCurrent(0 * samples(), np.arange(2), clock),
        ConstantCurrent(samples()[::-1], np.arange(2), clock),
    ]
    with PyNN(simulator=simulator).build(made, Setup(clock=clock)) as built:
        for stimulus in several:
            assert built.run(stimulus).output == pytest.approx(reference.simulate(made, stimulus).output, abs=1e-6)


def test_batches_that_do_not_fit_at_once_are_run_in_parts(monkeypatch):
    pytest.importorskip("nest", reason="NEST is missing")
    from snn_backend_spinnaker.pynn import simulator

    monkeypatch.setattr(simulator, "_HELD_BYTES", 1)
    same(network(), ConstantCurrent(samples(3), np.arange(3), Clock(duration_ms=STEPS)))


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"leak": 0.125}, "leak"),
        ({"reset": "modulo"}, "'modulo'"),
        ({"refractory_ms": 2.0}, "refractory_ms"),
    ],
)
def test_neurons_that_it_has_not_are_refused_by_name(fields, what):
    with pytest.raises(UnsupportedLayer, match=f"layer 'fire1': backend 'pynn' cannot do .*{what}"):
        PyNN().check(network(**fields))


def test_a_refractory_time_is_refused_on_nest_only():
    PyNN(simulator="neuron").check(network(refractory_ms=2.0))


def test_a_max_pool_of_spikes_is_refused_by_name():
    pooled = Network(
        (
            op.Input(name="input", shape=(1, 4)),
            IntegrateFire(name="fire", inputs=("input",)),
            op.MaxPool(name="pool", inputs=("fire",), size=(2,), stride=(2,), padding=((0, 0),)),
            Accumulate(name="out", inputs=("pool",)),
        ),
        stage="spiking",
    )
    with pytest.raises(UnsupportedLayer, match="'pool'") as caught:
        PyNN().check(pooled)
    assert "average pools" in caught.value.hint


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_the_facts_tell_what_runs_and_progress_is_told(simulator):
    told = []
    stimulus = ConstantCurrent(samples(), np.arange(2), Clock(duration_ms=STEPS))
    with PyNN(simulator=simulator).build(network(), Setup(clock=stimulus.clock, tell=told.append)) as built:
        built.run(stimulus)
        facts = built.facts()
    assert facts["simulator"] == simulator
    assert {"pynn", simulator, "synapses", "build_seconds"} <= set(facts)
    stages = [(step.stage, step.done, step.total) for step in told]
    assert ("build", facts["synapses"], facts["synapses"]) in stages
    assert stages[-1] == ("simulate", 2, 2)


def test_connections_are_kept_in_files_that_pynn_reads_and_are_loaded_again(tmp_path):
    pytest.importorskip("nest", reason="NEST is missing")
    made = network()
    stimulus = ConstantCurrent(samples(), np.arange(2), Clock(duration_ms=STEPS))
    told = []
    for _ in range(2):
        setup = Setup(clock=stimulus.clock, tell=told.append)
        with PyNN(connections=str(tmp_path / "wires")).build(made, setup) as built:
            assert built.run(stimulus).output == pytest.approx(reference.simulate(made, stimulus).output, abs=1e-6)
    notes = [step.note for step in told if step.note]
    place = tmp_path / "wires" / "current"
    assert notes == [f"connections saved to {place}", f"connections loaded from {place}"]
    kept = load(place, made, entry=False)
    branch = next(place for place, way in enumerate(kept.connections) if (way.source, way.target) == ("fire1", "fire4"))
    assert kept.delays_ms[branch] == 3  # as long as the way through fire2 and fire3


@pytest.mark.parametrize(("simulator", "distribution"), [("nest", "nest-simulator"), ("neuron", "neuron")])
def test_a_missing_simulator_is_named_with_what_to_install(simulator, distribution, monkeypatch):
    monkeypatch.setattr("snn.plugins._is_there", lambda module: module == "pyNN")
    with pytest.raises(PluginError, match=f"^backend 'pynn' needs {distribution}$") as caught:
        check_requirements("backend", PyNN(simulator=simulator))
    assert caught.value.hint == f"pip install {distribution}"


def test_importing_the_plugin_and_making_the_backend_imports_no_simulator():
    code = (
        "import sys, snn_backend_spinnaker; [kind() for kind in snn_backend_spinnaker.snn_backends()];"
        "heavy = {'pyNN', 'nest', 'neuron', 'brian2', 'spynnaker'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_simulator_that_dies_is_one_error_and_leaves_nothing_running(tmp_path):
    pytest.importorskip("nest", reason="NEST is missing")
    stimulus = ConstantCurrent(samples(), np.arange(2), Clock(duration_ms=STEPS))
    with PyNN().build(network(), Setup(clock=stimulus.clock, folder=tmp_path)) as built:
        built._child._process.kill()
        with pytest.raises(
            SimulationError, match=r"^the process of PyNN's nest, asked to present, was ended by SIGKILL"
        ) as caught:
            built.run(stimulus)
        assert str(tmp_path / "pynn" / "log.txt") in caught.value.hint
    assert built._child._process.poll() is not None
