"""The losses of potentials: how far the responses to output spikes are from those that are wanted.

Tensors have time as the first axis, and spikes are 1 high unless told otherwise. Shrestha and Orchard, "SLAYER: Spike
Layer Error Reassignment in Time", 2018.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from snn.errors import SettingsError
from torch import Tensor

Response: TypeAlias = Callable[[Tensor], Tensor]
"""A linear map along time, (time, sample, *shape) to the same shape: of spikes to potentials, or back."""


class _Linear(torch.autograd.Function):
    """A linear map whose gradient is the transpose that is given with it."""

    @staticmethod
    def forward(context: Any, spikes: Tensor, psp: Response, psp_transpose: Response) -> Tensor:
        context.psp_transpose = psp_transpose
        return psp(spikes)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return context.psp_transpose(gradient), None, None


def _potentials(spikes: Tensor, psp: Response, psp_transpose: Response | None) -> Tensor:
    """Return psp(spikes), whose gradient is ``psp_transpose``, or the map's own where that is None."""
    if psp_transpose is None:
        return psp(spikes)
    return _Linear.apply(spikes, psp, psp_transpose)  # type: ignore[no-untyped-call]


def spike_time_loss(
    spikes: Tensor,
    desired: Tensor,
    psp: Response,
    psp_transpose: Response | None = None,
    *,
    sampling_time: float = 1.0,
) -> Tensor:
    """Return E = 1/2 Ts sum e^2 with e = psp(spikes - desired); its gradient is Ts psp^T(e).

    Parameters
    ----------
    spikes, desired : Tensor, (time, sample, *shape)
    psp, psp_transpose : functions
        The response to spikes, and its transpose; None for the gradient that ``psp`` has itself.
    sampling_time : float
        Ts, ms.
    """
    error = _potentials(spikes - desired, psp, psp_transpose)
    return error.square().sum() * (sampling_time / 2)


def spike_count_loss(
    spikes: Tensor,
    wanted: Tensor,
    start: int,
    stop: int,
    psp: Response,
    psp_transpose: Response | None = None,
    *,
    scale: float = 1.0,
    sampling_time: float = 1.0,
    spike_height: float = 1.0,
) -> Tensor:
    """Return E = 1/2 Ts sum e^2 of the error e in the number of spikes from step ``start`` to before ``stop``.

    e = psp(spikes outside the region), plus, inside it, scale (count - wanted) / (stop - start). Spikes inside count as
    constants, but are given the gradient of all others, Ts psp^T(e): each is moved by the error that it is near to.

    Parameters
    ----------
    spikes : Tensor, (time, sample, *shape)
    wanted : Tensor, (sample, *shape)
        Number of spikes asked for in the region.
    psp, psp_transpose : functions
        The response to spikes, and its transpose; None for the gradient that ``psp`` has itself.
    sampling_time : float
        Ts, ms.
    spike_height : float
        The value of one spike.
    """
    if not 0 <= start < stop:
        raise SettingsError(f"the region of spikes, steps {start} to {stop}, holds none", hint="stop after the start")
    inside = spikes.detach()[start:stop]
    held = torch.zeros_like(spikes)
    held[start:stop] = inside
    constant = torch.zeros_like(held)
    constant[start:stop] = (inside.sum(0) / spike_height - wanted) * (scale / (stop - start))
    error = _potentials(spikes - held, psp, psp_transpose) + constant
    return error.square().sum() * (sampling_time / 2)


def number_of_spikes_loss(
    spikes: Tensor,
    labels: Tensor,
    true_count: float,
    false_count: float,
    start: int,
    stop: int,
    psp: Response,
    psp_transpose: Response | None = None,
    *,
    scale: float = 1.0,
    sampling_time: float = 1.0,
    spike_height: float = 1.0,
) -> Tensor:
    """Return the `spike_count_loss` that asks for ``true_count`` spikes of the true class, and else ``false_count``.

    Parameters
    ----------
    spikes : Tensor, (time, sample, class)
    labels : Tensor of int64, (sample,)
        The true classes.
    """
    wanted = torch.full_like(spikes[0], false_count, requires_grad=False)
    wanted.scatter_(1, labels.to(spikes.device)[:, None], true_count)
    return spike_count_loss(
        spikes,
        wanted,
        start,
        stop,
        psp,
        psp_transpose,
        scale=scale,
        sampling_time=sampling_time,
        spike_height=spike_height,
    )
