"""Each control of the rate engine equals a step loop written from its equation, and a case counted by hand."""

import dataclasses

import numpy as np
import pytest
from snn import analog
from snn.clock import Clock
from snn.encoding import ConstantCurrent, PoissonSpikes
from snn.errors import SettingsError, UnsupportedLayer
from snn.layers import Add, AvgPool, Dense, MaxPool
from snn.neurons import Accumulate, IntegrateFire, Neuron, SoftmaxFire
from snn.operations import analog_part, fan_out
from snn.simulating import Setup
from snn_backend_inisim import presenting
from snn_backend_inisim.backend import IniSim


def controlled_loop(network, stimulus, backend):
    """Return output, spike heights and potentials, by layer (steps, batch, *shape), of neurons that do not stop."""
    steps, dt, batch = stimulus.clock.steps, np.float32(stimulus.clock.dt_ms), len(stimulus.samples)
    neurons = [layer for layer in network.layers if isinstance(layer, Neuron)]
    shapes = {layer.name: (batch, *network.shapes[layer.name]) for layer in network.layers}
    V = {layer.name: np.zeros(shapes[layer.name], np.float32) + getattr(layer, "initial", 0) for layer in neurons}
    last = {layer.name: np.full(shapes[layer.name], -np.inf) for layer in neurons}
    fired = {layer.name: np.zeros(shapes[layer.name]) for layer in neurons}
    sent = {layer.name: np.zeros(shapes[layer.name], np.float32) for layer in neurons}
    heights, potentials = {n.name: [] for n in neurons}, {n.name: [] for n in neurons}
    peaks = {}
    for t in range(steps):
        s = {network.input.name: stimulus.steps(t, t + 1)[0]}
        for layer in network.layers[1:]:
            name = layer.name
            z = s[layer.inputs[0]]
            if isinstance(layer, MaxPool):
                total, peak = peaks.get(name, (0, 0))
                total = total + z
                peaks[name] = total, analog.apply(layer, total)
                s[name] = peaks[name][1] - peak
            elif not isinstance(layer, Neuron):
                s[name] = with_bias(layer, [s[n] for n in layer.inputs], network, dt, t, steps, backend)
            else:
                if t < backend.clamp_steps.get(name, 0):
                    z = np.zeros_like(z)
                if isinstance(layer, Accumulate):
                    V[name] = V[name] + z
                    s[name] = V[name]
                else:
                    theta = thresholds(layer, fired[name], t, backend)
                    s[name] = fire(layer, z, V[name], last[name], fired[name], sent[name], theta, t, dt, backend)
                heights[name].append(s[name].copy())
                potentials[name].append(V[name].copy())
    heights = {name: np.array(each) for name, each in heights.items()}
    output = heights[network.output.name]
    output = output.cumsum(axis=0, dtype=np.float32) if network.output.spiking else output
    return output.reshape(steps, batch, -1), heights, {name: np.array(each) for name, each in potentials.items()}


def with_bias(layer, inputs, network, dt, t, steps, backend):
    """Return an operation with b(t) = b0 clip(1 - (1 - 2 t / T) l / 50, 0, 1), t from 1 to T."""
    field = next((field for field in ("bias", "shift") if hasattr(layer, field)), None)
    if field is None:
        return analog.apply(layer, *inputs)
    bias = getattr(layer, field) * dt
    if not backend.bias_relaxation or layer.name in analog_part(network):
        return analog.apply(dataclasses.replace(layer, **{field: bias}), *inputs)
    share = np.float32(np.clip(1 - (1 - 2 * (t + 1) / steps) * depth(network, layer.name) / 50, 0, 1))
    without = dataclasses.replace(layer, **{field: np.zeros_like(bias)})
    z = analog.apply(without, *inputs)
    return z + analog.per_element(share * bias, z.ndim)


def depth(network, name):
    layer = network[name]
    return max((depth(network, n) + isinstance(network[n], Neuron) for n in layer.inputs), default=0)


def thresholds(layer, fired, t, backend):
    """Return theta / 100 + (theta - theta / 100) r, r the spikes in a step of the neuron with the most, by sample."""
    if not backend.online_normalisation:
        return np.full(len(fired), layer.threshold, np.float32)
    rate = fired.reshape(len(fired), -1).max(axis=1) / max(t, 1)
    return (layer.threshold / 100 + (layer.threshold - layer.threshold / 100) * rate).astype(np.float32)


def fire(layer, z, potential, last, fired, sent, theta, t, dt, backend):
    V = potential
    theta = np.broadcast_to(theta.reshape(-1, *[1] * (z.ndim - 1)), z.shape)
    listens = t - last >= round(layer.refractory_ms / float(dt), 6)
    V[listens] += z[listens]
    leaks = listens & (V > 0)
    V[leaks] = np.maximum(V[leaks] - np.float32(layer.leak) * dt, 0)
    s = listens & (theta <= V)
    last[s] = t
    fired[s] += 1
    payload = np.zeros_like(V)
    if backend.payloads == "none":
        V[s] = {"subtract": V[s] - theta[s], "zero": 0 * V[s], "modulo": V[s] % theta[s]}[layer.reset]
    else:
        payload[s] = V[s] - theta[s] - sent[s]
        if backend.payloads == "difference":
            sent[s] += payload[s]
        V[s] = 0
    return np.where(s, (theta + payload) / np.float32(layer.threshold), np.float32(0))


def compare(network, samples, backend, record_all, clock=None, stimulus=None):
    clock = clock or Clock(20, 1)
    stimulus = stimulus or ConstantCurrent(samples, np.arange(len(samples)), clock)
    output, heights, potentials = controlled_loop(network, stimulus, backend)
    with backend.build(network, record_all(network, clock)) as simulator:
        found = simulator.run(stimulus)
    for name, expected in potentials.items():
        np.testing.assert_array_equal(found.potentials[name], expected, err_msg=f"potentials of {name}")
    fan, work = fan_out(network), np.zeros(found.operations.shape)
    if stimulus.kind == "spikes":
        entering = stimulus.steps(0, clock.steps) != 0
        work += (entering * fan[network.input.name]).reshape(*work.shape, -1).sum(axis=2)
    for name, counts in found.counts.items():
        np.testing.assert_array_equal(counts, (heights[name] != 0).sum(axis=0), err_msg=f"counts of {name}")
        dense = found.spikes[name].dense(clock.steps, len(samples), network.shapes[name])
        np.testing.assert_array_equal(dense, np.sign(heights[name]), err_msg=f"spikes of {name}")
        work += ((heights[name] != 0) * fan[name]).reshape(*work.shape, -1).sum(axis=2)
    np.testing.assert_array_equal(found.output, output)
    np.testing.assert_array_equal(np.diff(found.operations, axis=0), work[1:])
    return found


def branched(b, **fields):
    """Put image layers of every kind of state, a sum of branches and both kinds of pools."""
    b.conv(4, (3, 2), padding=(1, 1))
    first = b.fire(initial=b.numbers(*b.shapes[b.last]), **fields)
    pooled = b.pool(MaxPool, (2, 2), stride=1)
    averaged = b.pool(AvgPool, (2, 2), first, stride=1)
    b.put(Add, pooled, averaged, factors=np.float32([0.5, 1]))
    b.conv(3, (2, 2), stride=2)
    b.fire(**fields)
    b.flat()
    b.dense(5)
    b.fire(**fields)
    b.dense(4)


CONTROLS = {
    "clamping": {"clamp_steps": {"integratefire2": 3, "integratefire7": 9, "accumulate12": 12}},
    "residual payloads": {"payloads": "residual"},
    "payloads as differences": {"payloads": "difference"},
    "clamping and payloads": {"clamp_steps": {"integratefire7": 5}, "payloads": "residual"},
}


@pytest.mark.parametrize("settings", CONTROLS.values(), ids=CONTROLS)
@pytest.mark.parametrize("kind", [Accumulate, IntegrateFire])
@pytest.mark.parametrize("dt_ms", [1, 0.5])
def test_controls_equal_the_step_loop(settings, kind, dt_ms, builder, record_all):
    b = builder((2, 6, 5), seed=3)
    branched(b)
    b.put(kind, **({} if kind is Accumulate else {"threshold": 1.5}))
    if kind is IntegrateFire:
        steps = settings.get("clamp_steps", {})
        settings = {
            **settings,
            "clamp_steps": {name.replace("accumulate", "integratefire"): n for name, n in steps.items()},
        }
    found = compare(b.network(), b.samples(), IniSim(**settings), record_all, Clock(16 * dt_ms, dt_ms))
    assert found.output.any()


@pytest.mark.parametrize("settings", CONTROLS.values(), ids=CONTROLS)
@pytest.mark.parametrize("fields", [{"reset": "zero"}, {"reset": "modulo"}, {"leak": 0.125, "refractory_ms": 2.0}])
def test_controls_go_with_every_neuron(settings, fields, builder, record_all):
    b = builder((2, 6, 5), seed=8)
    branched(b, **fields)
    b.put(Accumulate)
    samples, clock = b.samples(), Clock(16, 1)
    stimulus = PoissonSpikes(samples, np.arange(3), clock, rate_hz=500)
    compare(b.network(), samples, IniSim(**settings), record_all, clock, stimulus)


@pytest.mark.parametrize("kind", [ConstantCurrent, PoissonSpikes])
def test_bias_relaxation_equals_the_step_loop(kind, builder, record_all):
    b = builder((2, 6, 5), seed=3)
    b.conv(4, (3, 2), padding=(1, 1))
    b.fire()
    b.conv(3, (2, 2), stride=2)
    b.fire()
    b.flat()
    b.dense(5)
    b.fire()
    b.dense(4)
    b.put(Accumulate)
    samples, clock = b.samples(), Clock(20, 1)
    compare(b.network(), samples, IniSim(bias_relaxation=True), record_all, clock, kind(samples, np.arange(3), clock))


def one_to_one(b, size, **fields):
    """Put a layer whose neurons each read one neuron, so that sums have one term and are exact for any height."""
    weight = np.diag(b.random.choice(np.float32([0.5, 1, 2, -1]), size)).astype(np.float32)
    b.put(Dense, weight=weight, bias=np.zeros(size, np.float32))
    b.fire(**fields)


@pytest.mark.parametrize("reset", ["subtract", "zero", "modulo"])
@pytest.mark.parametrize("payloads", ["none", "residual", "difference"])
@pytest.mark.parametrize("fields", [{}, {"leak": 0.125, "refractory_ms": 1.0}, {"threshold": 1.5}])
def test_online_normalisation_equals_the_step_loop(reset, payloads, fields, builder, record_all):
    b = builder((6,), seed=2)
    b.dense(7)
    for _ in range(3):
        one_to_one(b, 7, reset=reset, initial=np.float32(0.25), **fields)
    b.put(Accumulate)
    backend = IniSim(online_normalisation=True, payloads=payloads)
    found = compare(b.network(), b.samples(), backend, record_all, Clock(30, 1))
    assert all(counts.any() for counts in found.counts.values())


def test_the_threshold_of_a_sample_does_not_follow_the_others(builder, record_all):
    b = builder((6,), seed=2)
    b.dense(7)
    b.fire()
    b.dense(4)
    b.fire()
    network, clock, samples = b.network(), Clock(25, 1), b.samples(5)
    simulator = IniSim(online_normalisation=True).build(network, record_all(network, clock))
    whole = simulator.run(ConstantCurrent(samples, np.arange(5), clock))
    for row in range(5):
        alone = simulator.run(ConstantCurrent(samples[row : row + 1], np.array([row]), clock))
        np.testing.assert_array_equal(alone.output[:, 0], whole.output[:, row])


@pytest.mark.parametrize("size", [1, 2**9])
@pytest.mark.parametrize(
    "settings", [{"online_normalisation": True, "payloads": "residual"}, {"bias_relaxation": True}]
)
def test_blocks_of_steps_change_nothing_under_control(size, settings, builder, record_all, monkeypatch):
    b = builder((2, 6, 5), seed=3)
    b.numbers = lambda *shape, **_: b.random.normal(size=shape).astype(np.float32) / 2
    branched(b)
    b.fire()
    network, clock = b.network(), Clock(25, 1)
    stimulus = ConstantCurrent(b.samples(), np.arange(3), clock)
    backend = IniSim(**settings, clamp_steps={"integratefire7": 6})
    expected = backend.build(network, record_all(network, clock)).run(stimulus)
    monkeypatch.setattr(presenting, "BLOCK_BYTES", size)
    found = backend.build(network, record_all(network, clock)).run(stimulus)
    np.testing.assert_array_equal(found.output, expected.output)
    np.testing.assert_array_equal(found.operations, expected.operations)


@pytest.fixture
def two(builder):
    """Return two neurons in a row: 3/8 a millisecond into the first, its spikes into the second, which has bias 1/4."""
    b = builder((1,))
    b.fire()
    b.put(Dense, weight=np.float32([[1]]), bias=np.float32([0.25]))
    b.fire()
    return b.network()


def spikes(network, record_all, steps=8, drive=0.375, **settings):
    """Return the steps in which each neuron fires, and the output after each step."""
    clock = Clock(steps, 1)
    stimulus = ConstantCurrent(np.float32([[drive]]), np.arange(1), clock)
    with IniSim(**settings).build(network, record_all(network, clock)) as simulator:
        found = simulator.run(stimulus)
    return [events.step.tolist() for events in found.spikes.values()], found.output[:, 0, 0].tolist()


def test_two_neurons_without_control(two, record_all):
    # The first: 3/8, 6/8, 9/8 -> 1/8, 4/8, 7/8, 10/8 -> 2/8, 5/8, 8/8 -> 0.
    # The second: 1/4, 1/2, 7/4 -> 3/4, 1 -> 0, 1/4, 3/2 -> 1/2, 3/4, 2 -> 1.
    fired, output = spikes(two, record_all)
    assert fired == [[2, 5, 7], [2, 3, 5, 7]]
    assert output == [0, 0, 1, 2, 2, 3, 3, 4]


def test_a_clamped_neuron_integrates_nothing_in_its_first_steps(two, record_all):
    # The first from step 3 on: 3/8, 6/8, 9/8 in step 5.
    # The second: 1/4, 1/2, 3/4, 1 -> 0, 1/4, 3/2 -> 1/2, 3/4, 1 -> 0.
    assert spikes(two, record_all, clamp_steps={"integratefire1": 3})[0] == [[5], [3, 5, 7]]
    # The second from step 4 on: 1/4, 3/2 -> 1/2, 3/4, 2 -> 1.
    assert spikes(two, record_all, clamp_steps={"integratefire3": 4})[0] == [[2, 5, 7], [5, 7]]


def test_a_deep_bias_grows_to_its_full_size_in_half_the_time(two, record_all):
    clock = Clock(8, 1)
    simulator = IniSim(bias_relaxation=True).build(two, record_all(two, clock))
    found = simulator.run(ConstantCurrent(np.float32([[0]]), np.arange(1), clock))
    potential = found.potentials["integratefire3"][:, 0, 0]
    # One layer of neurons before it: shares 1 - (1 - 2 t / 8) / 50, which is 0.985, 0.99, 0.995 and then 1.
    np.testing.assert_allclose(potential, [0.24625, 0.49375, 0.7425, 0.9925, 0.2425, 0.4925, 0.7425, 0.9925], rtol=1e-6)


def test_a_threshold_follows_the_highest_rate_and_spikes_have_its_height(builder, record_all):
    b = builder((2,))
    b.fire()
    b.put(Accumulate)
    clock = Clock(4, 1)
    simulator = IniSim(online_normalisation=True).build(b.network(), record_all(b.network(), clock))
    found = simulator.run(ConstantCurrent(np.float32([[0.5, 0.005]]), np.arange(1), clock))
    # Thresholds: 0.01 (no rate yet); 1 (a spike in one step); 0.01 + 0.99 / 2 = 0.505; 0.01 + 0.99 * 2 / 3 = 0.67.
    # The first: 0.5 fires -> 0.49, 0.99, 1.49 fires -> 0.985, 1.485 fires -> 0.815.  The second never reaches any.
    np.testing.assert_allclose(
        found.potentials["integratefire1"][:, 0],
        [[0.49, 0.005], [0.99, 0.01], [0.985, 0.015], [0.815, 0.02]],
        rtol=1e-5,
    )
    np.testing.assert_allclose(found.output[:, 0], [[0.01, 0], [0.01, 0], [0.515, 0], [1.185, 0]], rtol=1e-5)


def test_a_payload_is_the_residual_and_loses_nothing(builder, record_all):
    b = builder((1,))
    b.fire()
    b.fire()
    # 3/8, 6/8, 9/8 sent whole -> 0; again.  What the second gets it sends on whole.
    fired, output = spikes(b.network(), record_all, payloads="residual")
    assert fired == [[2, 5], [2, 5]]
    assert output == [0, 0, 1.125, 1.125, 1.125, 2.25, 2.25, 2.25]


def test_payloads_as_differences_telescope(builder, record_all):
    b = builder((1,))
    b.fire()
    b.fire()
    # The first sends 9/8 with payload 1/8, then 9/8 with payload 1/8 - 1/8 = 0.  The second reaches 9/8: payload 1/8;
    # then 1: payload 0 - 1/8, so that it sends 7/8.
    fired, output = spikes(b.network(), record_all, payloads="difference")
    assert fired == [[2, 5], [2, 5]]
    assert output == [0, 0, 1.125, 1.125, 1.125, 2, 2, 2]


@pytest.fixture
def contest(builder):
    """Return three accumulating outputs, driven by 1/8, 3/8 and 2/8 of a neuron that fires in each step."""
    b = builder((1,))
    b.fire()
    b.put(Dense, weight=np.float32([[1], [3], [2]]) / 8, bias=np.zeros(3, np.float32))
    b.put(Accumulate)
    return b.network()


def test_a_sample_stops_when_it_has_decided(contest, record_all):
    clock = Clock(10, 1)
    samples = np.float32([[1], [0.5], [0.125]])  # a spike in each step, in every second, in none before the eighth
    simulator = IniSim(stop_margin=0.25).build(contest, record_all(contest, clock))
    found = simulator.run(ConstantCurrent(samples, np.arange(3), clock))
    # The lead over the second grows by 1/8 a spike: 1/4 after two spikes, in steps 2 and 4, or never.
    assert found.output[:, :, 1].T.tolist() == [
        [0.375] + [0.75] * 9,
        [0, 0.375, 0.375] + [0.75] * 7,
        [0] * 7 + [0.375] * 3,
    ]
    assert found.counts["integratefire1"].ravel().tolist() == [2, 2, 1]
    assert found.operations[-1].tolist() == [6, 6, 3]
    assert found.spikes["integratefire1"].step.tolist() == [0, 1, 1, 3, 7]
    assert found.potentials["integratefire1"][:, 1, 0].tolist() == [0.5, 0, 0.5] + [0] * 7
    assert simulator.facts()["mean_steps"] == (2 + 4 + 10) / 3


@pytest.fixture
def random_network(builder):
    b = builder((2, 6, 5), seed=10)
    branched(b)
    b.fire(threshold=0.5)
    return b


@pytest.mark.parametrize("kind", [ConstantCurrent, PoissonSpikes])
def test_until_it_stops_a_sample_is_as_without_a_stop(kind, random_network, record_all):
    b, clock = random_network, Clock(40, 1)
    network, samples = b.network(), b.samples(6)
    stimulus = kind(samples, np.arange(6), clock)
    free = IniSim().build(network, record_all(network, clock)).run(stimulus)
    stopped = IniSim(stop_margin=2).build(network, record_all(network, clock)).run(stimulus)
    used = set()
    for row in range(6):
        two = np.sort(free.output[:, row], axis=1)[:, -2:]
        clear = np.flatnonzero(two[:, 1] - two[:, 0] >= 2)
        steps = clear[0] + 1 if len(clear) else 40
        used.add(steps)
        np.testing.assert_array_equal(stopped.output[:steps, row], free.output[:steps, row])
        np.testing.assert_array_equal(
            stopped.output[steps:, row], free.output[steps - 1, row][None].repeat(40 - steps, 0)
        )
        np.testing.assert_array_equal(stopped.operations[:steps, row], free.operations[:steps, row])
        assert (stopped.operations[steps:, row] == free.operations[steps - 1, row]).all()
        for name, counts in stopped.counts.items():
            dense = free.spikes[name].dense(40, 6, network.shapes[name])[:steps, row]
            np.testing.assert_array_equal(counts[row], dense.sum(axis=0))
    assert len(used) > 1


@pytest.mark.parametrize(("name", "size"), [("BLOCK_BYTES", 1), ("STOPPING_STEPS", 100), ("SHARED_BYTES", 1)])
def test_blocks_and_batches_change_nothing_where_samples_stop(name, size, random_network, record_all, monkeypatch):
    b, clock = random_network, Clock(40, 1)
    network, samples = b.network(), b.samples(6)
    simulator = IniSim(stop_margin=2).build(network, record_all(network, clock))
    expected = simulator.run(ConstantCurrent(samples, np.arange(6), clock))
    monkeypatch.setattr(presenting, name, size)
    for rows in (slice(0, 6), slice(2, 5)):
        found = simulator.run(ConstantCurrent(samples[rows], np.arange(6)[rows], clock))
        np.testing.assert_array_equal(found.output, expected.output[:, rows])
        np.testing.assert_array_equal(found.operations, expected.operations[:, rows])
        for layer, counts in found.counts.items():
            np.testing.assert_array_equal(counts, expected.counts[layer][rows])


def test_nothing_is_simulated_once_all_have_decided(contest, record_all):
    clock = Clock(10_000, 1)
    asked = []

    class Watched(PoissonSpikes):
        def steps(self, start, stop):
            asked.append(stop)
            return super().steps(start, stop)

    stimulus = Watched(np.float32([[1]]), np.arange(1), clock)
    IniSim(stop_margin=0.25).build(contest, Setup(clock)).run(stimulus)
    assert max(asked) <= 8


def test_an_output_of_one_class_never_stops(two, record_all):
    assert spikes(two, record_all, stop_margin=1) == spikes(two, record_all)


def test_controls_are_off_by_default():
    assert not IniSim().controls.on
    assert not IniSim(threads=3).controls.on
    for settings in (
        {"clamp_steps": {"a": 1}},
        {"bias_relaxation": True},
        {"payloads": "residual"},
        {"stop_margin": 1},
    ):
        assert IniSim(**settings).controls.on
    assert IniSim(online_normalisation=True).controls.on


def test_clamping_what_is_no_layer_of_neurons_is_refused(two):
    with pytest.raises(UnsupportedLayer, match=r"layer 'relu_9': \[backend.inisim\] clamp_steps") as caught:
        IniSim(clamp_steps={"relu_9": 2, "dense2": 1}).build(two, Setup(Clock(5, 1)))
    assert "layer 'dense2'" in str(caught.value)
    assert caught.value.hint == "the layers of neurons are integratefire1, integratefire3"


def test_controls_of_other_codes_are_refused(builder):
    class Pulse(Neuron):
        pass

    b = builder((2,))
    b.fire()
    b.put(Pulse)
    assert "'pulse2'" not in str(IniSim().inspect(b.network())[1:])
    (*_, problem) = IniSim(bias_relaxation=True).inspect(b.network())
    assert problem.layer == "pulse2"
    assert "rate code" in problem.message


@pytest.mark.parametrize(
    "settings", [{"clamp_steps": {"a": -1}}, {"clamp_steps": 3}, {"payloads": "some"}, {"stop_margin": -1}]
)
def test_settings_out_of_bounds_are_refused(settings):
    with pytest.raises(SettingsError, match=next(iter(settings))):
        IniSim(**settings)


def test_the_softmax_is_clamped_too(builder, record_all):
    b = builder((3,))
    b.put(SoftmaxFire, gain=2.0)
    network, clock = b.network(), Clock(6, 1)
    simulator = IniSim(clamp_steps={b.last: 2}).build(network, record_all(network, clock))
    found = simulator.run(ConstantCurrent(np.float32([[1, 2, 3]]), np.arange(1), clock))
    assert found.potentials[b.last][:, 0, 2].tolist() == [0, 0, 3, 6, 9, 12]
