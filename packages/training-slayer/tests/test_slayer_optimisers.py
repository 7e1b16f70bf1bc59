import copy
from math import sqrt

import pytest
import snn_training_slayer as slayer
import torch
from hypothesis import given
from hypothesis import strategies as st
from snn.errors import SettingsError
from snn_training_slayer.optimisers import Nadam


def test_the_first_step_is_that_done_by_hand():
    weight = torch.tensor([1.0], dtype=torch.float64, requires_grad=True)
    weight.grad = torch.tensor([2.0], dtype=torch.float64)
    Nadam([weight], lr=0.1, betas=(0.5, 0.75), eps=0).step()
    # m = 1, v = 1; lr sqrt(0.25) / 0.5 (0.5 1 + 0.5 2) / 1
    assert weight.item() == pytest.approx(1 - 0.1 * 0.5 / 0.5 * 1.5, rel=1e-15)


@given(
    gradients=st.lists(st.floats(-10, 10), min_size=1, max_size=12),
    b1=st.sampled_from([0.0, 0.5, 0.9]),
    b2=st.sampled_from([0.5, 0.99, 0.999]),
    decay=st.sampled_from([0.0, 0.1]),
    amsgrad=st.booleans(),
)
def test_steps_are_those_of_a_plain_loop(gradients, b1, b2, decay, amsgrad):
    weight = torch.tensor(1.5, dtype=torch.float64, requires_grad=True)
    optimiser = slayer.utils.optim.Nadam([weight], 0.01, (b1, b2), 1e-8, decay, amsgrad)
    p, m, v, largest = 1.5, 0.0, 0.0, 0.0
    for t, given_gradient in enumerate(gradients, 1):
        weight.grad = torch.tensor(given_gradient, dtype=torch.float64)
        optimiser.step()
        g = given_gradient + decay * p
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g * g
        largest = max(largest, v)
        p -= 0.01 * sqrt(1 - b2**t) / (1 - b1**t) * (b1 * m + (1 - b1) * g) / (sqrt(largest if amsgrad else v) + 1e-8)
    assert weight.item() == pytest.approx(p, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("amsgrad", [False, True])
def test_training_resumes_bit_for_bit(tmp_path, amsgrad):
    def train(weight, optimiser, steps):
        for step in steps:
            optimiser.zero_grad()
            (weight - step).pow(2).sum().backward()
            optimiser.step()

    torch.manual_seed(0)
    weight = torch.randn(5, requires_grad=True)
    optimiser = Nadam([weight], lr=0.03, amsgrad=amsgrad)
    train(weight, optimiser, range(5))
    torch.save(optimiser.state_dict(), tmp_path / "state")
    copied = weight.detach().clone().requires_grad_()
    resumed = Nadam([copied], lr=1.0)
    resumed.load_state_dict(torch.load(tmp_path / "state"))
    train(weight, optimiser, range(5, 10))
    train(copied, resumed, range(5, 10))
    assert torch.equal(weight, copied)


def test_parameters_without_a_gradient_stay_and_groups_have_their_own_rates():
    still, slow, fast = (torch.ones(1, requires_grad=True) for _ in range(3))
    optimiser = Nadam([{"params": [still, slow], "lr": 0.01}, {"params": [fast]}], lr=0.1)
    slow.grad, fast.grad = torch.ones(1), torch.ones(1)
    optimiser.step()
    assert still.item() == 1
    assert (1 - fast.item()) / (1 - slow.item()) == pytest.approx(10, rel=1e-4)


def test_a_closure_gives_gradients_and_the_loss():
    weight = torch.ones(1, requires_grad=True)

    def closure():
        loss = (weight * 3).sum()
        loss.backward()
        return loss

    assert Nadam([weight]).step(closure).item() == 3
    assert weight.item() < 1


def test_an_optimiser_can_be_copied():
    weight = torch.ones(1, requires_grad=True)
    weight.grad = torch.ones(1)
    optimiser = Nadam([weight])
    optimiser.step()
    assert copy.deepcopy(optimiser).state_dict()["state"][0]["step"] == 1


@pytest.mark.parametrize(
    "settings",
    [{"lr": -1}, {"lr": float("nan")}, {"eps": -1}, {"betas": (1, 0)}, {"betas": (0.9,)}, {"weight_decay": -1}],
)
def test_settings_out_of_range_are_told(settings):
    with pytest.raises(SettingsError, match=next(iter(settings))):
        Nadam([torch.ones(1, requires_grad=True)], **settings)


def test_sparse_gradients_are_told():
    weight = torch.ones(2, requires_grad=True)
    weight.grad = torch.ones(2).to_sparse()
    with pytest.raises(SettingsError, match="sparse"):
        Nadam([weight]).step()
