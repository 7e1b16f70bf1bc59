"""What is measured of a layer and of a run: intervals, correlations, worth of spikes, energy, advice."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from snn import converting
from snn.clock import Clock
from snn.measures.advice import advise
from snn.measures.correlation import correlations
from snn.measures.energy import EnergySettings, Work, estimates
from snn.measures.gathering import POINTS, Gathering, usual_samples
from snn.measures.ideal import alone, largest
from snn.measures.intervals import wilson
from snn.measures.layer import ErrorPart, LayerMeasures
from snn.measures.values import record
from snn.measures.worth import Activity, worth
from snn.neurons import (
    Accumulate,
    BitPattern,
    CorrectiveFirstSpike,
    FewSpike,
    FirstSpike,
    IntegrateFire,
    WindowFirstSpike,
)
from snn.result_file import layer_table
from snn.simulating import CountedEvents, Events, Recording
from snn.testing import golden, golden_measures, reference

from . import graphs

N = {"name": "n", "inputs": ("z",)}


def events(*spikes):
    """Return spikes (step, sample, neuron, sign)."""
    columns = np.array(spikes, np.int32).reshape(-1, 4).T
    return Events(*columns[:3], columns[3].astype(np.int8))


def test_wilsons_interval_has_its_published_values():
    # Brown, Cai and DasGupta 2001 and any table: 0 of 10 gives 0 to 0.2775, 7 of 10 gives 0.3968 to 0.8922
    np.testing.assert_allclose(wilson(np.array([0, 0.7]), 10), [[0, 0.3968], [0.2775, 0.8922]], atol=5e-5)


def test_share_of_no_samples_may_be_anything():
    np.testing.assert_array_equal(wilson(0.5, 0), [0, 1])


def test_correlation_is_numpys_of_what_is_kept():
    draw = np.random.default_rng(0)
    a, v = draw.random((2, 5, 7)) + 0.1, draw.random((2, 5, 7)) + 0.1
    a[0, 0, :3] = v[0, 0, :3] = 0  # silence is left out
    a[1, 2, 2] = 1.0  # and so is what cannot be kept
    kept = [a[0].reshape(-1)[3:], v[0].reshape(-1)[3:]]
    mask = np.arange(35) != 16
    other = [a[1].reshape(-1)[mask], v[1].reshape(-1)[mask]]
    a = np.minimum(a, 1.0)
    for part in (kept, other):
        low = part[0] < 1
        part[0], part[1] = part[0][low], part[1][low]
    expected = [np.corrcoef(*kept)[0, 1], np.corrcoef(*other)[0, 1]]
    np.testing.assert_allclose(correlations(a, v, 1.0), expected)


def test_correlation_is_none_without_variation():
    flat = np.ones((1, 4))
    assert np.isnan(correlations(flat, np.arange(4.0)[None], None)).all()
    assert np.isnan(correlations(np.zeros((1, 4)), np.zeros((1, 4)), None)).all()


def test_rate_is_spikes_per_millisecond():
    activity = Activity((1, 3), Clock(4, 0.5), counts=np.array([[0, 4, 8]]))
    np.testing.assert_array_equal(worth(IntegrateFire(**N), activity), [[0, 1, 2]])


def test_spikes_alone_tell_counts():
    activity = Activity((2, 2), Clock(2, 1), spikes=events((0, 0, 1, 1), (1, 0, 1, 1), (1, 1, 0, 1)))
    np.testing.assert_array_equal(worth(IntegrateFire(**N), activity), [[0, 1], [0.5, 0]])


@pytest.mark.parametrize(
    ("neuron", "expected"),
    [
        (BitPattern(**N, bits=2, scale=4.0), [[2 + 1, 1]]),  # 4/2 + 4/4, and 4/4
        (FewSpike(**N, planes=2, scale=3.0), [[2 + 1, 1]]),  # alpha = 3 / (3/4) = 4
        (WindowFirstSpike(**N, bins=4, scale=2.0), [[2 + 1.5, 1.5]]),  # (4 - k) / 2 for each spike, k = 0 and 1
    ],
    ids=lambda part: type(part).__name__,
)
def test_spikes_of_a_window_are_worth_what_their_step_says(neuron, expected):
    # the window begins in step 3; neuron 0 fires in its first two steps, neuron 1 in the second
    spikes = events((3, 0, 0, 1), (4, 0, 0, 1), (4, 0, 1, 1))
    np.testing.assert_allclose(worth(neuron, Activity((1, 2), Clock(8, 1), 3, spikes=spikes)), expected)


def test_first_spike_is_worth_the_threshold_over_its_time():
    spikes = events((0, 0, 1, 1), (3, 0, 0, 1))
    found = worth(FirstSpike(**N, threshold=2.0), Activity((1, 3), Clock(4, 0.5), spikes=spikes))
    np.testing.assert_allclose(found, [[2 / 2.0, 2 / 0.5, 0]])


def test_spike_that_was_taken_back_is_worth_nothing_and_the_last_one_counts():
    spikes = events((0, 0, 0, 1), (0, 0, 1, 1), (1, 0, 0, -1), (1, 0, 1, -1), (3, 0, 0, 1))
    found = worth(CorrectiveFirstSpike(**N), Activity((1, 3), Clock(4, 1), spikes=spikes))
    np.testing.assert_allclose(found, [[1 / 4, 0, 0]])


def test_counted_events_are_worth_as_much():
    plain = events((0, 0, 1, 1), (3, 0, 0, 1))
    counted = CountedEvents(plain.numbers(4, 1), plain.neuron, plain.sign)
    one, other = (worth(FirstSpike(**N), Activity((1, 3), Clock(4, 1), spikes=spikes)) for spikes in (plain, counted))
    np.testing.assert_array_equal(one, other)


def test_largest_values():
    clock = Clock(8, 0.5)
    assert largest(IntegrateFire(**N), clock) == 2
    assert largest(IntegrateFire(**N, refractory_ms=1.5), clock) == 6 / 8  # every third of 16 steps, from the first
    assert largest(FewSpike(**N, scale=3.0), clock) == 3
    assert largest(BitPattern(**N, bits=2, scale=4.0), clock) == 3
    assert largest(FirstSpike(**N, threshold=2.0), clock) == 4
    assert largest(Accumulate(**N), clock) is None


@pytest.mark.parametrize("reset", ["subtract", "zero", "modulo"])
@pytest.mark.parametrize("leak", [0.0, 0.125])
@pytest.mark.parametrize("refractory_ms", [0.0, 3.0])
def test_neuron_alone_gives_what_the_step_loop_gives(reset, leak, refractory_ms):
    given = np.arange(-2, 22, dtype=np.float32)[:, None] / 16
    neuron = {"reset": reset, "leak": leak, "refractory_ms": refractory_ms, "initial": np.float32(0.5)}
    trace = reference.simulate(golden.single(**neuron), golden.current(given, 20))
    expected = trace.spikes["out"].sum(axis=0) / 20
    layer = IntegrateFire(**N, **neuron)
    found = alone(layer, given.astype(np.float64), np.zeros((24, 1)), Clock(20, 1))
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_bits_alone_are_rounded_with_halves_to_even():
    # 2 bits: n = 3 levels over a scale of 3, each worth 3/4; 0.5 goes to 0, 1.5 to 2, 2.6 to 3
    given = np.array([[0.5, 1.5, 2.6, 9.0, -1.0]])
    found = alone(BitPattern(**N, bits=2, scale=3.0), given, np.zeros((1, 5)), Clock(2, 1))
    np.testing.assert_allclose(found, [[0, 1.5, 2.25, 2.25, 0]])


def gathered(samples=2):
    """Return the measures of the golden network of unevenness after batches of one; only the first is right."""
    case = golden_measures.unevenness()
    gathering = Gathering(case.network, case.stimulus.clock, samples, compared=1)
    for start in range(samples):
        counts = {"hidden": np.array([[5, 5]]), "out": np.array([[1]])} if not start else {
            "hidden": np.array([[10, 0]]), "out": np.array([[0]]),
        }  # fmt: skip
        entry = case.entry if gathering.wants(start) else None
        gathering.add(start, case.stimulus.samples, entry, Recording(np.zeros((10, 1, 1), np.float32), counts=counts))
    return gathering.layers()


def test_spikes_are_counted_in_all_samples_and_compared_in_some():
    hidden, out = gathered()
    assert (hidden.samples, hidden.compared) == (2, 1)
    assert hidden.spikes == 10  # 10 in each sample
    assert hidden.rate_hz == pytest.approx(10 / 2 / 0.010)  # of two neurons in ten milliseconds
    assert (hidden.silent, hidden.lost, hidden.saturated) == (0, 0, 1)
    assert out.spikes == 0.5
    assert (out.activation, out.value) == (0, 0.1)


def test_neuron_without_a_spike_is_silent_and_lost_where_it_should_fire():
    case = golden_measures.quantisation()
    gathering = Gathering(case.network, case.stimulus.clock, 1, compared=1)
    still = Recording(np.zeros((10, 1, 1), np.float32), counts={"out": np.array([[0]])})
    gathering.add(0, case.stimulus.samples, case.entry, still)
    (out,) = gathering.layers()
    assert (out.silent, out.lost, out.saturated) == (1, 1, 0)


def test_nothing_is_compared_without_an_analog_network_or_where_spikes_tell_nothing():
    network = graphs.chain((1,), graphs.dense("d", "in", [[1.0]]), IntegrateFire(name="out", inputs=("d",)))
    counts = Recording(np.zeros((4, 1, 1), np.float32), counts={"out": np.array([[3]])})
    gathering = Gathering(network, Clock(4, 1), 1, compared=10)
    assert not gathering.wants(0)
    gathering.add(0, np.ones((1, 1), np.float32), None, counts)
    (out,) = gathering.layers()
    assert (out.spikes, out.correlation, out.deviation, out.compared) == (3, None, None, 0)
    case = golden_measures.clipping()
    gathering = Gathering(case.network, case.stimulus.clock, 1, 1, unsplit="spikes carry payloads")
    gathering.add(0, case.stimulus.samples, case.entry, counts)
    assert gathering.layers()[0].unsplit == "spikes carry payloads"


def test_batches_do_not_change_the_measures_nor_the_points():
    normalised = dataclasses.replace(graphs.grow(7, ("conv", "relu", "avgpool", "dense")), stage="normalised")
    spiking = converting.convert(normalised, spiking_pools=True)
    draw = np.random.default_rng(7)
    samples = draw.random((6, *spiking.shapes[spiking.input.name])).astype(np.float32)
    counts = {name: draw.integers(0, 11, (6, *spiking.shapes[name])) for name in record(spiking).counts}
    output = draw.random((10, 6, *spiking.shapes[spiking.output.name])).astype(np.float32)

    def whole(size):
        gathering = Gathering(spiking, Clock(10, 1), 6, compared=5)
        for start in range(0, 6, size):
            part = slice(start, start + size)
            some = {name: array[part] for name, array in counts.items()}
            gathering.add(
                start, samples[part], samples[part].astype(np.float64), Recording(output[:, part], counts=some)
            )
        return gathering.layers()

    for one, other in zip(whole(6), whole(2), strict=True):
        np.testing.assert_allclose(one.points, other.points, atol=1e-6)
        first, second = (json.dumps(layer_table(layer)) for layer in (one, other))
        assert all(layer.budget for layer in (one, other))
        rounded = [json.loads(text, parse_float=lambda number: round(float(number), 5)) for text in (first, second)]
        assert rounded[0] == rounded[1]


def test_points_are_picked_evenly_and_at_most_so_many():
    case = golden_measures.clipping()
    samples = POINTS + 500
    gathering = Gathering(case.network, case.stimulus.clock, samples, compared=samples)
    sizes = [100, 250, 1, *[499] * 20]
    start = 0
    while start < samples:
        size = min(sizes.pop(0), samples - start)
        numbers = np.arange(start, start + size, dtype=np.float32)[:, None]
        counts = Recording(np.zeros((10, size, 1), np.float32), counts={"out": np.full((size, 1), 10)})
        gathering.add(start, numbers, numbers.astype(np.float64), counts)
        start += size
    assert start == samples
    (out,) = gathering.layers()
    assert len(out.points) == POINTS
    index = np.arange(POINTS)  # each is one of its own part of the samples, and the parts are equal
    assert (out.points[:, 0] >= index * samples // POINTS).all()
    assert (out.points[:, 0] < (index + 1) * samples // POINTS).all()


def test_fewer_samples_are_compared_where_an_evaluation_is_long():
    def of(size):
        weight = np.ones((size, 1000), np.float32)
        return usual_samples(graphs.chain((1000,), graphs.dense("d", "in", weight)))

    # 5e10 multiply-adds: 1,000 samples of up to 5e7, then fewer, but never under 100
    assert (of(1), of(1000), usual_samples(golden_measures.clipping().network)) == (1000, 1000, 1000)
    assert usual_samples(graphs.chain((1000, 100, 100), graphs.conv("c", "in", np.ones((10, 1000, 1, 1))))) == 500
    assert usual_samples(graphs.chain((1000, 100, 100), graphs.conv("c", "in", np.ones((90, 1000, 1, 1))))) == 100


def test_values_with_windows_need_the_steps_of_spikes():
    network = graphs.chain(
        (1,), graphs.dense("d", "in", [[1.0]]), FewSpike(name="f", inputs=("d",)),
        graphs.dense("e", "f", [[1.0]]), Accumulate(name="out", inputs=("e",)),
    )  # fmt: skip
    assert (record(network).counts, record(network).spikes) == (frozenset(), frozenset({"f"}))


def test_energy_is_what_is_counted_times_what_one_costs():
    work = Work(synaptic=110, once=10, updates=20, multiply_adds=30, analog_values=5, steps=100)
    costs = EnergySettings(
        addition_pj=1, multiply_add_pj=4, neuron_update_pj=2, memory_access_pj=3,
        integer_multiply_pj=0.64, integer_addition_pj=0.04,
    )  # fmt: skip
    plain, memory, quantised = estimates(work, costs)
    assert plain.spiking == pytest.approx((100 * 1 + 10 * 4 + 20 * 2) * 1e-12)
    assert plain.analog == pytest.approx(30 * 4 * 1e-12)
    # a synaptic operation takes three accesses, a multiply-add two, an update two; an analog value one
    assert memory.spiking == pytest.approx((180 + 3 * (300 + 20 + 40)) * 1e-12)
    assert memory.analog == pytest.approx((120 + 3 * (60 + 5)) * 1e-12)
    # 101 values are 7 bits: 0.64 (7/8)^2 + 0.04 * 14/8 = 0.56 a multiply-add, and 7/32 of the traffic
    assert quantised.analog == pytest.approx((30 * 0.56 + 195 * 7 / 32) * 1e-12)
    assert quantised.spiking == memory.spiking
    assert "7-bit" in quantised.name


def test_energy_of_a_network_that_was_never_analog_has_no_other_side():
    work = Work(synaptic=1, once=0, updates=1, multiply_adds=None, analog_values=None, steps=1)
    assert [estimate.analog for estimate in estimates(work, EnergySettings())] == [None] * 3


def layer(name, correlation, **shares):
    parts = {part: ErrorPart(0, 0, share) for part, share in shares.items()} or None
    return LayerMeasures(name, "IntegrateFire", 1, 1, correlation=correlation, budget=parts)


def test_first_layer_under_the_limit_is_named_with_what_its_largest_part_asks_for():
    good, bad, worse = layer("a", 0.96), layer("b", 0.94, clipping=0.2, quantisation=0.1), layer("c", 0.5, inherited=1)
    found = advise([good, bad, worse])
    assert (found.layer, found.correlation, found.cause) == ("b", 0.94, "clipping")
    assert "percentile" in found.text
    assert advise([good]) is None


@pytest.mark.parametrize(
    ("part", "word"),
    [("clipping", "per_channel"), ("quantisation", "duration_ms"), ("unevenness", "initial"), ("inherited", "before")],
)
def test_each_part_has_its_advice(part, word):
    assert word in advise([layer("b", 0.1, **{part: 1.0})]).text


def test_advice_names_the_settings_of_the_code():
    few = LayerMeasures("f", "FewSpike", 1, 1, correlation=0.5, budget={"quantisation": ErrorPart(0, 0, 1.0)})
    first = LayerMeasures("t", "FirstSpike", 1, 1, correlation=0.5, budget={"unevenness": ErrorPart(0, 0, 1.0)})
    assert "convert.planes" in advise([few]).text
    assert "convert.threshold" in advise([first]).text
    assert "convert.initial" not in advise([first]).text


def test_layer_without_parts_gets_general_advice():
    assert "percentile" in advise([layer("b", 0.1)]).text
