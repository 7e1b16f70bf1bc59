from contextlib import suppress
from math import exp, log

import numpy as np
import pytest
import snn_training_slayer as slayer
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from snn.errors import DataError, SettingsError
from snn_training_slayer.kernels import anticausal, causal
from snn_training_slayer.losses import (
    Loss,
    number_of_spikes_loss,
    probability_of_spikes_loss,
    spike_count_loss,
    spike_time_loss,
)

ERROR = {"type": "NumSpikes", "tgtSpikeRegion": {"start": 1, "stop": 3}, "tgtSpikeCount": {True: 5, False: 1}}


SRM = {"type": "SRMALPHA", "theta": 10, "tauSr": 1.0, "tauRef": 1.0, "scaleRef": 2, "tauRho": 1, "scaleRho": 1}
LOIHI = {"type": "LOIHI", "vThMant": 80, "iDecay": 2048, "vDecay": 2048, "refDelay": 1, "wgtExp": 0}
LOIHI |= {"tauRho": 1, "scaleRho": 1}


def parameters(dt=1.0, steps=4, error=ERROR, **neuron):
    neuron = {**(LOIHI if neuron.get("type") == "LOIHI" else SRM), **neuron}
    return {"simulation": {"Ts": dt, "tSample": steps * dt}, "neuron": neuron, "training": {"error": error}}


def identity(spikes):
    return spikes


def psp_of(kernel, dt, s):
    """Return dt sum_k kernel[k] s[..., t - k], by a plain loop."""
    a = np.zeros_like(s)
    for t in range(s.shape[-1]):
        for k in range(min(t + 1, len(kernel))):
            a[..., t] += dt * kernel[k] * s[..., t - k]
    return a


def transposed_of(kernel, dt, a):
    return psp_of(kernel, dt, a[..., ::-1])[..., ::-1]


def eps(tau, dt):
    """Return the alpha kernel as the equation has it."""
    values = [k * dt / tau * exp(1 - k * dt / tau) for k in range(1000)]
    return values[: next(k for k, value in enumerate(values) if value < 0.01 and k * dt > tau)]


def random_spikes(seed, shape, dt):
    return (np.random.default_rng(seed).random(shape) < 0.3) / dt


def filtering(kernel):
    """Return the sum under a kernel of plain numbers, and its transpose."""
    kernel = torch.tensor(kernel, dtype=torch.float64)
    return lambda s: causal(s, kernel.to(s)), lambda a: anticausal(a, kernel.to(a))


def test_the_loss_of_spike_times_is_that_done_by_hand():
    loss = slayer.loss(parameters(steps=3))
    spikes = torch.zeros(1, 1, 1, 1, 3)
    spikes[..., 0] = 1
    expected = 0.5 * (1 + (2 * exp(-1)) ** 2)  # potentials 0, 1, 2/e
    assert loss.spikeTime(spikes, torch.zeros_like(spikes)).item() == pytest.approx(expected, rel=1e-6)
    assert loss.spikeTime(spikes, spikes).item() == 0


@pytest.mark.parametrize("dt", [0.5, 1.0, 2.0])
def test_spike_times_have_the_gradient_dt_psp_transposed_of_the_error(dt):
    shape, kernel = (2, 3, 2, 1, 20), eps(1.5, dt)
    spikes, desired = random_spikes(0, shape, dt), random_spikes(1, shape, dt)
    e = psp_of(kernel, dt, spikes - desired)
    out = torch.tensor(spikes, requires_grad=True)
    found = Loss(parameters(dt, 20, type="SRMALPHA", tauSr=1.5)).spike_time(out, torch.tensor(desired))
    assert found.item() == pytest.approx(0.5 * dt * (e**2).sum(), rel=1e-12)
    found.backward()
    np.testing.assert_allclose(out.grad, dt * transposed_of(kernel, dt, e), atol=1e-12)


def test_the_loss_of_numbers_is_that_done_by_hand():
    spikes = torch.tensor([1.0, 1, 1, 0]).reshape(4, 1, 1).requires_grad_()
    found = number_of_spikes_loss(spikes, torch.tensor([0]), 5, 1, 1, 3, identity, identity)
    assert found.item() == 0.5 * (1 + 1.5**2 + 1.5**2)  # two spikes of five, in two steps: -3/2 in each
    found.backward()
    assert spikes.grad.flatten().tolist() == [1, -1.5, -1.5, 0]


def test_spikes_outside_the_region_reach_into_it_and_are_told_apart_from_those_inside():
    spikes = torch.tensor([1.0, 1, 1, 0]).reshape(4, 1, 1).requires_grad_()
    delayed = filtering([0.0, 1.0])
    found = number_of_spikes_loss(spikes, torch.tensor([0]), 5, 1, 1, 3, *delayed)
    assert found.item() == 0.5 * (0.5**2 + 1.5**2)  # errors 0, 1 - 1.5, -1.5, 0
    found.backward()
    assert spikes.grad.flatten().tolist() == [-0.5, -1.5, 0, 0]


@pytest.mark.parametrize("dt", [0.5, 1.0])
def test_numbers_of_spikes_follow_the_equations(dt):
    shape, kernel, scale = (2, 3, 1, 1, 24), eps(1.5, dt), 0.7
    spikes = random_spikes(3, shape, dt)
    desired = np.zeros((2, 3, 1, 1, 1))
    desired[0, 1], desired[1, 2] = 1, 1
    a, b = 4, 16
    error = {"tgtSpikeRegion": {"start": a * dt, "stop": b * dt}, "tgtSpikeCount": {True: 6, False: 2}}
    outside = spikes.copy()
    outside[..., a:b] = 0
    e = psp_of(kernel, dt, outside)
    count = dt * spikes[..., a:b].sum(-1, keepdims=True)
    e[..., a:b] += (count - np.where(desired == 1, 6, 2)) / (b - a) * scale
    loss = Loss(parameters(dt, 24, error, type="SRMALPHA", tauSr=1.5))
    out = torch.tensor(spikes, requires_grad=True)
    found = loss.numSpikes(out, torch.tensor(desired), numSpikesScale=scale)
    assert found.item() == pytest.approx(0.5 * dt * (e**2).sum(), rel=1e-12)
    found.backward()
    np.testing.assert_allclose(out.grad, dt * transposed_of(kernel, dt, e), atol=1e-12)


def test_time_first_spikes_of_height_1_have_the_same_loss():
    spikes = torch.tensor(random_spikes(5, (4, 10, 1, 1, 30), 1.0))
    labels = torch.tensor([3, 0, 9, 3])
    desired = torch.nn.functional.one_hot(labels, 10).reshape(4, 10, 1, 1, 1)
    first = spikes.reshape(4, 10, 30).permute(2, 0, 1).contiguous()
    found = number_of_spikes_loss(first, labels, 5, 1, 1, 3, *filtering(eps(1.0, 1.0)))
    assert found.item() == pytest.approx(Loss(parameters(steps=30)).number_of_spikes(spikes, desired).item())


def test_a_response_has_its_own_gradient_where_none_is_given():
    psp, transposed = filtering([1.0, 0.5])
    ours, theirs = (torch.rand(6, 2, 3, dtype=torch.float64, generator=torch.manual_seed(0)) for _ in range(2))
    theirs = ours.clone()
    ours.requires_grad_()
    theirs.requires_grad_()
    spike_count_loss(ours, torch.ones(2, 3), 1, 4, psp, transposed).backward()
    spike_count_loss(theirs, torch.ones(2, 3), 1, 4, psp).backward()
    torch.testing.assert_close(ours.grad, theirs.grad)


def test_the_height_of_spikes_does_not_change_their_number():
    tall = torch.full((4, 1, 1), 2.0)
    found = spike_count_loss(tall, torch.tensor([[4.0]]), 0, 4, identity, sampling_time=0.5, spike_height=2.0)
    assert found.item() == 0


def test_the_loss_of_probabilities_is_that_done_by_hand():
    spikes = torch.zeros(1, 2, 1, 1, 2)
    spikes[0, 0] = 1
    loss = Loss(parameters(steps=2))
    # class 0 has two spikes, so p = q = 3/4, 1/4, and the gradient is 1/4 - (3/4)/3 = 1/4 - (1/4)/1 = 0
    out = spikes.clone().requires_grad_()
    found = loss.probSpikes(out, spikes, probSlidingWindow=2)
    assert found.item() == pytest.approx(-(0.75 * log(0.75) + 0.25 * log(0.25)))
    found.backward()
    assert out.grad.abs().max() < 1e-7
    # wanted is class 0 alone: 1/4 - 1/3, and 1/4
    out = spikes.clone().requires_grad_()
    found = loss.probability_of_spikes(out, torch.tensor([1.0, 0]).reshape(1, 2, 1, 1, 1), 2)
    assert found.item() == pytest.approx(-log(0.75))
    found.backward()
    torch.testing.assert_close(out.grad[0, :, 0, 0], torch.tensor([[-1 / 12] * 2, [1 / 4] * 2]))


@given(seed=st.integers(0, 99), window=st.integers(1, 9), dt=st.sampled_from([0.5, 1.0]))
@settings(deadline=None)
def test_probabilities_follow_the_equation_in_every_window(seed, window, dt):
    N, C, T = 2, 3, 6
    spikes, desired = random_spikes(seed, (N, C, T), dt), random_spikes(seed + 100, (N, C, T), dt)
    width = min(window, T)
    K = T - width + 1
    E, gradient = 0.0, np.zeros((N, C, T))
    for sample in range(N):
        for start in range(K):
            n = dt * spikes[sample, :, start : start + width].sum(1)
            d = dt * desired[sample, :, start : start + width].sum(1)
            q = (d + 1) / (d.sum() + C)
            E -= (q * np.log((n + 1) / (n.sum() + C))).sum() / K
            gradient[sample, :, start : start + width] += dt * (1 / (n.sum() + C) - q / (n + 1))[:, None] / K
    out = torch.tensor(spikes.reshape(N, C, 1, 1, T), requires_grad=True)
    wanted = torch.tensor(desired.reshape(N, C, 1, 1, T))
    found = Loss(parameters(dt, T)).probSpikes(out, wanted, window * dt)
    assert found.item() == pytest.approx(E, rel=1e-10)
    found.backward()
    np.testing.assert_allclose(out.grad.reshape(N, C, T), gradient, atol=1e-12)


def test_gradients_of_probabilities_are_those_of_finite_differences():
    torch.manual_seed(1)
    spikes = torch.rand(5, 2, 3, dtype=torch.float64, requires_grad=True)
    desired = torch.rand(5, 2, 3, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda s: probability_of_spikes_loss(s, desired, 3), spikes)


def test_a_layer_of_the_users_gives_the_response_and_cannot_change_the_parameters():
    class Doubling:
        def __init__(self, neuron, simulation):
            neuron["scaleRho"] = 0

        def psp(self, spikes):
            assert spikes.shape == (1, 1, 1, 1, 4)
            return 2 * spikes

    table = parameters(type="SRMALPHA", tauSr=1.0)
    spikes = torch.tensor([[[[[1.0, 0, 0, 0]]]]], requires_grad=True)
    loss = Loss(table, Doubling)
    found = loss.spike_time(spikes, torch.zeros_like(spikes))
    assert found.item() == 2
    found.backward()
    assert spikes.grad.flatten().tolist() == [4, 0, 0, 0]
    assert table["neuron"]["scaleRho"] == 1
    assert loss.neuron["scaleRho"] == 1


def test_loihi_neurons_have_their_own_response():
    # in halves, current 4, 2, 1, 0; voltage 4, 2 + 2, 2 + 1, 1 + 0, 0
    spikes = torch.zeros(1, 1, 1, 1, 6)
    spikes[..., 1] = 1
    table = parameters(1.0, 6, **{**LOIHI, "wgtExp": -5})
    for loss in (Loss(table), slayer.loss(table, slayer.loihi)):
        found = loss.spike_time(spikes, torch.zeros_like(spikes))
        assert found.item() == 0.5 * (1 + 1 + 0.75**2 + 0.25**2)


@pytest.mark.parametrize("dt", [0.5, 1.0])
def test_loihi_potentials_have_the_gradient_dt_psp_transposed_of_the_error(dt):
    # current 128, 64, 32, … shifted, as the chip has it, till the voltage is 0; over its peak
    current = voltage = 128
    kernel = []
    while voltage:
        kernel.append(voltage)
        current = current * 2048 >> 12
        voltage = (voltage * 3072 >> 12) + current
    kernel, shape = [value / max(kernel) for value in kernel], (2, 3, 2, 1, 40)
    spikes, desired = random_spikes(0, shape, dt), random_spikes(1, shape, dt)
    e = psp_of(kernel, dt, spikes - desired)
    out = torch.tensor(spikes, requires_grad=True)
    found = Loss(parameters(dt, 40, **{**LOIHI, "vDecay": 1024})).spike_time(out, torch.tensor(desired))
    assert found.item() == pytest.approx(0.5 * dt * (e**2).sum(), rel=1e-12)
    found.backward()
    np.testing.assert_allclose(out.grad, dt * transposed_of(kernel, dt, e), atol=1e-12)


def test_parameters_are_taken_from_a_file_too(tmp_path):
    (tmp_path / "network.yaml").write_text(
        "simulation: {Ts: 1, tSample: 4, nSample: 9}\n"
        "neuron: {type: SRMALPHA, theta: 10, tauSr: 1, tauRef: 1, scaleRef: 2, tauRho: 1, scaleRho: 1}\n"
        "training: {error: {tgtSpikeRegion: {start: 1, stop: 3}, tgtSpikeCount: {true: 5, 'false': 1}}}\n"
    )
    loss = slayer.spikeLoss(slayer.params(tmp_path / "network.yaml"))
    found = loss.numSpikes(torch.zeros(1, 1, 1, 1, 4), torch.ones(1, 1, 1, 1, 1))
    assert found.item() == 0.5 * 2 * 2.5**2
    assert list(loss.parameters()) == []  # nothing to train


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"neuron": {}}, "neuron lacks scaleRef, .*, theta, type"),
        ({"neuron": {**SRM, "tauSr": "1e-3"}}, "tauSr is '1e-3', not a number"),
        ({"neuron": {**SRM, "tauSr": -1}}, "tau must be positive"),
        ({"neuron": {**SRM, "tauS": 1}}, "neuron has unknown tauS"),
        ({"neuron": {**SRM, "type": "LIF"}}, "type is 'LIF'"),
        ({"neuron": {"type": "LOIHI"}}, "neuron lacks iDecay"),
        ({"neuron": {**LOIHI, "vDecay": 4097}}, "voltage_decay must be an integer from 0 to 4096"),
        ({"neuron": {**LOIHI, "wgtExp": -8}}, "wgtExp is -8"),
        ({"neuron": {**LOIHI, "wgtExp": 10**9}}, "wgtExp is 1000000000, .* at most 7"),
        ({"neuron": 3}, "no table neuron"),
        ({"simulation": {"Ts": 0, "tSample": 1}}, "Ts is 0"),
        ({"simulation": {"Ts": 1, "tSample": float("inf")}}, "tSample is inf"),
        ({"simulation": {"Ts": True, "tSample": 1}}, "Ts is True"),
        ({"training": None}, "no table training"),
        ({"training": {"error": {"tgtSpikeCount": {}}}}, "no table training: error: tgtSpikeRegion"),
        ({"training": {"error": {**ERROR, "tgtSpikeCount": {True: 5}}}}, "tgtSpikeCount: false is None"),
        ({"training": {"error": {**ERROR, "tgtSpikeRegion": {"start": 3, "stop": 3}}}}, "holds none"),
    ],
)
def test_parameters_that_are_missing_or_no_numbers_are_named(wrong, told):
    with pytest.raises(SettingsError, match=told):
        Loss({**parameters(), **wrong}).number_of_spikes(torch.zeros(1, 1, 1, 1, 4), torch.ones(1, 1, 1, 1, 1))


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.just(10**400)


@given(
    simulation=st.fixed_dictionaries({"Ts": VALUES | st.just(1), "tSample": VALUES | st.just(4)}),
    neuron=st.sampled_from([SRM, LOIHI]).flatmap(
        lambda neuron: st.fixed_dictionaries({name: st.just(value) | VALUES for name, value in neuron.items()})
    ),
    error=st.fixed_dictionaries({"tgtSpikeRegion": VALUES | st.just({"start": 0, "stop": 1}), "tgtSpikeCount": VALUES}),
    window=st.floats(),
)
@settings(deadline=None, max_examples=60)
def test_any_parameters_make_finite_losses_or_a_settings_error(simulation, neuron, error, window):
    table = {"simulation": simulation, "neuron": neuron, "training": {"error": error}}
    spikes = torch.zeros(1, 2, 1, 1, 4)
    try:
        loss = Loss(table)
        assert loss.spike_time(spikes, spikes).item() == 0
    except SettingsError as fault:
        assert fault.hint  # noqa: PT017
        return
    with suppress(SettingsError):
        loss.number_of_spikes(spikes, spikes[..., :1])
    with suppress(SettingsError):
        loss.probSpikes(spikes, spikes, window)


def test_the_response_is_that_of_the_layer():
    table, shape = parameters(0.5, 40, tauSr=2.0), (2, 3, 1, 1, 40)
    spikes = [torch.tensor(random_spikes(6, shape, 0.5)).float().requires_grad_() for _ in range(2)]
    for out, loss in zip(spikes, (Loss(table), Loss(table, slayer.SpikeLayer)), strict=True):
        loss.spike_time(out, torch.tensor(random_spikes(7, shape, 0.5)).float()).backward()
    torch.testing.assert_close(spikes[0].grad, spikes[1].grad)


def test_shapes_that_do_not_fit_are_told():
    loss = Loss(parameters())
    spikes = torch.zeros(2, 3, 1, 1, 4)
    with pytest.raises(DataError, match="five axes"):
        loss.spike_time(spikes[0], spikes[0])
    with pytest.raises(DataError, match="spike_desired has shape"):
        loss.spike_time(spikes, spikes[:1])
    with pytest.raises(DataError, match="desired_class has shape"):
        loss.number_of_spikes(spikes, spikes)
    with pytest.raises(DataError, match="spike_desired has shape"):
        loss.probability_of_spikes(spikes, spikes[..., :2])
    with pytest.raises(SettingsError, match="window"):
        loss.probability_of_spikes(spikes, spikes, 0.1)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_losses_are_those_of_the_cpu_on_a_gpu():
    loss, spikes = Loss(parameters()), torch.tensor(random_spikes(0, (2, 3, 1, 1, 4), 1.0)).float()
    desired = torch.eye(3)[:2].reshape(2, 3, 1, 1, 1)
    assert loss.numSpikes(spikes.cuda(), desired).item() == pytest.approx(loss.numSpikes(spikes, desired).item())


def test_losses_are_on_the_device_of_their_spikes():
    spikes = torch.zeros(2, 3, 1, 1, 4, device="meta")
    loss = Loss(parameters())
    desired = torch.zeros(2, 3, 1, 1, 1)
    for found in (
        loss.spike_time(spikes, torch.zeros(spikes.shape)),
        loss.number_of_spikes(spikes, desired),
        loss.probability_of_spikes(spikes, torch.zeros(spikes.shape)),
        spike_time_loss(spikes.movedim(-1, 0), spikes.movedim(-1, 0), identity),
        number_of_spikes_loss(spikes[:, :, 0, 0].movedim(-1, 0), torch.tensor([0, 1]), 5, 1, 1, 3, identity),
    ):
        assert found.device.type == "meta"
