"""Response kernels, and what is made of them by sums over time."""

from __future__ import annotations

from math import e, exp

import torch
from torch import Tensor

from .neurons import CurrentBased, SpikeResponse

BLOCK = 256
"""Steps whose sums are one matrix product; longer recordings are done in blocks, so that the matrix stays small."""


def alpha_kernel(tau: float, dt: float, cut: float, steps: int, scale: float = 1.0) -> Tensor:
    """Return ``scale (t / tau) exp(1 - t / tau)`` for t = 0, dt, 2 dt, …, as float64 (length,).

    It ends before the first value after its peak whose magnitude is below ``cut``, or after ``steps`` values.
    """
    times = (k * dt / tau for k in range(alpha_length(tau, dt, cut, steps, scale)))
    return torch.tensor([scale * time * exp(1 - time) for time in times], dtype=torch.float64)


def alpha_length(tau: float, dt: float, cut: float, steps: int, scale: float = 1.0) -> int:
    """Return how many values `alpha_kernel` has."""
    for k in range(steps):
        time = k * dt / tau
        if time > 1 and abs(scale * time * exp(1 - time)) < cut:
            return k
    return steps


def alpha_recursion(tau: float, dt: float, scale: float = 1.0) -> tuple[float, float]:
    """Return (a, c) with which the alpha kernel is ``c k a**k``."""
    return exp(-dt / tau), scale * e * dt / tau


def response_kernel(neuron: SpikeResponse, dt: float, steps: int) -> Tensor:
    """Return the potential after a spike of weight 1 (eps), float64 (length,)."""
    return alpha_kernel(neuron.tau, dt, neuron.cut, steps)


def refractory_kernel(neuron: SpikeResponse, dt: float, steps: int) -> Tensor:
    """Return the potential after an own spike (nu), float64 (length,)."""
    scale = -neuron.scale_refractory * neuron.threshold
    return alpha_kernel(neuron.tau_refractory, dt, neuron.refractory_cut, steps, scale)


def integer_kernel(neuron: CurrentBased, steps: int) -> Tensor:
    """Return the potential of an integer neuron after an input of 1 (kappa), float64 (length,).

    It is half the response to 2, so that the rounding of the smallest values is Loihi's for even weights; it ends
    when the potential is 0, or after ``steps`` values.
    """
    current = voltage = 2 * int(neuron.gain)
    values: list[float] = []
    while voltage and len(values) < steps:
        values.append(voltage / 2)
        current = current * (4096 - int(neuron.current_decay)) >> 12
        voltage = (voltage * (4096 - int(neuron.voltage_decay)) >> 12) + current
    return torch.tensor(values, dtype=torch.float64)


def causal(x: Tensor, kernel: Tensor) -> Tensor:
    """Return ``sum_k kernel[k] x[t - k]``, (T, *any), differentiable in both; by matrix products.

    Parameters
    ----------
    x
        (T, *any)
    kernel
        (length,)
    """
    return _blocks(x, kernel, later=False)


def anticausal(x: Tensor, kernel: Tensor) -> Tensor:
    """Return ``sum_k kernel[k] x[t + k]``, the transpose of `causal`."""
    return _blocks(x, kernel, later=True)


def _blocks(x: Tensor, kernel: Tensor, later: bool) -> Tensor:
    steps, length = len(x), len(kernel)
    flat = x.reshape(steps, -1)
    rows = []
    for begin in range(0, steps, BLOCK):
        end = min(begin + BLOCK, steps)
        first, last = (begin, min(end + length - 1, steps)) if later else (max(begin - length + 1, 0), end)
        to, since = (torch.arange(*span, device=x.device) for span in ((begin, end), (first, last)))
        lag = since - to[:, None] if later else to[:, None] - since
        inside = (lag >= 0) & (lag < length)
        matrix = torch.where(inside, kernel[lag.clamp(0, length - 1)], kernel.new_zeros(()))
        rows.append(matrix @ flat[first:last])
    return torch.cat(rows).reshape(x.shape)
