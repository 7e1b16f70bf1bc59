"""Populations, projections and their numbers: what is going to be on the chips."""

from __future__ import annotations

import numpy as np
import pytest
from chips import Emulated
from snn import layers as op
from snn.clock import Clock
from snn.encoding import ConstantCurrent, RegularSpikes
from snn.errors import SettingsError, SimulationError, Unavailable, UnsupportedLayer
from snn.network import Network
from snn.neurons import Accumulate, IntegrateFire
from snn.plugins import Plugins
from snn.simulating import Record, Setup
from snn_backend_spinnaker.spinnaker.backend import SpiNNaker
from snn_backend_spinnaker.spinnaker.fixed_point import scale
from snn_backend_spinnaker.spinnaker.plan import CLOCK
from snn_backend_spinnaker.spinnaker.simulator import _places

CLOCK_MS = Clock(duration_ms=8)


def dense(name, source, weight, bias=None):
    weight = np.asarray(weight, np.float32)
    bias = np.zeros(len(weight), np.float32) if bias is None else np.asarray(bias, np.float32)
    return op.Dense(name=name, inputs=(source,), weight=weight, bias=bias)


def fire(name, source, **fields):
    return IntegrateFire(name=name, inputs=(source,), **{"reset": "zero", **fields})


def chain(weight, bias=None, **fields):
    """Return two layers of neurons, read by potential."""
    width = np.shape(weight)[1]
    return Network(
        (
            op.Input(name="input", shape=(width,)),
            fire("first", "input"),
            dense("dense", "first", weight, bias),
            fire("second", "dense", **fields),
            Accumulate(name="out", inputs=("second",)),
        ),
        stage="spiking",
    )


def test_weights_of_each_sign_are_projections_of_their_own():
    plan = SpiNNaker(floor=0).plan(chain([[0.5, -0.25]]), CLOCK_MS)
    found = {(p.source, p.receptor): p.pre.tolist() for p in plan.into("second")}
    assert found == {("first", "excitatory"): [0], ("first", "inhibitory"): [1]}


def test_deeper_layers_get_their_biases_from_a_clock_that_is_late_for_them():
    plan = SpiNNaker(floor=0).plan(chain([[0.5, 0.25]], [0.125]), CLOCK_MS)
    (clock,) = (p for p in plan.into("second") if p.source == CLOCK and len(p.pre))
    assert (clock.delay, clock.receptor) == (1, "excitatory")
    assert clock.weight / plan.populations["second"].scale.factor == [0.125]
    assert plan.steps == 8 + 2 + 1  # two layers are behind the first, and potentials are recorded before a step


def test_a_neuron_lifts_itself_from_below_the_floor():
    plan = SpiNNaker(floor=4).plan(chain([[0.5, 0.25]], threshold=0.5, refractory_ms=3), CLOCK_MS)
    second = plan.populations["second"]
    (own,) = (p for p in plan.into("second") if p.source == "second")
    assert second.reset == -second.floor == -4 * second.threshold
    assert own.weight == [second.floor]
    assert own.delay == second.pause == 3


def test_a_readout_has_no_threshold_and_no_floor_to_reach():
    out = SpiNNaker().plan(chain([[0.5, 0.25]]), CLOCK_MS).populations["out"]
    assert (out.threshold, out.reset, out.floor, out.spiking) == (65535, -65535, 0, False)


def test_a_scale_holds_every_sum_with_the_bits_there_are():
    """Weights of 700 inputs that add up to 3: four are kept room for, in steps of 4 / 65536."""
    found = scale(3.0, 0.7, 700, 1.0, 64)
    assert found.step("excitatory") / found.factor == 4 / 65536
    assert found.step("inhibitory") / found.factor == 1 / 65536
    assert found.expected[0] < 2.0**8 <= 2 * found.expected[0]  # a shift of 8, for which a ring buffer holds 2^9


def test_a_sum_that_just_fits_leaves_room_for_what_rounding_adds():
    found = scale(4.0, 0.0, 1000, 1.0, 64)
    assert found.step("excitatory") / found.factor == 8 / 65536


def test_spikes_are_those_of_the_engine_where_all_numbers_are_sums_of_few_powers_of_two():
    rng = np.random.default_rng(5)
    first, second = (rng.integers(-6, 7, size).astype(np.float32) / 8 for size in ((9, 6), (4, 9)))
    network = Network(
        (
            op.Input(name="input", shape=(6,)),
            dense("one", "input", first, rng.integers(-2, 3, 9) / 8),
            fire("fire1", "one", initial=np.float32(0.5)),
            dense("two", "fire1", second, rng.integers(-4, 5, 4) / 8),
            fire("fire2", "two", refractory_ms=2.0, initial=np.float32(0.25)),
            op.Concat(name="both", inputs=("fire1", "fire2")),
            dense("three", "both", rng.integers(-6, 7, (3, 13)) / 8, [0.5, 0, -0.5]),
            Accumulate(name="out", inputs=("three",)),
        ),
        stage="spiking",
    )
    samples = (rng.integers(0, 9, (3, 6)) / 8).astype(np.float32)
    clock = Clock(duration_ms=40)
    names = frozenset({"fire1", "fire2"})
    record = Record(counts=names, spikes=names, potentials=names | {"out"})
    for stimulus in (ConstantCurrent(samples, np.arange(3), clock), RegularSpikes(samples, np.arange(3), clock)):
        ours, theirs = (_recorded(backend, network, stimulus, record) for backend in (Emulated(), _engine()))
        np.testing.assert_array_equal(ours.output, theirs.output)
        for name in names:
            np.testing.assert_array_equal(ours.spikes[name].neuron, theirs.spikes[name].neuron)
            np.testing.assert_array_equal(ours.spikes[name].step, theirs.spikes[name].step)
        assert sum(ours.counts[name].sum() for name in names) > 100


def _engine():
    return Plugins().component("backend", "inisim")()


def _recorded(backend, network, stimulus, record):
    setup = Setup(clock=stimulus.clock, record=record, kind=stimulus.kind)
    with backend.build(network, setup) as simulator:
        return simulator.run(stimulus)


def test_potentials_may_go_below_zero_as_far_as_the_floor():
    """Given -1 in each step and 2 in every other one, a neuron fires only if it is cut off at zero."""
    network = chain([[-1.0, 2.0]])
    samples = np.array([[1.0, 0.5]], np.float32)
    stimulus = ConstantCurrent(samples, np.arange(1), CLOCK_MS)
    counts = [
        int(_recorded(backend, network, stimulus, Record(counts=frozenset({"second"}))).counts["second"].sum())
        for backend in (Emulated(), Emulated(floor=0), _engine())
    ]
    assert counts == [0, 4, 0]


def test_a_current_that_comes_to_a_deep_layer_is_made_up_for_or_refused():
    """Two branches of unequal length meet: the input itself, and what a neuron makes of it."""
    network = Network(
        (
            op.Input(name="input", shape=(2,)),
            fire("fire", "input"),
            op.Add(name="sum", inputs=("input", "fire"), factors=np.array([0.25, 0.5], np.float32)),
            fire("second", "sum"),
            Accumulate(name="out", inputs=("second",)),
        ),
        stage="spiking",
    )
    samples = np.array([[0.5, 0.75]], np.float32)
    record = Record(potentials=frozenset({"second"}))
    stimulus = ConstantCurrent(samples, np.arange(1), CLOCK_MS)
    ours, theirs = (_recorded(backend, network, stimulus, record) for backend in (Emulated(), _engine()))
    np.testing.assert_array_equal(ours.potentials["second"], theirs.potentials["second"])
    with pytest.raises(SimulationError, match="layer 'second' is given the input as a current and spikes") as caught:
        _recorded(Emulated(), network, ConstantCurrent(-8 * samples, np.arange(1), CLOCK_MS), record)
    assert "simulate.input" in caught.value.hint


def test_spikes_of_several_heights_are_refused():
    network = chain([[1.0, 1.0]])
    stimulus = RegularSpikes(np.array([[0.5, -0.5]], np.float32), np.arange(1), CLOCK_MS)
    with pytest.raises(SimulationError, match="one height, above 0; these have heights from -1 to 1"):
        _recorded(Emulated(), network, stimulus, Record())


def test_fit_puts_a_reset_to_zero_and_says_so():
    network = chain([[0.5, 0.25]], reset="subtract")
    with pytest.warns(UserWarning, match="reset to zero on SpiNNaker, not by subtraction: 'second'"):
        fitted = SpiNNaker().fit(network, None)
    assert fitted["second"].reset == "zero"
    assert fitted.provenance[-1] == "reset to zero on SpiNNaker, not by subtraction: 'second'"
    with pytest.raises(UnsupportedLayer, match="'second': its neurons are reset by subtraction") as caught:
        SpiNNaker(virtual=True).build(network, Setup())
    assert "convert.reset=zero" in caught.value.hint


@pytest.mark.parametrize(
    ("fields", "told"), [({"leak": 0.1}, "leak by a constant"), ({"reset": "modulo"}, "reset by modulo")]
)
def test_neurons_that_no_chip_has_are_refused_by_name(fields, told):
    (problem,) = SpiNNaker().inspect(chain([[0.5, 0.25]], **fields))
    assert problem.layer == "second"
    assert told in problem.message


def test_too_many_cores_are_told_with_the_layer_that_takes_most():
    network = chain(np.eye(5000, dtype=np.float32))
    (problem,) = SpiNNaker(version=3, neurons_per_core=100).inspect(network)
    assert problem.layer == "first"
    assert "50 of the 150 cores" in problem.message
    assert "the board has 63" in problem.message
    assert not SpiNNaker(version=3, boards=3, neurons_per_core=100).inspect(network)


def test_too_much_memory_is_told_before_the_synapses_are_made():
    """Kernels of 15 x 15, from 64 maps of 40 x 40 to 64 others: 1.2 thousand million synapses of 4 bytes, and more."""
    size = 40
    weight = np.ones((64, 64, 15, 15), np.float32)
    network = Network(
        (
            op.Input(name="input", shape=(64, size, size)),
            fire("fire", "input"),
            op.Conv(
                name="conv",
                inputs=("fire",),
                weight=weight,
                bias=np.zeros(64, np.float32),
                stride=(1, 1),
                padding=((7, 7), (7, 7)),
                dilation=(1, 1),
            ),
            fire("second", "conv"),
            Accumulate(name="out", inputs=("second",)),
        ),
        stage="spiking",
    )
    (problem,) = SpiNNaker(version=3).inspect(network)
    assert problem.layer == "fire"
    assert "GiB" in problem.message
    assert "the board has 0.46 GiB" in problem.message  # what 4 chips have


def test_one_core_must_not_have_more_inputs_than_its_chip_has_memory():
    from snn_backend_spinnaker.spinnaker import limits

    network = chain(np.ones((256, 2000), np.float32))
    plan = SpiNNaker().plan(network, CLOCK_MS)
    machine = limits.Machine(version=5, boards=1, neurons_per_core=256)
    before, limits.CHIP_BYTES = limits.CHIP_BYTES, 2_000_000
    try:
        problem = limits.problems(plan, machine)[0]
    finally:
        limits.CHIP_BYTES = before
    assert problem.layer == "second"
    assert "256 neurons with 2001 inputs each" in problem.message


def test_weights_that_16_bits_do_not_tell_apart_are_refused():
    (problem,) = SpiNNaker(floor=1000).inspect(chain(np.full((1, 300), 0.004, np.float32)))
    assert problem.layer == "second"
    assert "rounding takes 100 % of its excitatory weights from 'first'" in problem.message


def test_no_board_is_no_failure_but_unavailable():
    with pytest.raises(Unavailable, match="has no board") as caught:
        SpiNNaker().build(chain([[0.5, 0.25]]), Setup())
    assert "backend.spinnaker.machine=HOST" in caught.value.hint


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "LOCALHOST.", "::1"])
def test_this_computer_is_no_board(host):
    with pytest.raises((SettingsError, ValueError), match="is this computer, for which sPyNNaker puts a board"):
        SpiNNaker(machine=host)


def test_a_board_and_a_virtual_one_exclude_each_other():
    with pytest.raises((SettingsError, ValueError), match="name a board, or choose a virtual one"):
        SpiNNaker(machine="board", virtual=True)


def test_the_backend_is_found_and_prefers_a_reset_to_zero():
    assert Plugins().component("backend", "spinnaker") is SpiNNaker
    assert SpiNNaker.prefers == {"convert": {"reset": "zero"}}


def test_places_are_told_in_ranges():
    assert _places([[0, 0, 3], [0, 0, 4], [0, 1, 1]]) == "3 cores: chip (0, 0) 3-4, chip (0, 1) 1"
    assert _places([[x, 0, 1] for x in range(6)]).endswith("and on 2 more chips")
