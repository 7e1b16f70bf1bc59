"""The kit finds the faults that it is there to find, each by the check that names it."""

import itertools
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
from snn import layers as op
from snn import storage
from snn.neurons import BitPattern, FewSpike, IntegrateFire, WindowFirstSpike
from snn.simulating import Backend, Events, NotSimulated, Problem, Recording, Simulator
from snn.testing import checks_for, perform, reference

KINDS = frozenset(storage.KINDS.values()) - {op.Activation}
CHECKS = {check.__name__: check for check in checks_for("backend")}
COMPONENT = {check.__name__ for check in checks_for("code")}


@dataclass(frozen=True)
class Faithful(Backend):
    """Runs the reference; faults are put in by subclasses."""

    name: ClassVar[str] = "faithful"
    layers: ClassVar = KINDS
    sequences: ClassVar = True

    def build(self, network, setup):
        return Loop(self, network, setup)

    def understood(self, network, clock):
        """Return the network as this backend understands it."""
        return network.replace(itertools.chain.from_iterable(self.read(layer, clock) for layer in network.layers))

    def read(self, layer, clock):
        return [layer]

    def heard(self, stimulus):
        return stimulus

    def told(self, recording):
        return recording

    def ran(self, simulator, stimulus, trace):
        """Do something after a run."""


class Loop(Simulator):
    def __init__(self, backend, network, setup):
        self.backend, self.given, self.setup = backend, network, setup
        self.network = backend.understood(network, setup.clock)
        self.closed = 0

    def run(self, stimulus):
        stimulus = self.backend.heard(stimulus)
        trace = reference.simulate(self.network, stimulus, self.setup.seed)
        self.backend.ran(self, stimulus, trace)
        wanted = self.setup.record
        return self.backend.told(
            Recording(
                trace.output,
                trace.operations,
                {name: trace.spikes[name].sum(axis=0).astype(np.int64) for name in wanted.counts},
                {name: events(trace.spikes[name]) for name in wanted.spikes},
                {name: trace.potentials[name] for name in wanted.potentials},
            )
        )

    def close(self):
        self.closed += 1


def events(spikes):
    step, sample, neuron = (x.astype(np.int32) for x in np.nonzero(spikes.reshape(*spikes.shape[:2], -1)))
    return Events(step, sample, neuron, np.ones(len(step), np.int8))


def failing(backend):
    """Return the names of the checks that ``backend`` fails, those of any component left out."""
    outcomes = [perform(check, backend) for name, check in CHECKS.items() if name not in COMPONENT]
    return {outcome.check for outcome in outcomes if outcome.state == "failed"}


def of(kind, **change):
    """Return a way to read layers in which those of ``kind`` have other fields."""

    def read(self, layer, clock):
        if type(layer) is not kind:
            return [layer]
        return [replace(layer, **{name: value(layer, clock) for name, value in change.items()})]

    return {"read": read}


def broken(**overrides):
    return dataclass(frozen=True)(type("Broken", (Faithful,), overrides))()


def keeps_state(self, simulator, stimulus, trace):
    layers = (
        replace(layer, initial=trace.potentials[layer.name][-1, 0]) if isinstance(layer, IntegrateFire) else layer
        for layer in simulator.network.layers
    )
    simulator.network = simulator.network.replace(layers)


def flattens_channels_last(self, layer, clock):
    if not isinstance(layer, op.Flatten):
        return [layer]
    last = op.Permute(name="channels-last", inputs=layer.inputs, axes=(1, 2, 0))
    return [last, replace(layer, inputs=("channels-last",))]


def writes_into_weights(self, simulator, stimulus, trace):
    for layer in simulator.given.layers:
        if isinstance(layer, op.Conv):
            object.__setattr__(layer, "bias", layer.bias + np.float32(0.25))


def writes_into_samples(self, simulator, stimulus, trace):
    stimulus.samples[0] += 1


def writes_its_name(self, simulator, stimulus, trace):
    object.__setattr__(simulator.given, "provenance", ("broken was here",))


def reverses_five(self, stimulus):
    return replace(stimulus, samples=stimulus.samples[::-1]) if len(stimulus.samples) == 5 else stimulus


def hears_the_first_of_a_sequence(self, stimulus):
    if not hasattr(stimulus, "parts"):
        return stimulus
    return replace(stimulus, parts=stimulus.parts[:1] * len(stimulus.parts))


def with_seed(draw):
    def heard(self, stimulus):
        return replace(stimulus, seed=draw()) if hasattr(stimulus, "seed") else stimulus

    return {"heard": heard}


def telling(**change):
    def told(self, recording):
        return replace(recording, **{name: value(recording) for name, value in change.items()})

    return {"told": told}


def refuses_to_close_twice(self):
    self.closed += 1
    if self.closed > 1:
        raise RuntimeError("closed already")


def by_neuron(recording):
    return {
        name: replace(
            each, **{key: getattr(each, key)[np.argsort(each.neuron)] for key in ("step", "sample", "neuron")}
        )
        for name, each in recording.spikes.items()
    }


class Swallowing(Loop):
    def __exit__(self, *_):
        self.close()
        return True


class Fussy(Loop):
    close = refuses_to_close_twice


class Leaking(Loop):
    def __exit__(self, *_):
        """Leave everything open."""


def building(simulator):
    def build(self, network, setup):
        return simulator(self, network, setup)

    return {"build": build}


def refuses_upsampling(self, network):
    more = (Problem(layer.name, "not today") for layer in network.layers if type(layer) is op.Upsample)
    return (*Backend.inspect(self, network), *more)


FAULTS = {
    "fires above the threshold only": (
        of(IntegrateFire, threshold=lambda layer, _: layer.threshold * (1 + 2**-20)),
        {"fires_at_threshold"},
    ),
    "keeps the state of the batch before": ({"ran": keeps_state}, {"starts_at_rest"}),
    "flattens with channels last": ({"read": flattens_channels_last}, {"computes_flatten"}),
    "writes into the provenance": ({"ran": writes_its_name}, {"leaves_the_network_alone"}),
    "takes the samples of a batch in another order": ({"heard": reverses_five}, {"ignores_batches"}),
    "shows the first sample of a sequence again": ({"heard": hears_the_first_of_a_sequence}, {"takes_sequences"}),
    "pads on the other side": (
        of(op.Conv, padding=lambda layer, _: tuple((b, a) for a, b in layer.padding)),
        {"computes_stride_and_padding"},
    ),
    "counts the padding of average pools": (
        of(op.AvgPool, divisor=lambda *_: "padded"),
        {"computes_avg_pool"},
    ),
    "never counts the padding of average pools": (
        of(op.AvgPool, divisor=lambda *_: "inside"),
        {"computes_avg_pool_with_padding"},
    ),
    "adds without factors": (
        of(op.Add, factors=lambda layer, _: np.ones_like(layer.factors)),
        {"computes_add", "computes_add_per_channel", "computes_branches"},
    ),
    "takes modulo reset for subtraction": (
        of(IntegrateFire, reset=lambda layer, _: "subtract" if layer.reset == "modulo" else layer.reset),
        {"reset_modulo"},
    ),
    "knows no refractory time": (of(IntegrateFire, refractory_ms=lambda *_: 0.0), {"waits_refractory_time"}),
    "knows no leak": (of(IntegrateFire, leak=lambda *_: 0.0), {"leaks"}),
    "starts at zero": (
        of(IntegrateFire, initial=lambda *_: np.float32(0)),
        {"starts_at_initial_potential", "leaks"},
    ),
    "rounds few spikes, always": (of(FewSpike, rounding=lambda *_: True), {"fires_few_spikes"}),
    "knows no scale of bit patterns": (of(BitPattern, scale=lambda *_: 1.0), {"fires_bit_patterns"}),
    "has first spikes a step late": (
        of(WindowFirstSpike, rounding=lambda *_: False),
        {"fires_once_in_a_window"},
    ),
    "gives a bias in full each step": (
        of(op.Dense, bias=lambda layer, clock: layer.bias / np.float32(clock.dt_ms)),
        {"takes_shorter_steps"},
    ),
    "draws other spikes each time": (
        with_seed(itertools.count(10).__next__),
        {"repeats_itself"},
    ),
    "ignores the seed": (with_seed(lambda: 0), {"heeds_the_seed"}),
    "counts in floats": (
        telling(counts=lambda found: {name: each.astype(np.float64) for name, each in found.counts.items()}),
        {"records_counts"},
    ),
    "lists spikes neuron by neuron": (telling(spikes=by_neuron), {"records_spikes"}),
    "gives potentials of before": (
        telling(potentials=lambda found: {name: np.roll(each, 1, 0) for name, each in found.potentials.items()}),
        {"records_potentials"},
    ),
    "records what nobody asked for": (
        telling(potentials=lambda found: {**found.potentials, "more": np.zeros(1)}),
        {"records_only_what_was_asked"},
    ),
    "counts operations of a step": (
        telling(operations=lambda found: np.diff(found.operations, axis=0, prepend=0)),
        {"counts_operations"},
    ),
    "gives the output flat": (
        telling(output=lambda found: found.output[:, :, None, :]),
        {"gives_outputs_step_by_step"},
    ),
    "finds nothing wrong with any layer": (
        {"layers": KINDS - {op.Upsample}, "inspect": lambda *_: ()},
        {"says_what_it_runs"},
    ),
    "refuses what it lists": ({"inspect": refuses_upsampling}, {"runs_what_it_says"}),
    "cannot be closed twice": (building(Fussy), {"lets_go"}),
    "swallows exceptions": (building(Swallowing), {"lets_go"}),
    "does not close at the end of a with-block": (building(Leaking), {"lets_go"}),
}

GRAVE = {
    "writes into the weights": ({"ran": writes_into_weights}, "leaves_the_network_alone"),
    "writes into the samples": ({"ran": writes_into_samples}, "leaves_the_network_alone"),
    "flips kernels": (of(op.Conv, weight=lambda layer, _: layer.weight[..., ::-1].copy()), "computes_conv"),
    "counts spikes late": (telling(output=lambda found: np.roll(found.output, 1, 0)), "answers_in_the_same_step"),
    "resets to zero always": (of(IntegrateFire, reset=lambda *_: "zero"), "reset_subtract"),
}


def test_a_faithful_backend_passes_every_check():
    assert failing(Faithful()) == set()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_by_the_check_that_names_it(fault):
    overrides, expected = FAULTS[fault]
    found = failing(broken(**overrides))
    assert found == expected, sorted(found ^ expected)


@pytest.mark.parametrize("fault", GRAVE)
def test_a_fault_that_spoils_much_is_found_by_the_check_that_names_it_too(fault):
    overrides, expected = GRAVE[fault]
    assert perform(CHECKS[expected], broken(**overrides)).state == "failed"


class Virtual(Loop):
    def run(self, stimulus):
        raise NotSimulated("there is no board")


def test_a_backend_that_cannot_simulate_here_is_skipped_and_not_passed():
    backend = broken(**building(Virtual))
    outcome = perform(CHECKS["computes_dense"], backend)
    assert (outcome.state, outcome.reason) == ("skipped", "it does not simulate here: there is no board")
    assert {perform(check, backend).state for name, check in CHECKS.items() if name.startswith("records")} == {
        "skipped"
    }


def test_a_module_that_is_missing_is_a_reason_to_skip():
    backend = broken(requires=("no_such_module: no-such-package",))
    outcome = perform(CHECKS["fires_at_threshold"], backend)
    assert outcome.state == "skipped"
    assert "pip install no-such-package" in outcome.reason


def test_a_layer_that_is_not_claimed_does_not_apply():
    outcome = perform(CHECKS["computes_upsample"], broken(layers=KINDS - {op.Upsample}))
    assert (outcome.state, outcome.reason) == ("skipped", "backend 'faithful' does not run Upsample")


def test_any_exception_is_a_failure_that_is_told():
    def fails(self, network, setup):
        raise KeyError("conv")

    outcome = perform(CHECKS["computes_conv"], broken(build=fails))
    assert (outcome.state, outcome.reason) == ("failed", "KeyError: 'conv'")


def test_a_component_must_be_frozen_and_have_defaults():
    @dataclass(frozen=True)
    class Bare(Faithful):
        cores: int

    assert "cores" in perform(CHECKS["is_frozen"], Bare(cores=2)).reason
    assert perform(CHECKS["is_frozen"], Faithful()).state == "ok"


@pytest.mark.parametrize("name", ["Two Words", "Upper", "a-b", ""])
def test_a_name_must_be_one_lower_case_word(name):
    assert perform(CHECKS["has_a_name"], broken(name=name)).state == "failed"


def test_settings_must_survive_a_run_file():
    @dataclass(frozen=True)
    class Rounding(Faithful):
        share: float = 0.5

        def __post_init__(self):
            object.__setattr__(self, "share", self.share / 2)

    assert perform(CHECKS["reads_its_settings"], Rounding()).state == "failed"


HEAVY = """
from dataclasses import dataclass
from typing import ClassVar
from snn.simulating import Backend
import wave

@dataclass(frozen=True)
class Heavy(Backend):
    name: ClassVar[str] = "heavy"
    requires: ClassVar[tuple[str, ...]] = ("wave",)
    layers: ClassVar = frozenset()

    def build(self, network, setup):
        raise NotImplementedError
"""


def test_a_plugin_that_imports_what_it_requires_is_found(tmp_path, monkeypatch):
    (tmp_path / "heavy_plugin.py").write_text(HEAVY)
    monkeypatch.syspath_prepend(tmp_path)
    import heavy_plugin

    outcome = perform(CHECKS["imports_lightly"], heavy_plugin.Heavy())
    assert (outcome.state, outcome.reason) == ("failed", "importing heavy_plugin imports wave")
    (tmp_path / "heavy_plugin.py").write_text(HEAVY.replace("import wave", ""))
    assert perform(CHECKS["imports_lightly"], heavy_plugin.Heavy()).state == "ok"
