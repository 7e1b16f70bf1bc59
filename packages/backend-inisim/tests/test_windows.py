"""Codes whose layers fire in windows: the engine gives, all at once, what the step loop gives step by step."""

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as some
from snn.clock import Clock
from snn.encoding import PoissonSpikes
from snn.errors import SettingsError, SimulationError, UnsupportedLayer
from snn.layers import Add, AvgPool, Concat, MaxPool
from snn.neurons import Accumulate, IntegrateFire, Neuron
from snn.simulating import Setup
from snn_backend_inisim import windows as engine
from snn_backend_inisim.backend import IniSim

from . import windowed
from .test_random_networks import put_join, put_linear
from .windowed import assert_equals_reference, record

CODES = pytest.mark.parametrize("code", windowed.DYADIC)


def put(b, code, *inputs, **fields):
    kind, plain = windowed.DYADIC[code]
    return b.put(kind, *inputs, **{**plain, **fields})


def branches(builder, code):
    """Return a network whose branches have one, two and three layers of neurons, added and joined."""
    b = builder((2, 6, 5), seed=3)
    b.conv(4, (2, 2))
    first = put(b, code)
    b.conv(4, (3, 3), padding=(1, 1))
    second = put(b, code)
    b.conv(4, (1, 1))
    third = put(b, code)
    b.put(Add, first, third, factors=b.numbers(2, 4))
    b.put(Concat, b.last, second)
    b.conv(3, (2, 2), stride=2)
    put(b, code)
    b.flat()
    b.dense(5)
    b.put(Accumulate)
    return b


@CODES
def test_branches_of_unequal_depth_equal_the_step_loop(builder, code):
    b = branches(builder, code)
    found = assert_equals_reference(b.network(), b.samples(4))
    assert all(counts.any() for counts in found.counts.values())
    assert len(np.unique(found.output[-1])) > 5


@CODES
def test_the_input_may_go_past_all_neurons(builder, code):
    b = builder((4,), seed=1)
    b.dense(4)
    put(b, code)
    b.put(Add, b.last, "input", factors=np.float32([1, 0.5]))
    b.put(Accumulate)
    assert_equals_reference(b.network(), b.samples(3))


@CODES
@pytest.mark.parametrize("readout", [True, False])
def test_overlapping_max_pools_equal_the_step_loop(builder, code, readout):
    b = builder((2, 5, 6), seed=5)
    b.conv(3, (2, 2), padding=(1, 0))
    put(b, code)
    b.pool(MaxPool, (2, 3), stride=1, padding=((0, 1), (1, 1)))
    b.conv(2, (2, 2))
    put(b, code)
    b.pool(MaxPool, (2, 2), stride=1)
    if readout:
        b.put(Accumulate)
    else:
        put(b, code)
    found = assert_equals_reference(b.network(), b.samples(3))
    assert found.output[-1].any()


@CODES
def test_grouped_strided_dilated_and_transposed_convolutions_equal_the_step_loop(builder, code):
    b = builder((4, 7, 6), seed=7)
    put(b, code)
    b.conv(6, (2, 2), stride=(2, 1), padding=((1, 0), (0, 1)), groups=2)
    put(b, code)
    b.conv(6, (2, 2), dilation=(1, 2), groups=6)
    put(b, code)
    b.transposed(4, (2, 3), stride=2, groups=2)
    put(b, code)
    b.pool(AvgPool, (2, 2), stride=1)
    b.put(Accumulate)
    assert_equals_reference(b.network(), b.samples(2))


@CODES
def test_layers_may_have_windows_of_different_lengths(builder, code):
    b = builder((5,), seed=2)
    kind, fields = windowed.DYADIC[code]
    longer = {name: value * 2 if name == "bins" else value + 1 for name, value in fields.items() if name != "scale"}
    longer["scale"] = 15 / 8 if code == "few_spike" else 2.0
    b.dense(6)
    first = b.put(kind, **{**fields, **longer})
    b.dense(6)
    b.put(kind, **fields)
    b.put(Add, first, b.last, factors=b.numbers(2))
    b.put(kind, **fields)
    assert_equals_reference(b.network(), b.samples(6))


@seed(20261122)
@settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(data=some.data())
def test_random_networks_equal_the_step_loop(data, builder):
    draw = data.draw
    code = draw(some.sampled_from(sorted(windowed.DYADIC)))
    shape = (draw(some.integers(1, 3)), draw(some.integers(2, 5)), draw(some.integers(2, 5)))
    b = builder(shape, seed=draw(some.integers(0, 2**16)))
    for _ in range(draw(some.integers(1, 3))):
        put_linear(b, draw)
        if draw(some.booleans()):
            put_join(b, draw)
        put(b, code, **({} if code == "pattern" else {"rounding": draw(some.booleans())}))
    b.flat()
    b.dense(3)
    if draw(some.booleans()):
        put(b, code)
    else:
        b.put(Accumulate)
    # What reads earlier layers only by chance may leave a layer unread: networks have one output.
    while (
        unread := {layer.name for layer in b.layers} - {name for layer in b.layers for name in layer.inputs} - {b.last}
    ):
        b.layers = [layer for layer in b.layers if layer.name not in unread]
    assert_equals_reference(b.network(), b.samples(2), threads=draw(some.integers(1, 2)))


@CODES
def test_a_sample_gives_the_same_alone_and_in_any_batch(builder, code):
    b = builder((2, 7, 6), seed=4)
    b.numbers = lambda *shape, **_: b.random.normal(size=shape).astype(np.float32) / 2  # sums depend on their order
    b.conv(4, (3, 3), padding=(1, 1))
    put(b, code, scale=3.0)
    b.transposed(4, (2, 2), groups=2)
    b.pool(AvgPool, (3, 3), stride=1)
    put(b, code, scale=1.0)
    b.flat()
    b.dense(37)
    put(b, code, scale=1.0)
    b.dense(11)
    b.put(Accumulate)
    network, samples = b.network(), b.numbers(23, 2, 7, 6)
    whole = record(network, samples, **windowed.everything(network))
    for rows in (slice(0, 1), slice(6, 7), slice(5, 18)):
        part = record(network, samples[rows], **windowed.everything(network))
        np.testing.assert_array_equal(part.output, whole.output[:, rows])
        np.testing.assert_array_equal(part.operations, whole.operations[:, rows])
        for name, potentials in part.potentials.items():
            np.testing.assert_array_equal(potentials, whole.potentials[name][:, rows])


@CODES
def test_neither_parts_nor_threads_change_anything(builder, code, monkeypatch):
    b = branches(builder, code)
    network, samples = b.network(), b.samples(7)
    whole = record(network, samples, threads=1, **windowed.everything(network))
    monkeypatch.setattr(engine, "PART_BYTES", 1)  # one sample a part
    parts = record(network, samples, threads=3, **windowed.everything(network))
    np.testing.assert_array_equal(parts.output, whole.output)
    np.testing.assert_array_equal(parts.operations, whole.operations)
    for name, events in whole.spikes.items():
        for field in ("step", "sample", "neuron", "sign"):
            np.testing.assert_array_equal(getattr(parts.spikes[name], field), getattr(events, field))
        np.testing.assert_array_equal(parts.counts[name], whole.counts[name])


@CODES
def test_only_what_is_asked_for_is_kept(builder, code):
    b = branches(builder, code)
    found = record(b.network(), b.samples(2))
    assert (found.counts, found.spikes, found.potentials) == ({}, {}, {})
    assert found.output.dtype == np.float32
    assert found.operations.dtype == np.float64


@CODES
def test_after_the_last_window_nothing_changes(builder, code):
    b = branches(builder, code)
    network, samples = b.network(), b.samples(3)
    steps = record(network, samples).output.shape[0]
    longer = assert_equals_reference(network, samples, Clock(steps + 5))
    np.testing.assert_array_equal(longer.output[steps - 1 :], np.broadcast_to(longer.output[-1], (6, 3, 5)))
    assert (longer.operations[steps - 1 :] == longer.operations[-1]).all()


@CODES
def test_the_length_of_a_step_does_not_matter(builder, code):
    b = branches(builder, code)
    network, samples = b.network(), b.samples(3)
    plain = record(network, samples)
    steps = len(plain.output)
    for dt_ms in (0.5, 0.3, 4.0):
        other = assert_equals_reference(network, samples, Clock(steps * dt_ms, dt_ms))
        np.testing.assert_array_equal(other.output, plain.output)


@CODES
def test_less_time_than_the_windows_take_is_refused(builder, code):
    b = branches(builder, code)
    network = b.network()
    length = next(layer.window for layer in network.layers if isinstance(layer, Neuron))
    with pytest.raises(SettingsError, match=f"take {4 * length} steps, but .* are {4 * length - 1}$") as caught:
        IniSim().build(network, Setup(Clock(4 * length - 1)))
    assert f"at least {4 * length} ms" in caught.value.hint
    with pytest.raises(SettingsError, match="in steps of 2 ms are"):
        IniSim().build(network, Setup(Clock(4 * length, 2)))


@CODES
def test_spikes_as_input_are_refused(builder, code):
    b = branches(builder, code)
    network, clock = b.network(), Clock(64)
    with IniSim().build(network, Setup(clock)) as simulator, pytest.raises(SimulationError, match="constant current"):
        simulator.run(PoissonSpikes(b.samples(1), np.arange(1), clock))


@CODES
def test_samples_of_another_shape_and_stimuli_for_another_clock_are_refused(builder, code):
    b = branches(builder, code)
    with pytest.raises(SimulationError, match=r"\(3,\).*\(2, 6, 5\)"):
        record(b.network(), np.zeros((1, 3), np.float32))
    with (
        IniSim().build(b.network(), Setup(Clock(64))) as simulator,
        pytest.raises(SimulationError, match="the stimulus is made for"),
    ):
        simulator.run(PoissonSpikes(b.samples(1), np.arange(1), Clock(65)))


@CODES
def test_a_layer_that_cannot_be_recorded_is_named(builder, code):
    b = branches(builder, code)
    with pytest.raises(SettingsError, match=r"record\.counts.*'nosuch'"):
        record(b.network(), b.samples(1), counts=["nosuch"])


@CODES
def test_neurons_of_other_codes_beside_them_are_refused_by_name(builder, code):
    b = branches(builder, code)
    network = b.network()
    name = next(layer.name for layer in network.layers if type(layer) is windowed.DYADIC[code][0])
    mixed = network.rebuild(
        lambda layer: IntegrateFire(name=name, inputs=layer.inputs) if layer.name == name else layer, "mixed"
    )
    problems = IniSim().inspect(mixed)
    assert len(problems) == 3
    assert f"(layer '{name}') are of different codes" in problems[0].message
    with pytest.raises(UnsupportedLayer, match="IntegrateFire neurons"):
        IniSim().check(mixed)


def test_every_kind_of_neuron_with_a_window_is_compared():
    listed = {kind for kind in IniSim.layers if issubclass(kind, Neuron) and kind(name="n", inputs=("in",)).window}
    assert listed == {kind for kind, _ in windowed.DYADIC.values()}


def test_facts_tell_the_engine(builder):
    for code in windowed.DYADIC:
        facts = IniSim(threads=2).build(branches(builder, code).network(), Setup(Clock(64))).facts()
        assert (facts["engine"], facts["threads"]) == (code, 2)


def test_the_network_is_left_alone(builder):
    b = branches(builder, "few_spike")
    network, samples = b.network(), b.samples(2)
    before = {layer.name: np.array(layer.weight) for layer in network.layers if hasattr(layer, "weight")}
    given = samples.copy()
    record(network, samples)
    np.testing.assert_array_equal(samples, given)
    assert all((network[name].weight == weight).all() for name, weight in before.items())
    assert dataclasses.replace(network).clock is None
