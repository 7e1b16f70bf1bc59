"""The spiking network in PyTorch: a loop over the steps, or each layer on all steps at once and neurons in a loop."""

from __future__ import annotations

from collections.abc import Callable

import torch
from networks import Example
from snn.network import Array

from .torch_layers import Weights, tensor, weights

START = 0.5  # of the potentials
FOLDED_BYTES = 2**28  # of the largest layer in all steps; more samples are taken by turns


def make(example: Example, batch: int, steps: int, threads: int, *, folded: bool) -> object:
    """Integrate and fire with reset by subtraction; what the constant input gives the first layer is computed once."""
    torch.set_num_threads(threads)
    stages = weights(example, channels_last=True)
    x = tensor(example.batch(batch), channels_last=True)
    network = _folded if folded else _stepped
    run: Callable[[], Array] = torch.inference_mode()(lambda: network(stages, x, steps))
    run.rate = lambda: _rate(stages, x[: min(batch, 20)], steps)  # type: ignore[attr-defined]  # what is told beside
    return run


def _stepped(stages: list[Weights], x: torch.Tensor, steps: int) -> Array:
    constant = stages[0].apply(x)
    potentials = [torch.full_like(constant, START)]
    total: torch.Tensor | float = 0.0
    for _ in range(steps):
        z = constant
        for number, stage in enumerate(stages[:-1]):
            if number == len(potentials):
                potentials.append(torch.full_like(z, START))
            spikes = fire(potentials[number], z)
            z = stages[number + 1].apply(stage.pooled(spikes))
        total = total + z
    return total.numpy()  # type: ignore[union-attr]  # there is at least one step


def _folded(stages: list[Weights], x: torch.Tensor, steps: int) -> Array:
    largest = stages[0].apply(x[:1]).numel() * steps * 4
    part = max(1, FOLDED_BYTES // largest)
    return torch.cat([_folded_part(stages, x[start : start + part], steps) for start in range(0, len(x), part)]).numpy()


def _folded_part(stages: list[Weights], x: torch.Tensor, steps: int) -> torch.Tensor:
    z = stages[0].apply(x)
    constant = True
    for number, stage in enumerate(stages[:-1]):
        potential = torch.full_like(z if constant else z[: len(x)], START)
        each = [z] * steps if constant else list(z.split(len(x)))
        spikes = torch.cat([fire(potential, now) for now in each])
        z, constant = stages[number + 1].apply(stage.pooled(spikes)), False
    return z.reshape(steps, len(x), -1).sum(0)


def fire(potential: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """Add ``z`` to the potential, take 1 off where it has reached 1, and return 1 there and 0 elsewhere."""
    potential += z
    spikes = (potential >= 1).to(potential.dtype)
    potential -= spikes
    return spikes


@torch.inference_mode()
def _rate(stages: list[Weights], x: torch.Tensor, steps: int) -> float:
    """Return the spikes a neuron and step, in all layers of neurons together."""
    z, fired, neurons = [stages[0].apply(x)] * steps, 0.0, 0
    for number, stage in enumerate(stages[:-1]):
        potential, given = torch.full_like(z[0], START), []
        for now in z:
            spikes = fire(potential, now)
            fired += float(spikes.sum())
            given.append(stages[number + 1].apply(stage.pooled(spikes)))
        neurons += potential.numel()
        z = given
    return fired / neurons / steps
