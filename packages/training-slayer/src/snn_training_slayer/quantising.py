"""Weights rounded to multiples of a step, while learning goes on as if they were not."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor


class QuantizeWeights(torch.autograd.Function):
    """Round to a multiple of ``step``, halves to even; the gradient passes unchanged (straight through)."""

    @staticmethod
    def forward(ctx: Any, weights: Tensor, step: float = 1) -> Tensor:  # noqa: ARG004  autograd's
        """Return ``round(weights / step) * step``."""
        return torch.round(weights / step) * step

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ARG004
        return gradients[0], None


def quantize(weights: Tensor, step: float = 1) -> Tensor:
    """Return the weights rounded to multiples of ``step``; the gradient passes unchanged.

    >>> quantize(torch.tensor([0.4, 2.9, -3.2]), step=2)
    tensor([ 0.,  2., -4.])
    """
    return cast("Tensor", QuantizeWeights.apply(weights, step))  # type: ignore[no-untyped-call]
