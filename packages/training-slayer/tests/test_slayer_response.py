import numpy as np
import pytest
import slayer_oracle as oracle
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from snn_training_slayer.kernels import refractory_kernel, response_kernel
from snn_training_slayer.neurons import SpikeResponse
from snn_training_slayer.response import least_rounded_to, psp, respond, spike

torch.set_num_threads(1)

DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch sees no CUDA device")),
]
WAYS = [False, True]

neurons = st.builds(
    SpikeResponse,
    threshold=st.floats(0.2, 20),
    tau=st.floats(0.5, 12),
    tau_refractory=st.floats(0.3, 8),
    scale_refractory=st.floats(0, 3),
    tau_surrogate=st.floats(0.05, 2),
    scale_surrogate=st.floats(0.1, 2),
    refractory_cut=st.sampled_from([0.01, 1e-4]),
)
NEURON = SpikeResponse(10, 4, 1, 2, 1, 1)


def spikes_of(seed, steps, *shape, rate=0.2):
    return (np.random.default_rng(seed).random((steps, *shape)) < rate).astype(np.float32)


def both(neuron, dt, steps):
    eps = oracle.alpha(neuron.tau, dt, neuron.cut, steps)
    scale = -neuron.scale_refractory * neuron.threshold
    return eps, oracle.alpha(neuron.tau_refractory, dt, neuron.refractory_cut, steps, scale)


@given(neurons, st.sampled_from([0.5, 1.0, 2.0]), st.integers(1, 90))
@settings(max_examples=50, deadline=None)
def test_kernels_are_the_equations(neuron, dt, steps):
    eps, nu = both(neuron, dt, steps)
    np.testing.assert_allclose(response_kernel(neuron, dt, steps), eps, rtol=1e-12)
    np.testing.assert_allclose(refractory_kernel(neuron, dt, steps), nu, rtol=1e-12)


@pytest.mark.parametrize("device", DEVICES)
@given(neuron=neurons, dt=st.sampled_from([0.5, 1.0, 2.0]), steps=st.integers(1, 80), longest=st.integers(1, 80))
@settings(max_examples=40, deadline=None)
def test_responses_are_sums_under_the_kernel(device, neuron, dt, steps, longest):
    weighted = np.random.default_rng(steps).normal(size=(steps, 2, 3)).astype(np.float32)
    eps = oracle.alpha(neuron.tau, dt, neuron.cut, longest)
    x = torch.tensor(weighted, device=device, requires_grad=True)
    a = psp(x, neuron, dt, longest=longest)
    assert a.dtype == torch.float32
    a.backward(x.detach())
    for place in np.ndindex(2, 3):
        one = [float(value) for value in weighted[(slice(None), *place)]]
        expected = oracle.psp([value / dt for value in one], eps, dt)
        np.testing.assert_allclose(a.detach().cpu().numpy()[(slice(None), *place)], expected, rtol=1e-5, atol=1e-5)
        back = oracle.psp_transposed([value / dt for value in one], eps, dt)
        np.testing.assert_allclose(x.grad.cpu().numpy()[(slice(None), *place)], back, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("device", DEVICES)
@given(neuron=neurons, dt=st.sampled_from([0.5, 1.0, 2.0]), steps=st.integers(1, 60), seed=st.integers(0, 99))
@settings(max_examples=50, deadline=None)
def test_spikes_and_their_gradient_are_the_equations(device, neuron, dt, steps, seed):
    draw = np.random.default_rng(seed)
    potential = draw.normal(0.5, 1, (steps, 4)).astype(np.float32) * np.float32(neuron.threshold)
    by_s = draw.normal(size=(steps, 4))
    _, nu = both(neuron, dt, steps)
    u = torch.tensor(potential, device=device, requires_grad=True)
    s = spike(u, neuron, dt)
    s.backward(torch.tensor(by_s, dtype=torch.float32, device=device) / dt)  # of spikes of height 1 / dt
    for i in range(4):
        spikes, seen = oracle.spike([float(x) for x in potential[:, i]], nu, neuron.threshold, dt)
        assert (s[:, i].cpu() / dt).tolist() == spikes
        rho = [oracle.density(x, neuron.threshold, neuron.tau_surrogate, neuron.scale_surrogate) for x in seen]
        np.testing.assert_allclose(u.grad[:, i].cpu(), by_s[:, i] * rho, rtol=1e-4, atol=1e-6 * max(rho))


@given(neuron=neurons, steps=st.integers(1, 120), width=st.sampled_from([1, 7, 1024, 1500]), longest=st.integers(1, 90))
@settings(max_examples=40, deadline=None)
def test_compiled_loops_give_the_same_bits(neuron, steps, width, longest):
    z = torch.from_numpy(np.random.default_rng(width).normal(0.3, 1, (steps, width)).astype(np.float32))
    z = z * neuron.threshold
    results = []
    for compiled in WAYS:
        mine = z.clone().requires_grad_()
        s = respond(mine, neuron, 1.0, longest=longest, compiled=compiled)
        (s * torch.linspace(-1, 1, width)).sum().backward()
        a = psp(z, neuron, 1.0, longest=longest, compiled=compiled)
        results.append((s.detach(), mine.grad, a, spike(a, neuron, 1.0, longest=longest, compiled=compiled)))
    plain, fast = results
    assert torch.equal(plain[0], fast[0])
    assert torch.equal(plain[2], fast[2])
    assert torch.equal(plain[3], fast[3])
    assert torch.equal(plain[3], plain[0])
    torch.testing.assert_close(plain[1], fast[1], rtol=1e-4, atol=1e-12 + 1e-5 * float(plain[1].abs().max()))


@pytest.mark.parametrize("compiled", WAYS)
@pytest.mark.parametrize("threshold", [0.1, 0.3, 1.0, 10.0])
@pytest.mark.parametrize("tau", [1.0, 3.0, 7.0, 10.0])
def test_a_potential_that_reaches_the_threshold_exactly_fires(compiled, threshold, tau):
    neuron = SpikeResponse(threshold, tau, 1, 2, 1, 1)
    z = torch.zeros(40, 1)
    z[3] = threshold
    s = respond(z, neuron, 1.0, compiled=compiled)
    assert s[:, 0].nonzero().reshape(-1).tolist() == [3 + tau]
    z[3] = float(np.nextafter(np.float32(threshold), np.float32(0)))
    assert respond(z, neuron, 1.0, compiled=compiled).sum() == 0


@given(st.floats(2.0**-130, 2.0**90, width=32))
def test_what_rounds_to_a_threshold_begins_where_it_is_said_to(level):
    least = least_rounded_to(level)
    assert np.float32(least) >= np.float32(level)
    assert np.float32(np.nextafter(least, -np.inf)) < np.float32(level)


@given(neuron=neurons, width=st.sampled_from([5, 30000]), longest=st.integers(1, 12))
@settings(max_examples=20, deadline=None)
def test_kernels_that_end_within_a_span_of_steps_give_the_same_bits(neuron, width, longest):
    z = torch.from_numpy(np.random.default_rng(longest).normal(0.3, 1, (15, width)).astype(np.float32))
    for function in (psp, spike, respond):
        plain, fast = (function(z * neuron.threshold, neuron, longest=longest, compiled=way) for way in WAYS)
        assert torch.equal(plain, fast)


@pytest.mark.parametrize("compiled", WAYS)
def test_a_network_of_responses_has_the_gradient_of_the_loops(compiled):
    z = spikes_of(4, 50, 3, rate=0.5) * np.float32(9)
    eps, nu = both(NEURON, 1.0, 50)
    mine = torch.tensor(z, requires_grad=True)
    out = respond(mine, NEURON, 1.0, compiled=compiled)
    weights = torch.linspace(-1, 2, 150).reshape(50, 3)
    (out * weights).sum().backward()
    for i in range(3):
        spikes, u = oracle.spike(oracle.psp(z[:, i].tolist(), eps, 1.0), nu, 10, 1.0)
        assert out[:, i].tolist() == spikes
        by_u = [float(weights[t, i]) * oracle.density(u[t], 10, 1, 1) for t in range(50)]
        np.testing.assert_allclose(mine.grad[:, i], oracle.psp_transposed(by_u, eps, 1.0), rtol=1e-4, atol=1e-6)


def test_responses_pass_gradcheck():
    x = torch.randn(20, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: psp(x, NEURON, 1.0, longest=9), x)
    assert torch.autograd.gradgradcheck(lambda x: psp(x, NEURON, 1.0), x)


def test_a_response_keeps_nothing_and_a_spike_four_bytes():
    kept = []
    z = torch.rand(10, 6, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.nbytes) or t, lambda t: t):
        psp(z, NEURON, 1.0)
        assert kept == []
        respond(z, NEURON, 1.0)
    assert kept == [10 * 6 * 4]


def test_compiled_loops_are_refused_where_they_cannot_run():
    with pytest.raises(ValueError, match="float32 on the CPU, not for torch"):
        psp(torch.zeros(3, 1, dtype=torch.float64), NEURON, 1.0, compiled=True)


def test_axes_in_any_order_in_memory_give_the_same():
    z = torch.from_numpy(spikes_of(1, 40, 2, 3) * np.float32(12))
    assert torch.equal(respond(z.transpose(0, 2).contiguous().transpose(0, 2), NEURON), respond(z, NEURON))
    u = psp(z, NEURON).transpose(0, 2).contiguous().transpose(0, 2)
    kept = u.clone()
    assert torch.equal(spike(u, NEURON), respond(z, NEURON))
    assert torch.equal(u, kept)
