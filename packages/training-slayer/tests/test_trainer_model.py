"""The network that comes out of a model fires as the model does: no spike differs."""

import numpy as np
import pytest
import torch
from snn import layers as op
from snn.clock import Clock
from snn.network import Network
from snn.neurons import Neuron
from snn.response_neurons import CurrentBased, SpikeResponse
from snn.simulating import Record, Setup
from snn.testing import golden, reference
from snn_backend_inisim.backend import IniSim
from snn_training_slayer.trainer.model import Model, Rule
from snn_training_slayer.trainer.preparing import Prepared, from_notation

STEPS, BATCH = 40, 3


def response(name, **fields):
    return SpikeResponse(name=f"{name}/fire", inputs=(name,), **{"threshold": 10.0, "tau_ms": 5.0, **fields})


def loihi(name, **fields):
    rule = {"threshold": 5120.0, "current_decay": 0.25, "voltage_decay": 0.03125, "integer": True, **fields}
    return CurrentBased(name=f"{name}/fire", inputs=(name,), **rule)


def spikes(shape, seed=0, share=0.15):
    random = np.random.default_rng(seed)
    return (random.random((STEPS, BATCH, *shape)) < share).astype(np.float32)


def model(words, neurons=response, seed=0, pool=11.0, **rule):
    """Return a model whose potentials are about as large as its thresholds, and what enters it."""
    unit = 6400.0 if neurons is loihi else 1.0
    prepared = from_notation(words, neurons, pool, unit, seed)
    found = Model(prepared, Rule(**{"dt_ms": 1.0, "tau_surrogate": 1.0, "scale_surrogate": 1.0, **rule}))
    x = spikes(prepared.network.shapes["input"], seed)
    found.scale_to(torch.from_numpy(x))
    return found, x


def fired(found, x):
    """Return the spikes of each layer of a model, (T, B, *shape)."""
    kept, inner = {}, found._fired

    def keep(layer, z, generator):
        kept[layer.name] = inner(layer, z, generator)
        return kept[layer.name]

    found._fired = keep
    with torch.no_grad():
        found(torch.from_numpy(x))
    found._fired = inner
    return {name: each.numpy() for name, each in kept.items()}


def assert_the_same(found, x, dt_ms=1.0, backend=None):
    """Compare a model with the network it gives, in the plain loop and in a simulator; return how many spikes."""
    network = found.network()
    expected = fired(found, x)
    stimulus = golden.GivenSpikes(x[0], np.arange(x.shape[1]), Clock(len(x) * dt_ms, dt_ms), x)
    trace = reference.simulate(network, stimulus)
    names = frozenset(layer.name for layer in network.layers if isinstance(layer, Neuron))
    setup = Setup(clock=stimulus.clock, record=Record(spikes=names), kind="spikes")
    with (backend or IniSim()).build(network, setup) as simulator:
        recording = simulator.run(stimulus)
    for name, values in expected.items():
        np.testing.assert_array_equal(trace.spikes[name], values, err_msg=name)
        dense = recording.spikes[name].dense(len(x), x.shape[1], network.shapes[name])
        np.testing.assert_array_equal(dense, values, err_msg=name)
    return {name: int(values.sum()) for name, values in expected.items()}


WORDS = [
    ("30", "20", "10", "4"),
    ("8x6x2", "5c3", "2a", "4c3 stride=2", "6"),
    ("7x7x1", "4c4 padding=1 dilation=2", "3a", "5"),
]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("words", WORDS)
def test_response_neurons_fire_alike_in_the_model_the_plain_loop_and_inisim(words, seed):
    counts = assert_the_same(*model(words, seed=seed))
    assert all(counts.values())


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("words", WORDS)
def test_loihis_neurons_fire_alike_in_the_model_the_plain_loop_and_inisim(words, seed):
    counts = assert_the_same(*model(words, loihi, seed, pool=2 * 64.0))
    assert counts[min(counts)]


def test_loihis_neurons_fire_alike_on_loihis_emulator():
    backend = pytest.importorskip("snn_backend_loihi.backend")
    for seed in range(3):
        assert_the_same(*model(WORDS[1], loihi, seed, pool=2 * 64.0), backend=backend.Loihi())
        assert_the_same(*model(WORDS[0], lambda name: loihi(name, refractory_steps=3), seed), backend=backend.Loihi())


def test_trained_delays_are_those_of_the_network_in_any_step():
    for dt_ms in (1.0, 0.1):
        found, x = model(WORDS[0], delays=True, dt_ms=dt_ms, max_delay_ms=9.0)
        with torch.no_grad():
            for delay in found.delays:
                delay.copy_(torch.rand_like(delay) * 9 * dt_ms)
        network = found.network()
        steps = network["dense1/fire"].delay_steps(dt_ms)
        assert steps.max() > 4
        assert not network["dense3/fire"].delay_ms.any(), "the output's have no neuron to be trained by"
        assert_the_same(found, x, dt_ms)


def test_an_untrained_network_keeps_the_delays_that_it_has():
    late = [response("a", delay_ms=np.array([0, 3, 7.5], np.float32)), response("b")]
    given = Network(
        (
            op.Input(name="input", shape=(4,)),
            golden.dense("a", "input", np.full((3, 4), 8.0)),
            late[0],
            golden.dense("b", "a/fire", np.full((2, 3), 8.0)),
            late[1],
        ),
        stage="spiking",
    )
    found = Model(Prepared(given), Rule(1.0, 1.0, 1.0))
    assert all(assert_the_same(found, spikes((4,))).values())


def test_branches_and_averages_are_passed_through():
    def conv(name, source, channels):
        weight = np.random.default_rng(3).normal(0, 4, (channels, 2, 3, 3))
        plain = {"stride": (1, 1), "padding": ((1, 1), (1, 1)), "dilation": (1, 1)}
        return op.Conv(
            name=name, inputs=(source,), weight=weight.astype(np.float32), bias=np.zeros(channels, np.float32), **plain
        )

    pool = {"size": (2, 2), "stride": (2, 2), "padding": ((0, 0), (0, 0))}
    given = Network(
        (
            op.Input(name="input", shape=(2, 4, 6)),
            conv("a", "input", 2),
            response("a"),
            conv("b", "a/fire", 2),
            op.Add(name="sum", inputs=("b", "a/fire"), factors=np.ones(2, np.float32)),
            response("sum"),
            op.Concat(name="both", inputs=("sum/fire", "a/fire"), axis=0),
            op.AvgPool(name="mean", inputs=("both",), **pool),
            op.Permute(name="turned", inputs=("mean",), axes=(2, 0, 1)),
            op.Flatten(name="flat", inputs=("turned",)),
            golden.dense("c", "flat", np.random.default_rng(4).normal(0, 6, (5, 24))),
            response("c"),
        ),
        stage="spiking",
    )
    assert all(assert_the_same(Model(Prepared(given), Rule(1.0, 1.0, 1.0)), spikes((2, 4, 6))).values())


def test_scaling_makes_potentials_as_large_as_the_threshold():
    found, x = model(("30", "20", "4"), seed=5)
    network = found.network()
    z = np.einsum("tbi,oi->tbo", x, network["dense1"].weight)
    kernel = np.array([k / 5 * np.exp(1 - k / 5) for k in range(STEPS)])
    potential = np.stack([sum(kernel[k] * z[t - k] for k in range(t + 1)) for t in range(STEPS)])
    np.testing.assert_allclose(np.sqrt((potential**2).mean()), 10.0, rtol=1e-3)


def test_weights_are_on_a_grid_on_which_sums_are_exact_and_loihis_have_eight_bits():
    found, _ = model(WORDS[0], seed=1)
    steps = found.network()["dense1"].weight / 2.0 ** (3 - 16)
    np.testing.assert_array_equal(steps, np.rint(steps))
    found, _ = model(WORDS[0], loihi, 1)
    mantissas = found.network()["dense1"].weight / 64
    np.testing.assert_array_equal(mantissas, 2 * np.rint(mantissas / 2))
    assert np.abs(mantissas).max() <= 254


def test_few_spikes_are_gathered_and_many_multiplied_with_the_same_result_and_gradient():
    weight = torch.randn(6, 20, dtype=torch.float64)
    from snn_training_slayer.trainer.passing import Gathered

    x = (torch.rand(15, 20) < 0.1).to(torch.float64) * torch.tensor([1.0, 2.0]).repeat(10)
    x[4] = 0
    one, other = (weight.clone().requires_grad_() for _ in range(2))
    found, expected = Gathered.apply(x, one), x @ other.T
    torch.testing.assert_close(found, expected)
    factors = torch.randn_like(found)
    (found * factors).sum().backward()
    (expected * factors).sum().backward()
    torch.testing.assert_close(one.grad, other.grad)


def test_silent_neurons_are_silent_for_a_whole_presentation():
    found, x = model(WORDS[0], dropout=0.5)
    plain = fired(found, x)["dense1/fire"]
    layer = found._prepared.network["dense1/fire"]
    z = torch.ones(STEPS, BATCH, 20) * 30
    kept = found._fired(layer, z, torch.Generator().manual_seed(1)).sum(0)
    assert plain.any()
    assert sorted(set(kept.unique().tolist())) == [0.0, kept.max().item()]
    assert 0.3 < float((kept == 0).float().mean()) < 0.7


@pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch sees no CUDA device")
def test_a_model_fires_alike_on_cuda():
    found, x = model(WORDS[1])
    expected = found(torch.from_numpy(x))
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        np.testing.assert_array_equal(found.cuda()(torch.from_numpy(x).cuda()).detach().cpu(), expected.detach())
