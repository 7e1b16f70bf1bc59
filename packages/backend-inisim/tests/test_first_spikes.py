"""The engines of first spikes equal the loop over their equations, on networks whose sums are exact."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as some
from snn.clock import Clock
from snn.encoding import ConstantCurrent, PoissonSpikes
from snn.errors import SimulationError, UnsupportedLayer
from snn.layers import Add, Affine, AvgPool, Concat, Dense, MaxPool, Pad
from snn.neurons import Accumulate, CorrectiveFirstSpike, DynamicFirstSpike, FirstSpike
from snn.simulating import Setup
from snn_backend_inisim import presenting
from snn_backend_inisim.backend import IniSim

from .latched_loop import latched_loop
from .test_random_networks import put_join, put_linear

KINDS = {
    "ttfs": (FirstSpike, {}),
    "ttfs, not gated": (FirstSpike, {"gated": False}),
    "ttfs, rising": (FirstSpike, {"bias_rise_ms": 4.0}),
    "ttfs, rising, not gated": (FirstSpike, {"bias_rise_ms": 16.0, "gated": False}),
    "dynamic": (DynamicFirstSpike, {}),
    "dynamic, rising": (DynamicFirstSpike, {"bias_rise_ms": 2.0}),
    "dynamic, as published": (DynamicFirstSpike, {"strength": 1.0, "horizon": False}),
    "corrective": (CorrectiveFirstSpike, {}),
    "corrective, rising": (CorrectiveFirstSpike, {"bias_rise_ms": 8.0}),
}
CLOCK = Clock(duration_ms=8, dt_ms=0.25)


def link(b, weight, bias=0.0):
    """Put a `Dense` of one output with given numbers."""
    fields = {"weight": np.float32([weight]), "bias": np.float32([bias])}
    return b.put(Dense, **fields)


def simulate(network, samples, clock, record_all):
    with IniSim().build(network, record_all(network, clock)) as simulator:
        return simulator.run(ConstantCurrent(samples, np.arange(len(samples)), clock))


def assert_equals_loop(network, samples, clock, record_all):
    found = simulate(network, samples, clock, record_all)
    output, tops, operations, spikes, potentials = latched_loop(network, samples, clock)
    for name, expected in potentials.items():
        np.testing.assert_array_equal(found.potentials[name], expected, err_msg=f"potentials of {name}")
    for name, expected in spikes.items():
        dense = found.spikes[name].dense(clock.steps, len(samples), network.shapes[name])
        np.testing.assert_array_equal(dense, expected, err_msg=f"spikes of {name}")
        np.testing.assert_array_equal(found.counts[name], np.abs(expected).sum(axis=0), err_msg=f"counts of {name}")
    np.testing.assert_array_equal(found.output, output)
    np.testing.assert_array_equal(found.operations, operations)
    if network.output.latched:
        np.testing.assert_array_equal(found.output_potentials, tops)
    else:
        assert found.output_potentials is None
    return found


def dense_chain(b, fire):
    b.dense(9)
    fire()
    b.dense(8)
    fire()
    b.dense(6)
    fire()
    b.dense(4)


def linear_chain(b, fire):
    b.dense(8)
    fire()
    b.dense(6)
    b.put(Affine, scale=b.numbers(6), shift=b.numbers(6))
    b.dense(5)
    fire()
    b.dense(3)


def no_neurons_between(b, fire):
    b.dense(5)


def branches(b, fire):
    b.dense(6)
    first = fire()
    b.dense(6)
    second = fire()
    b.dense(6, first)
    b.put(Add, b.last, second, first, factors=np.array([0.5, -0.25, 1], np.float32))
    fire()
    b.put(Concat, b.last, first)
    b.dense(3)


def input_beside_spikes(b, fire):
    entry = b.last
    b.dense(4)
    fire()
    b.dense(6)
    b.put(Add, b.last, entry, factors=np.array([1, 0.25], np.float32))
    fire()
    b.put(Concat, b.last, entry)
    b.dense(3)


def same_operation_for_two_layers_of_neurons(b, fire):
    entry = b.last
    b.dense(5)
    fire()
    shared = b.dense(6)
    one = fire(shared)
    b.put(Add, shared, entry, factors=np.array([1, 0.25], np.float32))
    two = fire()
    b.put(Add, one, two, factors=np.array([1, -1], np.float32))
    b.dense(3)


VECTORS = [
    dense_chain,
    linear_chain,
    no_neurons_between,
    branches,
    input_beside_spikes,
    same_operation_for_two_layers_of_neurons,
]


def image(**fields):
    def build(b, fire):
        b.conv(4, (3, 2), padding=((1, 1), (0, 1)))
        fire()
        b.conv(6, (2, 2), **fields)
        fire()
        b.flat()
        b.dense(3)

    return build


def max_pools(b, fire):
    b.pool(MaxPool, (2, 2), stride=1, padding=(0, 1))  # of the input
    b.conv(4, (2, 2))
    fire()
    b.pool(MaxPool, (2, 2), stride=1)  # windows overlap
    b.conv(4, (2, 2), padding=(1, 1))
    b.put(Affine, scale=b.numbers(4, *b.shapes[b.last][1:]), shift=b.numbers(4, *b.shapes[b.last][1:]))
    b.pool(MaxPool, (2, 2))  # of sums, with a bias that differs from place to place
    fire()
    b.flat()
    b.dense(3)


def average_pools(b, fire):
    b.conv(4, (2, 2))
    fire()
    b.pool(AvgPool, (2, 2), padding=(0, 1), divisor="inside")
    b.put(Pad, padding=((1, 0), (0, 1)))
    b.transposed(3, (2, 2), stride=2)
    fire()
    b.flat()
    b.dense(3)


IMAGES = {
    "strides": image(stride=2),
    "groups": image(groups=2),
    "dilation": image(dilation=2),
    "max pools": max_pools,
    "average pools": average_pools,
}


def built(builder, shape, build, kind, readout, number=0):
    neuron, fields = KINDS[kind]
    b = builder(shape, seed=number)

    def fire(*inputs, threshold=0.5):
        return b.put(neuron, *inputs, threshold=threshold, **fields)

    build(b, fire)
    if readout == "spikes":
        fire(threshold=0.75)
    else:
        b.put(Accumulate)
    return b.network(), b.samples(4)


@pytest.mark.parametrize("readout", ["spikes", "potential"])
@pytest.mark.parametrize("build", VECTORS)
@pytest.mark.parametrize("kind", KINDS)
def test_vectors_equal_the_loop(kind, build, readout, builder, record_all):
    network, samples = built(builder, (6,), build, kind, readout)
    assert_equals_loop(network, samples, CLOCK, record_all)


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_images_equal_the_loop(kind, name, builder, record_all):
    network, samples = built(builder, (2, 7, 6), IMAGES[name], kind, "spikes")
    found = assert_equals_loop(network, samples, CLOCK, record_all)
    assert all(counts.any() for counts in found.counts.values())


@pytest.mark.parametrize("dt_ms", [0.125, 0.5, 1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_any_step_equals_the_loop(kind, dt_ms, builder, record_all):
    network, samples = built(builder, (6,), dense_chain, kind, "spikes")
    assert_equals_loop(network, samples, Clock(8, dt_ms), record_all)


@seed(20240607)
@settings(max_examples=100, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(data=some.data())
def test_random_networks_equal_the_loop(data, builder, record_all):
    draw = data.draw
    b = builder(
        (draw(some.integers(1, 3)), draw(some.integers(2, 5)), draw(some.integers(2, 5))),
        seed=draw(some.integers(0, 2**16)),
    )
    kind, fields = KINDS[draw(some.sampled_from(sorted(KINDS)))]
    for _ in range(draw(some.integers(1, 3))):
        put_linear(b, draw)
        if draw(some.booleans()):
            put_join(b, draw)
        b.put(kind, threshold=draw(some.sampled_from([0.25, 0.5, 1.0])), **fields)
    b.flat()
    b.dense(3)
    if draw(some.booleans()):
        b.put(kind, threshold=0.5, **fields)
    else:
        b.put(Accumulate)
    # What reads earlier layers only by chance may leave a layer unread: networks have one output.
    read = {name for layer in b.layers for name in layer.inputs}
    b.layers = [layer for layer in b.layers if layer.name in read or layer.name == b.last]
    clock = Clock(duration_ms=6, dt_ms=draw(some.sampled_from([0.25, 0.5])))
    assert_equals_loop(b.network(), b.samples(2), clock, record_all)


@pytest.mark.parametrize("kind", KINDS)
def test_blocks_of_steps_change_nothing(kind, builder, record_all, monkeypatch):
    network, samples = built(builder, (2, 7, 6), max_pools, kind, "spikes")
    monkeypatch.setattr(presenting, "BLOCK_BYTES", 1)  # one step a block
    assert_equals_loop(network, samples, CLOCK, record_all)
    monkeypatch.setattr(presenting, "BLOCK_BYTES", 20000)
    assert_equals_loop(network, samples, CLOCK, record_all)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sample_meets_nothing_of_its_batch(kind, builder, record_all):
    network, samples = built(builder, (6,), dense_chain, kind, "spikes")
    samples[1] = 0  # what silence is among others, it is alone
    together = simulate(network, samples, CLOCK, record_all)
    for row in range(len(samples)):
        alone = simulate(network, samples[row : row + 1], CLOCK, record_all)
        np.testing.assert_array_equal(alone.output[:, 0], together.output[:, row])
        for name, potentials in alone.potentials.items():
            np.testing.assert_array_equal(potentials[:, 0], together.potentials[name][:, row])


@pytest.mark.parametrize("kind", ["ttfs", "dynamic", "dynamic, as published"])
def test_a_neuron_fires_at_most_once(kind, builder, record_all):
    network, samples = built(builder, (2, 7, 6), max_pools, kind, "spikes")
    found = simulate(network, samples, CLOCK, record_all)
    assert all(counts.max() == 1 for counts in found.counts.values())
    assert all(set(events.sign) == {1} for events in found.spikes.values())


def test_a_corrective_neuron_takes_its_spike_back(builder, record_all):
    # With dt 0.25: a (drive 4) is on from step 1, b (drive 2) from step 2; out is driven by 1 and then by 1 - 3 = -2:
    # V is 0.25 and -0.25, so that out, at threshold 0.25, is on in step 1 and off from step 2 on.
    b = builder((2,))
    b.put(CorrectiveFirstSpike)
    link(b, [1, -3])
    out = b.put(CorrectiveFirstSpike, threshold=0.25)
    found = simulate(b.network(), np.float32([[4, 2]]), Clock(1, 0.25), record_all)
    events = found.spikes[out]
    assert list(zip(events.step.tolist(), events.sign.tolist(), strict=True)) == [(0, 1), (1, -1)]
    assert found.potentials[out].ravel().tolist() == [0.25, -0.25, -0.75, -1.25]
    assert found.output.ravel().tolist() == [1, 0, 0, 0]
    assert found.counts[out].ravel().tolist() == [2]
    assert found.operations[:, 0].tolist() == [1, 2, 2, 2], "a spike of each hidden neuron, one synapse each"


def test_a_dynamic_neuron_waits_for_what_is_expected(builder, record_all):
    # a (drive 4) fires in step 1, b (drive 1) in step 4 = 1 ms. out has drive 1 from step 1 on. At threshold 0.25 it
    # would fire in step 1; while b is expected it waits for 0.25 + 0.5 * |-2| = 1.25, and b, when it comes, turns it.
    def network(**fields):
        b = builder((2,))
        b.put(DynamicFirstSpike)
        link(b, [1, -2])
        return b.put(DynamicFirstSpike, threshold=0.25, **fields), b.network()

    sample = np.float32([[4, 1]])
    # In step 4 V = 0.75 + 0.25 * (1 - 2) = 0.5 and nothing is expected any more: it fires then.
    out, waiting = network()
    assert simulate(waiting, sample, Clock(1.5, 0.25), record_all).spikes[out].step.tolist() == [3]
    # A sample that ends after 0.75 ms is over before b would fire: b is not expected, and out does not wait ...
    assert simulate(waiting, sample, Clock(0.75, 0.25), record_all).spikes[out].step.tolist() == [0]
    out, eager = network(strength=0.0)
    assert simulate(eager, sample, Clock(1.5, 0.25), record_all).spikes[out].step.tolist() == [0]


def test_as_published_a_dynamic_neuron_waits_for_what_never_comes(builder, record_all):
    b = builder((2,))
    b.put(DynamicFirstSpike, horizon=False)
    link(b, [1, -2])
    out = b.put(DynamicFirstSpike, threshold=0.25)
    # ... while b, with any drive above 0, keeps it waiting: V is 0.25, 0.5 and 0.75, and 1.25 are asked.
    found = simulate(b.network(), np.float32([[4, 1]]), Clock(0.75, 0.25), record_all)
    assert found.spikes[out].step.tolist() == []
    assert found.potentials[out].ravel().tolist() == [0.25, 0.5, 0.75]


def test_a_bias_acts_from_the_first_spike_on(builder, record_all):
    # The hidden neuron (drive 2) fires in step 2; the output then has drive 0.5 + 0.25, with weight 0.5 and bias 0.25.
    def potentials(**fields):
        b = builder((1,))
        b.put(FirstSpike, **fields)
        link(b, [0.5], 0.25)
        out = b.put(Accumulate)
        found = simulate(b.network(), np.float32([[2], [0]]), Clock(1, 0.25), record_all)
        return found.potentials[out][:, :, 0].T.tolist()

    assert potentials() == [[0, 0.1875, 0.375, 0.5625], [0, 0, 0, 0]]
    assert potentials(gated=False) == [[0.0625, 0.25, 0.4375, 0.625], [0.0625, 0.125, 0.1875, 0.25]]


def test_a_bias_rises_evenly_and_then_stays(builder, record_all):
    # As above, with the bias at 1/3, 2/3, 1 and 1 of 0.25 after 0.25, 0.5, 0.75 and 1 ms: times dt 1/48, 1/24, 1/16.
    def potentials(**fields):
        b = builder((1,))
        b.put(FirstSpike, bias_rise_ms=0.75, **fields)
        link(b, [0.5], 0.25)
        out = b.put(Accumulate)
        found = simulate(b.network(), np.float32([[2], [0]]), Clock(1, 0.25), record_all)
        return found.potentials[out][:, :, 0].T

    np.testing.assert_allclose(potentials(), [[0, 8 / 48, 17 / 48, 26 / 48], [0, 0, 0, 0]], rtol=1e-6)
    always = [[1 / 48, 9 / 48, 18 / 48, 27 / 48], [1 / 48, 3 / 48, 6 / 48, 9 / 48]]
    np.testing.assert_allclose(potentials(gated=False), always, rtol=1e-6)


def test_a_bias_acts_at_once_on_neurons_that_read_the_input(builder, record_all):
    b = builder((1,))
    link(b, [1], 0.5)
    neurons = b.put(FirstSpike, bias_rise_ms=64.0)
    found = simulate(b.network(), np.float32([[0.5]]), Clock(0.5, 0.25), record_all)
    assert found.potentials[neurons].ravel().tolist() == [0.25, 0.5]


def test_behind_a_max_pool_of_sums_a_bias_acts_at_once(builder, record_all):
    # The pool takes the larger of s + 0.5 and 0; each hidden neuron (drive 4) fires in step 1.
    b = builder((1, 2))
    b.put(FirstSpike)
    b.put(Affine, scale=np.float32([1]), shift=np.float32([0.5]))
    b.pool(MaxPool, (2,))
    out = b.put(FirstSpike, bias_rise_ms=64.0, threshold=8.0)
    found = simulate(b.network(), np.float32([[[4, 0]]]), Clock(0.5, 0.25), record_all)
    assert found.potentials[out].ravel().tolist() == [0.375, 0.75]


def test_codes_do_not_mix_in_one_network(builder):
    b = builder((3,))
    b.put(FirstSpike)
    b.dense(3)
    b.fire()
    b.dense(2)
    b.put(CorrectiveFirstSpike)
    told = [(problem.layer, problem.message) for problem in IniSim().inspect(b.network())]
    assert told == [
        ("integratefire3", "IntegrateFire neurons and FirstSpike neurons (layer 'firstspike1') are of different codes"),
        (
            "correctivefirstspike5",
            "CorrectiveFirstSpike neurons and FirstSpike neurons (layer 'firstspike1') are of different codes",
        ),
    ]
    with pytest.raises(UnsupportedLayer, match="are of different codes"):
        IniSim().build(b.network(), Setup(CLOCK))


def test_spikes_as_input_are_refused(builder):
    b = builder((3,))
    b.put(FirstSpike)
    simulator = IniSim().build(b.network(), Setup(CLOCK))
    with pytest.raises(SimulationError, match="take no spikes as input"):
        simulator.run(PoissonSpikes(b.samples(1), np.arange(1), CLOCK))


@pytest.mark.parametrize(
    ("kind", "engine"), [("ttfs", "ttfs"), ("dynamic", "ttfs_dynamic"), ("corrective", "ttfs_corrective")]
)
def test_facts_name_the_engine(kind, engine, builder):
    network, _ = built(builder, (6,), dense_chain, kind, "potential")
    assert IniSim().build(network, Setup(CLOCK)).facts()["engine"] == engine


def test_every_latched_kind_the_backend_lists_is_compared():
    assert {kind for kind, _ in KINDS.values()} == {kind for kind in IniSim.layers if getattr(kind, "latched", False)}


def test_a_network_without_neurons_but_the_output_runs_on_the_rate_engine(builder):
    b = builder((3,))
    b.put(Accumulate)
    assert IniSim().build(b.network(), Setup(CLOCK)).facts()["engine"] == "rate"
