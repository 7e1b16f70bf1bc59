import numpy as np
import pytest
import slayer_oracle as oracle
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from snn_training_slayer.current_based import fire, fire_full
from snn_training_slayer.kernels import integer_kernel
from snn_training_slayer.neurons import CurrentBased

torch.set_num_threads(1)

DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch sees no CUDA device")),
]
WAYS = [False, True]

decays = st.one_of(st.integers(0, 4096), st.sampled_from([0, 1, 128, 1024, 4096]))
integers = st.builds(
    CurrentBased,
    threshold=st.integers(1, 5000),
    current_decay=decays,
    voltage_decay=decays,
    refractory_steps=st.sampled_from([1, 1, 2, 5]),
    weight_exponent=st.integers(-6, 4),
    tau_surrogate=st.floats(0.05, 3),
    scale_surrogate=st.floats(0.1, 2),
)
eighths = st.integers(0, 8).map(lambda n: n / 8)
floats = st.builds(
    CurrentBased,
    threshold=st.integers(1, 40).map(lambda n: n / 8),
    current_decay=st.sampled_from([0.5, 1.0, 0.25]),
    voltage_decay=st.sampled_from([0.0, 0.5, 1.0]),
    refractory_steps=st.sampled_from([1, 1, 3]),
    tau_surrogate=st.floats(0.1, 3),
    scale_surrogate=st.floats(0.1, 2),
    integer=st.just(False),
)


def settings_of(neuron):
    names = ("threshold", "current_decay", "voltage_decay", "refractory_steps", "weight_exponent")
    return [getattr(neuron, name) for name in names]


def loihi(z, neuron):
    return oracle.loihi(z, *settings_of(neuron))


def density(v, neuron):
    return oracle.density(v, neuron.level, neuron.tau_surrogate, neuron.scale_surrogate)


@pytest.mark.parametrize("device", DEVICES)
@given(neuron=integers, steps=st.integers(1, 50), size=st.sampled_from([1, 50, 3000, 10**6]), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_integer_dynamics_are_loihis(device, neuron, steps, size, seed):
    z = np.random.default_rng(seed).normal(0, size, (steps, 3)).astype(np.float32)
    given_z = torch.tensor(z, device=device)
    traces = fire_full(given_z, neuron)
    for i in range(3):
        spikes, current, voltage = loihi([float(x) for x in z[:, i]], neuron)
        assert traces.spikes[:, i].tolist() == spikes
        assert traces.current[:, i].tolist() == current
        assert traces.voltage[:, i].tolist() == voltage
    for compiled in WAYS if device == "cpu" else [False]:
        assert torch.equal(fire(given_z, neuron, compiled=compiled), traces.spikes)


@pytest.mark.parametrize("compiled", WAYS)
@pytest.mark.parametrize("weight", [2**13, 2**17 + 1, 2**24 + 2, 2**34, 2**37])
def test_states_beyond_any_32_bits_are_exact(compiled, weight):
    neuron = CurrentBased(2**41 // 64, 1, 3, 1, 0)
    z = np.random.default_rng(1).choice([-1.0, 0, 0, 1.7], (60, 5)).astype(np.float32) * np.float32(weight)
    s = fire(torch.from_numpy(z), neuron, compiled=compiled)
    traces = fire_full(torch.from_numpy(z), neuron)
    largest = 0
    for i in range(5):
        spikes, current, voltage = loihi([float(x) for x in z[:, i]], neuron)
        largest = max(largest, *map(abs, current))
        assert s[:, i].tolist() == spikes
        assert traces.current[:, i].tolist() == current
        assert traces.voltage[:, i].tolist() == voltage
    assert largest > 2**19


@pytest.mark.parametrize("compiled", WAYS)
@pytest.mark.parametrize("exponent", [-6, 0, 6])
@pytest.mark.parametrize("size", [2**24 - 1, 2**24, 2**24 + 2, 2**31 - 2**7, 2**31, 2**32])
def test_states_at_the_edges_of_number_types_are_exact(compiled, exponent, size):
    for decay, sign in ((4096, 1), (4096, -1), (4095, 1), (1, -1), (0, 1)):
        neuron = CurrentBased(2**17, decay, 4096, 1, exponent)
        z = np.zeros((6, 3), np.float32)
        z[1:5] = np.array([1, -1, 0.5], np.float32) * np.float32(sign * size / neuron.gain)
        s = fire(torch.from_numpy(z), neuron, compiled=compiled)
        for i in range(3):
            assert s[:, i].tolist() == loihi([float(x) for x in z[:, i]], neuron)[0]


@pytest.mark.parametrize("compiled", WAYS)
@pytest.mark.parametrize("threshold", [2**18 - 1, 2**18, 2**18 + 1, 2**25])
def test_thresholds_around_what_float32_holds_are_compared_exactly(compiled, threshold):
    neuron = CurrentBased(threshold, 4096, 4095, 1, -6)
    level = 64 * threshold
    # the voltage after the second input is the level, one below and one above
    z = torch.zeros(4, 3)
    z[1], z[2] = 4096.0 * 5, torch.tensor([float(level // 2)] * 3)
    z[3] = torch.tensor([level, level - 64, level + 64]) - torch.tensor(float(level // 2) // 4096)
    s = fire(z, neuron, compiled=compiled)
    for i in range(3):
        assert s[:, i].tolist() == loihi([float(x) for x in z[:, i]], neuron)[0]
    one = CurrentBased(threshold, 4096, 0, 1, -6)
    z = torch.zeros(3, 2)
    z[1], z[2] = float(level), torch.tensor([0.0, 1.0])
    assert fire(z, one, compiled=compiled).tolist() == [[0, 0], [0, 0], [0, 1]]


@pytest.mark.parametrize("compiled", WAYS)
def test_negative_zero_and_fractions_are_zero_to_integer_neurons(compiled):
    neuron = CurrentBased(1, 1, 1, 1, 0)
    z = torch.tensor([-0.0, -0.0, -0.9, 0.9, 1.9])[:, None].requires_grad_()
    s = fire(z, neuron, compiled=compiled)
    assert s.tolist() == [[0]] * 5
    assert not s.signbit().any()
    s.sum().backward()
    assert z.grad.isfinite().all()


@pytest.mark.parametrize("compiled", WAYS)
@pytest.mark.parametrize("value", [torch.inf, -torch.inf, torch.nan])
def test_integer_neurons_refuse_what_is_not_finite(compiled, value):
    z = torch.zeros(30, 9)
    z[17, 5] = value
    with pytest.raises(ValueError, match="not finite"):
        fire(z, CurrentBased(1, 1, 1), compiled=compiled)


@pytest.mark.parametrize("compiled", WAYS)
def test_silence_stays_silent_whatever_the_gain(compiled):
    assert fire(torch.zeros(4, 2), CurrentBased(1, 1, 1, 1, 40), compiled=compiled).sum() == 0


@pytest.mark.parametrize("compiled", WAYS)
def test_inputs_can_be_passed_backward_twice(compiled):
    for neuron in (CurrentBased(80, 1024, 128), CurrentBased(1, 0.25, 0.03, integer=False)):
        z = (torch.randn(20, 300) * neuron.level / neuron.gain).requires_grad_()
        s = fire(z, neuron, gradient="recursion", compiled=compiled)
        first, second = (torch.autograd.grad(s.sum(), z, retain_graph=True)[0] for _ in range(2))
        assert torch.equal(first, second)


@given(neuron=floats, steps=st.integers(1, 14), seed=st.integers(0, 999))
@settings(max_examples=60, deadline=None)
def test_floating_point_dynamics_are_the_equations_and_ties_fire(neuron, steps, seed):
    z = np.random.default_rng(seed).integers(-8, 24, (steps, 3)) / np.float32(8)
    given_z = torch.tensor(z, dtype=torch.float32)
    traces = fire_full(given_z, neuron)
    for i in range(3):
        names = ("threshold", "current_decay", "voltage_decay", "refractory_steps")
        spikes, seen = oracle.cuba(z[:, i].tolist(), *(getattr(neuron, name) for name in names))
        assert traces.spikes[:, i].tolist() == spikes
        np.testing.assert_allclose(traces.voltage[:, i], seen, rtol=1e-5, atol=1e-5)
    for compiled in WAYS:
        assert torch.equal(fire(given_z, neuron, compiled=compiled), traces.spikes)


@pytest.mark.parametrize("compiled", WAYS)
def test_loihis_threshold_must_be_exceeded_and_others_be_reached(compiled):
    assert fire(torch.full((3, 1), 5.0), CurrentBased(5, 4096, 4096), compiled=compiled).sum() == 0
    assert fire(torch.full((3, 1), 6.0), CurrentBased(5, 4096, 4096), compiled=compiled).tolist() == [[0], [1], [1]]
    assert fire(torch.full((3, 1), 5.0), CurrentBased(5, 1, 1, integer=False), compiled=compiled).sum() == 3
    odd = CurrentBased(0.3, 1, 1, integer=False)
    assert fire(torch.full((3, 1), 0.3), odd, compiled=compiled).sum() == 3


@given(st.one_of(integers, floats), st.integers(1, 60), st.sampled_from([1, 1023, 1100]), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_compiled_loops_fire_the_same_and_their_gradient_is_the_same(neuron, steps, width, seed):
    z = np.random.default_rng(seed).normal(0.5, 1, (steps, width)) * neuron.level / neuron.gain
    for kind in ("recursion", "kernel") if neuron.integer else ("recursion",):
        results = []
        for compiled in WAYS:
            mine = torch.tensor(z, dtype=torch.float32, requires_grad=True)
            s = fire(mine, neuron, gradient=kind, compiled=compiled)
            (s * torch.linspace(-1, 1, width)).sum().backward()
            results.append((s.detach(), mine.grad))
        assert torch.equal(results[0][0], results[1][0])
        most = float(results[0][1].abs().max())
        torch.testing.assert_close(results[0][1], results[1][1], rtol=1e-4, atol=1e-5 * most)


@pytest.mark.parametrize("compiled", WAYS)
@given(neuron=integers, steps=st.integers(1, 40), seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_integer_gradients_are_the_equations(compiled, neuron, steps, seed):
    draw = np.random.default_rng(seed)
    z = (draw.normal(0.3, 1, (steps, 2)) * 1.5 * neuron.level / neuron.gain).astype(np.float32)
    by_s = draw.normal(size=(steps, 2))
    kernel = oracle.kappa(neuron.current_decay, neuron.voltage_decay, neuron.weight_exponent, steps)
    np.testing.assert_array_equal(integer_kernel(neuron, steps), kernel)
    kept = [(4096 - decay) / 4096 for decay in (neuron.current_decay, neuron.voltage_decay)]
    for kind in ("kernel", "recursion"):
        mine = torch.tensor(z, requires_grad=True)
        fire(mine, neuron, gradient=kind, compiled=compiled).backward(torch.tensor(by_s, dtype=torch.float32))
        for i in range(2):
            _, _, voltage = loihi(z[:, i].tolist(), neuron)
            by_v = [by_s[t, i] * density(voltage[t], neuron) / max(kernel) for t in range(steps)]
            if kind == "kernel":
                expected = oracle.psp_transposed(by_v, kernel, 1.0)
            else:
                expected = oracle.leaks_transposed(by_v, *kept, neuron.gain, 1)
            scale = max(1e-30, *np.abs(expected))
            np.testing.assert_allclose(mine.grad[:, i], expected, rtol=1e-4, atol=1e-4 * scale)


@pytest.mark.parametrize("compiled", WAYS)
@given(neuron=floats, steps=st.integers(1, 14), seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_floating_point_gradients_are_the_equations(compiled, neuron, steps, seed):
    draw = np.random.default_rng(seed)
    z = draw.integers(-8, 24, steps) / np.float32(8)
    by_s = draw.normal(size=steps)
    mine = torch.tensor(z, dtype=torch.float32, requires_grad=True)
    fire(mine, neuron, compiled=compiled).backward(torch.tensor(by_s, dtype=torch.float32))
    names = ("threshold", "current_decay", "voltage_decay", "refractory_steps")
    _, seen = oracle.cuba(z.tolist(), *(getattr(neuron, name) for name in names))
    by_v = [by_s[t] * density(seen[t], neuron) for t in range(steps)]
    expected = oracle.leaks_transposed(by_v, 1 - neuron.current_decay, 1 - neuron.voltage_decay, 1, 0)
    np.testing.assert_allclose(mine.grad, expected, rtol=1e-4, atol=1e-30 + 1e-4 * max(np.abs(expected)))


def test_long_recordings_have_the_correlation_in_blocks():
    neuron = CurrentBased(80, 1024, 20, 1, 0)
    z = np.random.default_rng(0).normal(0, 60, 700).astype(np.float32)
    kernel = oracle.kappa(1024, 20, 0, 300)
    mine = torch.tensor(z, requires_grad=True)
    fire(mine, neuron, longest=300).sum().backward()
    _, _, voltage = loihi(z.tolist(), neuron)
    by_v = [density(v, neuron) / max(kernel) for v in voltage]
    np.testing.assert_allclose(mine.grad, oracle.psp_transposed(by_v, kernel, 1.0), rtol=1e-4, atol=1e-7)


def test_gradients_of_both_kinds_are_nearly_the_same():
    z = torch.randn(100, 20) * 60
    gradients = []
    for kind in ("kernel", "recursion"):
        mine = z.clone().requires_grad_()
        fire(mine, CurrentBased(80, 1024, 128), gradient=kind).sum().backward()
        gradients.append(mine.grad[1:])
    torch.testing.assert_close(*gradients, rtol=0.1, atol=0.05 * float(gradients[0].abs().max()))


def test_firing_keeps_four_bytes_per_neuron_and_step():
    for neuron in (CurrentBased(80, 1024, 128), CurrentBased(1, 0.1, 0.1, integer=False)):
        kept = []
        with torch.autograd.graph.saved_tensors_hooks(lambda t, kept=kept: kept.append(t.nbytes) or t, lambda t: t):
            fire(torch.rand(10, 6, requires_grad=True), neuron)
        assert kept == [10 * 6 * 4]


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="for integer neurons"):
        fire(torch.zeros(3, 1), CurrentBased(1, 0.1, 0.1, integer=False), gradient="kernel")
    with pytest.raises(ValueError, match="'kernel' or 'recursion', not 'exact'"):
        fire(torch.zeros(3, 1), CurrentBased(1, 1, 1), gradient="exact")
    with pytest.raises(ValueError, match="not finite"):
        fire(torch.full((3, 1), torch.inf), CurrentBased(1, 1, 1))
