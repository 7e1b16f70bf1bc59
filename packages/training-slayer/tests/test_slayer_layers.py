import copy

import numpy as np
import pytest
import slayer_oracle as oracle
import snn_training_slayer as snn
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from snn_training_slayer.loihi_layer import LoihiLayer
from snn_training_slayer.neurons import CurrentBased, Simulation, SpikeResponse
from snn_training_slayer.quantising import quantize
from snn_training_slayer.spike_layer import SpikeLayer
from snn_training_slayer.synapses import delay_shift
from torch.nn import functional

torch.set_num_threads(1)

SRM = {"type": "SRMALPHA", "theta": 10, "tauSr": 4.0, "tauRef": 1.0, "scaleRef": 2, "tauRho": 1, "scaleRho": 1}
LOIHI = {
    "type": "LOIHI",
    "vThMant": 80,
    "vDecay": 128,
    "iDecay": 1024,
    "refDelay": 1,
    "wgtExp": 0,
    "tauRho": 1,
    "scaleRho": 1,
}
TIME = {"Ts": 1.0, "tSample": 30}
SIZES = [
    {"kernelSize": 3},
    {"kernelSize": (2, 3), "stride": 2, "padding": 1},
    {"kernelSize": 2, "stride": (1, 2), "padding": (0, 1), "dilation": 2},
]


def trains(*shape, seed=0, rate=0.3):
    return torch.from_numpy((np.random.default_rng(seed).random(shape) < rate).astype(np.float32))


def in_3d(sizes):
    """Return the settings for PyTorch's own operations on NCHWT."""

    def three(size, last):
        return (*(size if isinstance(size, tuple) else (size, size)), last)

    lasts = {"stride": 1, "padding": 0, "dilation": 1}
    return {name: three(size, lasts[name]) for name, size in sizes.items() if name in lasts}


@pytest.mark.parametrize("dt", [0.5, 1.0, 2.0])
def test_responses_and_spikes_are_the_originals_equations(dt):
    layer = SpikeLayer(SRM, {"Ts": dt, "tSample": 30})
    steps = layer.simulation.steps
    assert steps == 30 / dt
    eps, nu = oracle.alpha(4, dt, 0.01, steps), oracle.alpha(1, dt, 0.01, steps, -20)
    s = (trains(2, 3, 1, 1, steps) / dt).requires_grad_()
    a = layer.psp(s)
    u = (a * 12).detach().requires_grad_()
    out = layer.spike(u)
    by_out = torch.linspace(-1, 1, out.numel()).reshape(out.shape)
    out.backward(by_out)
    a.backward(by_out)
    for n in range(2):
        for c in range(3):
            assert a.shape == s.shape
            at = n, c, 0, 0
            expected = oracle.psp(s[at].tolist(), eps, dt)
            np.testing.assert_allclose(a[at].tolist(), expected, rtol=1e-5, atol=1e-5)
            np.testing.assert_allclose(
                s.grad[at].tolist(), oracle.psp_transposed(by_out[at].tolist(), eps, dt), rtol=1e-4, atol=1e-5
            )
            spikes, seen = oracle.spike(u[at].tolist(), nu, 10, dt)
            assert out[at].tolist() == spikes
            by_u = [float(by_out[at][t]) * oracle.density(seen[t], 10, 1, 1) for t in range(steps)]
            np.testing.assert_allclose(u.grad[at].tolist(), by_u, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("dt", [0.5, 1.0, 2.0])
def test_loihis_spikes_are_the_originals_equations(dt):
    layer = LoihiLayer(LOIHI, {"Ts": dt, "tSample": 30})
    steps = layer.simulation.steps
    z = (torch.randint(-60, 90, (1, 4, 1, 1, steps)) * 1.0).requires_grad_()
    out = layer.spikeLoihi(z / dt)
    by_out = torch.linspace(-1, 2, out.numel()).reshape(out.shape)
    out.backward(by_out)
    kappa = oracle.kappa(1024, 128, 0, steps)
    _, current, voltage = layer.spikeLoihiFull(z / dt)
    for c in range(4):
        at = 0, c, 0, 0
        s, u, v = oracle.loihi(z[at].tolist(), 80, 1024, 128, 1, 0)
        assert (out[at] * dt).tolist() == s
        assert current[at].tolist() == u
        assert voltage[at].tolist() == v
        assert layer.getVoltage(z / dt)[at].tolist() == v
        by_v = [float(by_out[at][t]) * oracle.density(v[t], 5120, 1, 1 / max(kappa)) for t in range(steps)]
        expected = np.array(oracle.psp_transposed(by_v, kappa, dt)) / dt  # by z, which is dt times what it is given
        np.testing.assert_allclose(z.grad[at].tolist(), expected, rtol=1e-4, atol=1e-7)


def test_dense_layers_are_products():
    layer = SpikeLayer(SRM, TIME)
    x = trains(2, 5, 3, 4, 30)
    dense = layer.dense((4, 3, 5), 7)
    assert dense.weight.shape == (7, 5, 3, 4, 1)
    expected = functional.conv3d(x, dense.weight)
    torch.testing.assert_close(dense(x), expected)
    flat = layer.dense(6, 2, weightScale=1)
    assert flat.weight.shape == (2, 6, 1, 1, 1)
    assert flat.weight.abs().max() <= 6**-0.5 < layer.dense(6, 200).weight.abs().max()
    x = trains(2, 6, 1, 1, 30)
    torch.testing.assert_close(flat(x), torch.einsum("ncabt,oc->noabt", x, flat.weight.flatten(1)))


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("groups", [1, 2])
def test_convolutions_are_pytorchs_in_three_dimensions(sizes, groups):
    layer = SpikeLayer(SRM, TIME)
    x = trains(2, 4, 7, 8, 9).requires_grad_()
    for make, reference in ((layer.conv, functional.conv3d), (layer.convTranspose, functional.conv_transpose3d)):
        made = make(4, 6, groups=groups, **sizes)
        torch.manual_seed(1)
        mine, theirs = made(x), reference(x, made.weight, groups=groups, **in_3d(sizes))
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-3)
        by = torch.randn_like(theirs)
        inputs = x, made.weight
        gradients = (torch.autograd.grad(y, inputs, by, retain_graph=True) for y in (mine, theirs))
        for one, other in zip(*gradients, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("sizes", [*SIZES, {"kernelSize": 2}, {"kernelSize": 4}])
def test_pools_are_sums_over_windows_and_every_input_is_in_one(sizes):
    layer = SpikeLayer(SRM, TIME)
    x = trains(2, 3, 7, 9, 5)
    pool = layer.pool(**sizes)
    assert pool.weight.shape[:2] == (1, 1)
    assert set(pool.weight.flatten().tolist()) == {float(np.float32(11))}
    assert not pool.weight.requires_grad
    given_sizes = {"stride": sizes["kernelSize"], **sizes}
    mine = pool(x)
    # as with PyTorch's, once there is enough to the right of it and below
    wide = functional.pad(x, (0, 0, 0, 9, 0, 9))
    weight = pool.weight.expand(3, -1, -1, -1, -1)
    reference = functional.conv3d(wide, weight, groups=3, **in_3d(given_sizes))
    torch.testing.assert_close(mine, reference[:, :, : mine.shape[2], : mine.shape[3]])
    if given_sizes["stride"] == sizes["kernelSize"]:  # windows side by side
        assert reference[:, :, mine.shape[2] :].sum() == 0
        assert reference[:, :, :, mine.shape[3] :].sum() == 0


@pytest.mark.parametrize("sizes", [*SIZES, {"kernelSize": 2}])
def test_unpools_are_transposed_pools(sizes):
    x = trains(2, 3, 4, 5, 6)
    unpool = SpikeLayer(SRM, TIME).unpool(**sizes)
    given_sizes = {"stride": sizes["kernelSize"], **sizes}
    weight = unpool.weight.expand(3, -1, -1, -1, -1)
    torch.testing.assert_close(unpool(x), functional.conv_transpose3d(x, weight, groups=3, **in_3d(given_sizes)))


def test_dropout_is_constant_over_time_and_only_in_training():
    dropout = SpikeLayer(SRM, TIME).dropout(0.4)
    x = torch.ones(4, 50, 3, 3, 30)
    y = dropout(x)
    assert torch.equal(y, y[..., :1].expand(y.shape))
    assert y.unique().tolist() == [0, pytest.approx(1 / 0.6)]
    assert 0.5 < (y[..., 0] > 0).float().mean() < 0.7
    assert not torch.equal(y[0], y[1])
    assert torch.equal(dropout.eval()(x), x)


@given(st.floats(-12, 12), st.sampled_from([0.5, 1.0, 2.0]), st.integers(1, 12))
@settings(max_examples=50, deadline=None)
def test_shifts_truncate_toward_zero(delay, dt, steps):
    x = torch.arange(1.0, steps + 1).reshape(steps, 1, 1)
    expected = oracle.delayed(x.flatten().tolist(), delay, dt)
    exact = torch.tensor([delay], dtype=torch.float64)
    assert delay_shift(x, delay, dt).flatten().tolist() == expected
    assert delay_shift(x, exact, dt).flatten().tolist() == expected
    two = delay_shift(x.expand(-1, -1, 2), exact.expand(2), dt)
    assert two[:, 0, 0].tolist() == two[:, 0, 1].tolist() == expected


@pytest.mark.parametrize("dt", [0.5, 1.0])
def test_delays_learn_by_the_originals_gradient(dt):
    layer = SpikeLayer(SRM, {"Ts": dt, "tSample": 20})
    delay = layer.delay((2, 1, 3))
    assert delay.delay.shape == (3, 1, 2)
    assert 0 <= delay.delay.min() <= delay.delay.max() <= 1
    with torch.no_grad():
        delay.delay.mul_(8).sub_(1)
    x = trains(2, 3, 1, 2, 20).requires_grad_()
    y = delay(x)
    by = torch.randn_like(y)
    y.backward(by)
    for c in range(3):
        for w in range(2):
            d = max(float(delay.delay[c, 0, w].detach()), 0)
            total = 0
            for n in range(2):
                expected = oracle.delayed(x[n, c, 0, w].tolist(), d, dt)
                assert y[n, c, 0, w].tolist() == expected
                back = oracle.delayed(by[n, c, 0, w].tolist(), -d, dt)
                assert x.grad[n, c, 0, w].tolist() == back
                total += oracle.delay_gradient(expected, by[n, c, 0, w].tolist())
            assert float(delay.delay.grad[c, 0, w]) == pytest.approx(total, rel=1e-4, abs=1e-4)
    delay.clamp_(3)
    assert delay.delay.min() >= 0
    assert delay.delay.max() <= 3


def test_the_delay_gradient_is_the_slope_of_a_smooth_signal():
    time = torch.arange(200.0, dtype=torch.float64)

    def loss(delay):
        return float((torch.exp(-(((time - 80 - delay) / 20) ** 2)) * torch.sin(time / 30)).sum())

    delay = torch.tensor([7.0], dtype=torch.float64, requires_grad=True)
    x = torch.exp(-(((time - 80) / 20) ** 2)).reshape(-1, 1, 1)
    (delay_shift(x, delay)[:, 0, 0] * torch.sin(time / 30)).sum().backward()
    assert float(delay.grad) == pytest.approx((loss(7.5) - loss(6.5)), rel=0.05)


def test_delays_that_are_not_learnt_keep_nothing():
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.nbytes) or t, lambda t: t):
        delay_shift(torch.rand(5, 2, 3, requires_grad=True), torch.ones(3))
    assert kept == []


def test_learnt_responses_begin_as_the_neurons():
    layer = SpikeLayer(SRM, {"Ts": 0.5, "tSample": 30})
    x = trains(2, 3, 2, 2, 60) * 2
    made = layer.pspLayer()
    assert made.weight.shape[:4] == (1, 1, 1, 1)
    torch.testing.assert_close(made(x), layer.psp(x), rtol=1e-5, atol=1e-5)


def test_filters_multiply_channels_bank_by_bank():
    layer = SpikeLayer(SRM, TIME)
    filters = layer.pspFilter(4, 7, filterScale=2)
    assert filters.weight.shape == (4, 1, 1, 1, 7)
    x = trains(2, 3, 2, 2, 30)
    y = filters(x)
    assert y.shape == (2, 12, 2, 2, 30)
    for bank in range(4):
        kernel = filters.weight[bank].flatten().flip(0).tolist()
        for channel in range(3):
            expected = oracle.psp(x[1, channel, 0, 1].tolist(), kernel, 1.0)
            np.testing.assert_allclose(y[1, 3 * bank + channel, 0, 1].tolist(), expected, rtol=1e-4, atol=1e-5)
    y.sum().backward()
    assert filters.weight.grad.shape == filters.weight.shape


def test_images_are_repeated_in_every_step():
    image = torch.rand(2, 3, 4, 5)
    layer = SpikeLayer(SRM, TIME)
    assert torch.equal(layer.replicateInTime(image), image[..., None].repeat(1, 1, 1, 1, 30))
    assert torch.equal(layer.replicate_in_time(image[..., None]), layer.replicateInTime(image))


def test_loihis_weights_are_used_even_and_learn_as_if_not():
    layer = LoihiLayer(LOIHI, TIME)
    dense = layer.dense(3, 2)
    x = trains(1, 3, 1, 1, 5)
    rounded = 2 * torch.round(dense.weight.detach() / 2)
    torch.testing.assert_close(dense(x), functional.conv3d(x, rounded))
    dense(x).sum().backward()
    assert torch.equal(dense.weight.grad[0, :, 0, 0, 0], x.sum((0, 2, 3, 4)))
    free = layer.dense(3, 2, preHookFx=None)
    torch.testing.assert_close(free(x), functional.conv3d(x, free.weight))


def test_weights_are_rounded_straight_through():
    weights = torch.tensor([0.9, 1.1, -3.0, 5.0], requires_grad=True)
    quantize(weights, 2).backward(torch.arange(4.0))
    assert quantize(weights, 2).tolist() == [0, 2, -4, 4]
    assert weights.grad.tolist() == [0, 1, 2, 3]


def test_loihis_response_is_that_of_a_voltage_which_is_never_reset():
    # of a weight of 2: u = 128, 96, 72, 54, 40; v = 128, 124 + 96, 213 + 72, 276 + 54, 319 + 40
    neuron = {**LOIHI, "iDecay": 1024, "vDecay": 128, "wgtExp": 0}
    layer, spikes = LoihiLayer(neuron, {"Ts": 1, "tSample": 5}), torch.zeros(1, 1, 1, 1, 5)
    spikes[..., 1] = 1
    torch.testing.assert_close(layer.psp(spikes).flatten(), torch.tensor([0.0, 128, 220, 285, 330]) / 359)
    torch.testing.assert_close(layer.pspLayer()(spikes), layer.psp(spikes))


def test_loihis_pools_have_an_even_weight():
    kappa = oracle.kappa(1024, 128, 0, 30)
    assert float(LoihiLayer(LOIHI, TIME).pool(2).weight[0, 0, 0, 0, 0]) == 2 * round(1.1 * 5120 / max(kappa) / 2)


@pytest.mark.parametrize(("make", "neuron"), [(SpikeLayer, SRM), (LoihiLayer, LOIHI)])
def test_layers_from_one_dictionary_are_the_same_and_leave_it_alone(make, neuron):
    given_neuron, given_time = copy.deepcopy(neuron), dict(TIME)
    x = trains(2, 3, 1, 1, 30)
    results = []
    for _ in range(3):
        layer = make(given_neuron, given_time)
        torch.manual_seed(5)
        z = layer.dense(3, 4)(x)
        z.retain_grad()
        (layer.spike(layer.psp(z)) if make is SpikeLayer else layer.spike_loihi(z)).sum().backward()
        results.append(z.grad)
    assert results[0].abs().sum() > 0
    assert torch.equal(results[0], results[1])
    assert torch.equal(results[0], results[2])
    assert (given_neuron, given_time) == (neuron, TIME)


def test_saved_states_of_the_original_fit():
    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.slayer = snn.layer(SRM, TIME)
            self.conv1 = self.slayer.conv(2, 3, 5, padding=2)
            self.pool1 = self.slayer.pool(2)
            self.fc1 = self.slayer.dense((4, 4, 3), 10)

    state = {
        "slayer.srmKernel": torch.rand(1, 1, 1, 1, 29),
        "slayer.refKernel": torch.rand(9),
        "conv1.weight": torch.rand(3, 2, 5, 5, 1),
        "pool1.weight": torch.full((1, 1, 2, 2, 1), 11.0),
        "fc1.weight": torch.rand(10, 3, 4, 4, 1),
    }
    net = Net()
    net.load_state_dict(state)
    assert torch.equal(net.conv1.weight, state["conv1.weight"])
    assert "slayer.srmKernel" in state


def test_missing_and_foreign_keys_are_named():
    names = ("type", "tauSr", "scaleRef", "tauRho", "scaleRho")
    misspelt = {**{name: SRM[name] for name in names}, "thetta": 1}
    with pytest.raises(ValueError, match="neuron lacks tauRef, theta and has unknown thetta"):
        SpikeResponse.from_dictionary(misspelt)
    with pytest.raises(ValueError, match="type is 'LOIHI', and this layer's neurons are of type 'SRMALPHA'"):
        SpikeResponse.from_dictionary({**SRM, "type": "LOIHI"})
    with pytest.raises(ValueError, match="neuron has unknown tauSr"):
        CurrentBased.from_dictionary({**LOIHI, "tauSr": 1})
    with pytest.raises(ValueError, match="simulation lacks tSample"):
        Simulation.from_dictionary({"Ts": 1})
    assert Simulation.from_dictionary({"Ts": 0.5, "tSample": 7, "nSample": 3}) == Simulation(0.5, 14)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"current_decay": 4097}, "current_decay must be an integer from 0 to 4096, not 4097"),
        ({"voltage_decay": 0.5}, "voltage_decay must be an integer"),
        ({"voltage_decay": 2, "integer": False, "current_decay": 0}, "voltage_decay must be from 0 to 1"),
        ({"threshold": 0}, "threshold must be positive, not 0"),
        ({"threshold": 1.5}, "threshold must be an integer"),
        ({"refractory_steps": 0}, "refractory_steps must be positive"),
        ({"weight_exponent": -7}, "weight_exponent must be at least -6"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        CurrentBased(**{"threshold": 1, "current_decay": 1, "voltage_decay": 1, **changed})


def test_the_originals_names_are_there():
    made, loihi = SpikeLayer(SRM, TIME, fullRefKernel=True), LoihiLayer(LOIHI, TIME)
    assert len(made.refKernel) > len(SpikeLayer(SRM, TIME).refKernel)
    names = "psp pspLayer pspFilter replicateInTime dense conv pool convTranspose unpool dropout delayShift delay spike"
    assert all(hasattr(made, name) for name in names.split())
    assert all(hasattr(loihi, name) for name in ("spikeLoihi", "spikeLoihiFull", "getVoltage", "delayShift", "pool"))
    assert snn.spikeLayer is snn.layer is SpikeLayer
    assert snn.loihi is LoihiLayer
    assert snn.quantize is quantize


@pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch sees no CUDA device")
def test_networks_are_the_same_on_a_cuda_device():
    for make, neuron in ((SpikeLayer, SRM), (LoihiLayer, LOIHI)):
        results = []
        for device in ("cpu", "cuda"):
            torch.manual_seed(2)
            layer = make(neuron, TIME).to(device)
            net = torch.nn.Sequential(layer.conv(2, 4, 3, padding=1), layer.pool(2), layer.delay((4, 4, 4))).to(device)
            with torch.no_grad():
                net[0].weight.round_()
            z = net(trains(2, 2, 8, 8, 30).to(device))
            s = layer.spike(layer.psp(z)) if make is SpikeLayer else layer.spike_loihi(z)
            s.square().sum().backward()
            results.append((s.detach().cpu(), net[0].weight.grad.cpu()))
        assert torch.equal(results[0][0], results[1][0])
        torch.testing.assert_close(results[0][1], results[1][1], rtol=1e-4, atol=1e-4)
