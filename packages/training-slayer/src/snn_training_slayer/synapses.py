"""Weights, delays and dropout between neurons, on tensors (T, B, *shape): time first, all steps at once.

A layer of weights sees no time: steps and samples are one batch, and a dense layer is one matrix product. Weights keep
the 5-D shape of the original, ``(out, in, height, width, 1)``, so that its saved states fit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn import functional

Size = int | Sequence[int]
Hook = Callable[[Tensor], Tensor]
"""What weights pass before they are used, as `quantising.quantize`."""

POOL_GAIN = 1.1
"""Weight of a pool in thresholds: one spike in a window makes a spike, whatever the response loses in discrete time."""


def pair(size: Size) -> tuple[int, int]:
    """Return (height, width); one number is both, and the original gives a third, along time, which is left out."""
    if isinstance(size, int):
        return size, size
    height, width, *_ = size
    return height, width


def _folded(x: Tensor, transform: Callable[[Tensor], Tensor]) -> Tensor:
    """Do to (T, B, C, H, W) what is for (T * B, C, H, W)."""
    made = transform(x.flatten(0, 1))
    return made.reshape(*x.shape[:2], *made.shape[1:])


def _padded_to_windows(x: Tensor, kernel: Sequence[int], settings: dict[str, Any]) -> Tensor:
    """Append zeros below and to the right, so that every element is in a window."""
    missing = []
    for i in (1, 0):
        stride, padding, dilation = (settings[name][i] for name in ("stride", "padding", "dilation"))
        missing += [0, -(x.shape[i - 2] + 2 * padding - dilation * (kernel[i] - 1) - 1) % stride]
    return functional.pad(x, missing) if any(missing) else x


class Weights(torch.nn.Module):
    """Weights that may be learnt, uniform in ±scale / sqrt(inputs) in the beginning; ``hook`` is on their way."""

    def __init__(self, shape: Sequence[int], scale: float, hook: Hook | None) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.empty(*shape))
        torch.nn.init.kaiming_uniform_(self.weight, a=sqrt(5))
        with torch.no_grad():
            self.weight.mul_(scale)
        self.hook = hook

    def used(self) -> Tensor:
        """Return the weights as they are used, without the last axis."""
        return (self.weight if self.hook is None else self.hook(self.weight)).squeeze(-1)


class Dense(Weights):
    """All to all: (T, B, *any) of as many values as there are inputs, to (T, B, out).

    Inputs are a number or (width, height, channels).
    """

    def __init__(self, inputs: Size, outputs: int, scale: float = 10, hook: Hook | None = None) -> None:
        width, height, channels = (1, 1, inputs) if isinstance(inputs, int) else inputs
        super().__init__((outputs, channels, height, width, 1), scale, hook)

    def forward(self, x: Tensor) -> Tensor:
        """Return one matrix product over all steps and samples."""
        return functional.linear(x.flatten(2), self.used().flatten(1))


class Convolution(Weights):
    """(T, B, C, H, W) to (T, B, C', H', W')."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: Size,
        stride: Size = 1,
        padding: Size = 0,
        dilation: Size = 1,
        groups: int = 1,
        scale: float = 100,
        hook: Hook | None = None,
    ) -> None:
        super().__init__((outputs, inputs // groups, *pair(kernel), 1), scale, hook)
        self.settings: dict[str, Any] = {"stride": pair(stride), "padding": pair(padding), "dilation": pair(dilation)}
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        weight = self.used()
        return _folded(x, lambda x: functional.conv2d(x, weight, groups=self.groups, **self.settings))


class TransposedConvolution(Weights):
    """(T, B, C, H, W) to (T, B, C', H', W'), the transpose of a convolution; weights are (in, out, …)."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: Size,
        stride: Size = 1,
        padding: Size = 0,
        dilation: Size = 1,
        groups: int = 1,
        scale: float = 100,
        hook: Hook | None = None,
    ) -> None:
        super().__init__((inputs, outputs // groups, *pair(kernel), 1), scale, hook)
        self.settings: dict[str, Any] = {"stride": pair(stride), "padding": pair(padding), "dilation": pair(dilation)}
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        weight = self.used()
        return _folded(x, lambda x: functional.conv_transpose2d(x, weight, groups=self.groups, **self.settings))


class Pool(Weights):
    """Sums over windows, channel by channel, times a fixed weight; windows that reach over the edge count."""

    def __init__(
        self,
        weight: float,
        kernel: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
        hook: Hook | None = None,
    ) -> None:
        super().__init__((1, 1, *pair(kernel), 1), 1, hook)
        torch.nn.init.constant_(self.weight.requires_grad_(False), weight)
        step = pair(kernel if stride is None else stride)
        self.settings: dict[str, Any] = {"stride": step, "padding": pair(padding), "dilation": pair(dilation)}

    def forward(self, x: Tensor) -> Tensor:
        weight, channels = self.used(), x.shape[2]
        x = _padded_to_windows(x, weight.shape[2:], self.settings)
        pooled = functional.conv2d(x.flatten(0, 2)[:, None], weight, **self.settings)
        return pooled.reshape(*x.shape[:2], channels, *pooled.shape[2:])


class Unpool(Pool):
    """Every value to its whole window, channel by channel, times a fixed weight: the transpose of a pool."""

    def forward(self, x: Tensor) -> Tensor:
        spread = functional.conv_transpose2d(x.flatten(0, 2)[:, None], self.used(), **self.settings)
        return spread.reshape(*x.shape[:3], *spread.shape[2:])


class Dropout(torch.nn.Module):
    """Neurons silenced with probability ``p`` for a whole sample, the others scaled by 1 / (1 - p), in training."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        return x * functional.dropout(torch.ones_like(x[:1]), self.p) if self.training else x


class Delay(torch.nn.Module):
    """A delay for each neuron that is learnt, from 0 to ``dt`` in the beginning and never negative; (T, B, *shape)."""

    def __init__(self, shape: Sequence[int], dt: float = 1.0) -> None:
        super().__init__()
        self.delay = torch.nn.Parameter(torch.rand(*shape))
        self.dt = dt

    def forward(self, x: Tensor) -> Tensor:
        return delay_shift(x, _NotNegative.apply(self.delay), self.dt)  # type: ignore[no-untyped-call]

    def clamp_(self, most: float | None = None) -> None:
        """Bring the delays themselves back to 0 and more, and to ``most``; to be called after a step of learning."""
        with torch.no_grad():
            self.delay.clamp_(0, most)


def delay_shift(x: Tensor, delay: float | Tensor, dt: float = 1.0) -> Tensor:
    """Return ``x[t - int(delay / dt)]``, (T, B, *shape); what comes from outside of the recording is 0.

    The gradient by a delay is ``sum g[t] (y[t-1] - y[t])`` over steps and samples. Keeps y for it: 4 bytes per neuron
    and step, and nothing where no delay is learnt.

    Parameters
    ----------
    delay
        In the unit of ``dt``: one for all, or a tensor of one for all or for each neuron, *shape.
    """
    if isinstance(delay, Tensor) and delay.numel() > 1:
        delay = delay.reshape(x.shape[2:])
    return cast("Tensor", _DelayShift.apply(x, delay, dt))  # type: ignore[no-untyped-call]


def _shift(x: Tensor, delay: float | Tensor, dt: float) -> Tensor:
    steps = len(x)
    if not isinstance(delay, Tensor) or delay.numel() == 1:
        shift = int(float(delay) / dt)
        out = torch.zeros_like(x)
        if abs(shift) < steps:
            out[max(shift, 0) : steps + min(shift, 0)] = x[max(-shift, 0) : steps - max(shift, 0)]
        return out
    time = torch.arange(steps, device=x.device).reshape(-1, *[1] * (x.dim() - 1))
    source = time - torch.trunc(delay.detach() / dt).to(torch.int64)
    inside = (source >= 0) & (source < steps)
    return torch.gather(x, 0, source.clamp(0, steps - 1).expand(x.shape)) * inside


class _DelayShift(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, delay: float | Tensor, dt: float) -> Tensor:
        shifted = _shift(x, delay, dt)
        ctx.delay, ctx.dt = delay.detach() if isinstance(delay, Tensor) else delay, dt
        if ctx.needs_input_grad[1]:
            ctx.save_for_backward(shifted)
        return shifted

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        by_delay = None
        if ctx.needs_input_grad[1]:
            (y,) = ctx.saved_tensors
            falls = torch.cat((-y[:1], y[:-1] - y[1:]))
            by_delay = (gradients[0] * falls).sum((0, 1))
            by_delay = by_delay.sum().reshape(ctx.delay.shape) if ctx.delay.numel() == 1 else by_delay
        return _shift(gradients[0], -ctx.delay, ctx.dt), by_delay, None


class _NotNegative(torch.autograd.Function):
    """0 for what is negative; the gradient passes unchanged, so that a delay can come back from there."""

    @staticmethod
    def forward(ctx: Any, delay: Tensor) -> Tensor:  # noqa: ARG004  autograd's
        return delay.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:  # noqa: ARG004  autograd's
        return gradients[0]
