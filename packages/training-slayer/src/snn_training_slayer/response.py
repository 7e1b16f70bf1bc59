"""Neurons of the spike response model on tensors (T, *any), time first, with spikes of height 1.

A sum under an alpha kernel ``factor k a**k`` that is cut after ``length`` values is taken exactly by a recursion of two
states, with ``x[t - length]`` leaving them again. States are float64 and potentials are rounded to float32 before they
are compared, so that a result is the same in whatever order the sums are made, and a potential that should be the
threshold is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from math import e, log2
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .kernels import alpha_length, alpha_recursion
from .neurons import SpikeResponse

CACHED = 2**17
"""Values that several operations are done to, one after the other, before the next come."""


@dataclass(frozen=True)
class _Alpha:
    """The kernel ``factor k kept**k``, k < length."""

    kept: float
    factor: float
    length: int

    @classmethod
    def of(cls, tau: float, dt: float, cut: float, steps: int, scale: float = 1.0) -> _Alpha:
        return cls(*alpha_recursion(tau, dt, scale), alpha_length(tau, dt, cut, steps, scale))

    @property
    def arguments(self) -> tuple[float, float, int, float, float]:
        """What the compiled loops take, with what is left of a value that leaves the kernel."""
        gone = self.kept**self.length
        return self.kept, self.factor, self.length, gone, self.length * gone


LOG2_E = log2(e)


def psp(
    x: Tensor, neuron: SpikeResponse, dt: float = 1.0, *, longest: int | None = None, compiled: bool | None = None
) -> Tensor:
    """Return the response ``sum_k eps[k] x[t - k]``, (T, *any), of the type of ``x``.

    Keeps nothing for the backward pass.

    Parameters
    ----------
    x
        (T, *any), spikes of height 1, or what weights make of them; float32 or float64.
    dt
        Step in milliseconds.
    longest
        Most steps of the kernel; none is as many as ``x`` has.
    compiled
        Whether numba's loops are used; none is where they can be.
    """
    kernel = _Alpha.of(neuron.tau, dt, neuron.cut, longest or len(x))
    return _call(_Psp, x, kernel, compiles(x, compiled))


def spike(
    u: Tensor, neuron: SpikeResponse, dt: float = 1.0, *, longest: int | None = None, compiled: bool | None = None
) -> Tensor:
    """Return the spikes, 1 or 0, of neurons with the potential ``u`` (T, *any) but for what their own spikes add.

    The gradient is ``dt`` times the surrogate, so that it is that of spikes of height 1/dt and responses times dt. It
    keeps the potential for the backward pass: 4 bytes per neuron and step.
    """
    return _call(_Spike, u, neuron, dt, _refractory(neuron, dt, longest or len(u)), compiles(u, compiled))


def respond(
    z: Tensor, neuron: SpikeResponse, dt: float = 1.0, *, longest: int | None = None, compiled: bool | None = None
) -> Tensor:
    """Return ``spike(psp(z))`` in one, with the same bits; keeps 4 bytes per neuron and step."""
    steps = longest or len(z)
    kernel = _Alpha.of(neuron.tau, dt, neuron.cut, steps)
    return _call(_Respond, z, neuron, dt, kernel, _refractory(neuron, dt, steps), compiles(z, compiled))


def compiles(x: Tensor, compiled: bool | None) -> bool:
    """Return whether compiled loops are to be used on ``x``: where they can be, unless it is decided."""
    possible = x.device.type == "cpu" and x.dtype == torch.float32
    if compiled and not possible:
        raise ValueError(f"compiled loops are for float32 on the CPU, not for {x.dtype} on {x.device}")
    return (possible and _numba_is_there()) if compiled is None else compiled


@cache
def _numba_is_there() -> bool:
    return find_spec("numba") is not None


def rows(x: Tensor) -> Tensor:
    """Return ``x`` (T, *any) as (T, N), contiguous."""
    return x.detach().reshape(len(x), -1).contiguous()


def parts(x: Tensor) -> list[slice]:
    """Return slices of the steps of ``x`` (T, N); each stays in a cache while several things are done to it."""
    steps = max(1, CACHED // max(1, x[:1].numel()))
    return [slice(begin, min(begin + steps, len(x))) for begin in range(0, len(x), steps)]


def scalars(x: Tensor, *values: float) -> Iterator[Tensor]:
    """Yield numbers as tensors of the type of ``x``: PyTorch takes longer to make one of a number than to use it."""
    return iter(torch.tensor(values, dtype=x.dtype, device=x.device).unbind())


def _refractory(neuron: SpikeResponse, dt: float, steps: int) -> _Alpha:
    scale = -neuron.scale_refractory * neuron.threshold
    return _Alpha.of(neuron.tau_refractory, dt, neuron.refractory_cut, steps, scale)


def _call(function: type[torch.autograd.Function], *arguments: object) -> Tensor:
    return cast("Tensor", function.apply(*arguments))  # type: ignore[no-untyped-call]


def _alpha_sum(x: Tensor, kernel: _Alpha, compiled: bool, later: bool = False) -> Tensor:
    """Return the sum under the kernel over the past, or over what is later."""
    flat = rows(x)
    out = torch.empty_like(flat)
    if compiled:
        from .compiled import alpha_sum  # noqa: PLC0415  brings numba

        alpha_sum(flat.numpy(), out.numpy(), *kernel.arguments, later)
        return out.reshape(x.shape)
    with torch.inference_mode():
        _alpha_sum_plain(flat, out, kernel, later)
    return out.reshape(x.shape)


def _spans(x: Tensor, length: int, most: int) -> Iterator[tuple[int, int]]:
    """Yield first and last + 1 of at most ``most`` steps that fit in a cache, before or after ``length`` of them."""
    size = min(most, max(1, CACHED // 4 // max(1, x[:1].numel())))
    for begin, end in ((0, min(length, len(x))), (length, len(x))):
        yield from ((first, min(first + size, end)) for first in range(begin, end, size))


def _at(first: int, last: int, steps: int, later: bool) -> slice:
    """Return where steps are, which are counted from the end if what is ``later`` comes first."""
    return slice(steps - last, steps - first) if later else slice(first, last)


def _alpha_sum_plain(x: Tensor, out: Tensor, kernel: _Alpha, later: bool) -> None:
    """Write the sum; what is done to single values is done to many steps at once, as PyTorch's calls take long."""
    length, steps, turn = kernel.length, len(x), reversed if later else iter
    plain, weighted = _states(x)
    kept, factor, gone, gone_weighted = scalars(plain, *(kernel.arguments[i] for i in (0, 1, 3, 4)))
    for first, last in _spans(x, length, steps):
        span = _at(first, last, steps, later)
        now = x[span].double()
        sums = torch.empty_like(now)
        each = [turn(now.unbind()), turn(sums.unbind())]
        if first < length:
            for value, total in zip(*each, strict=True):
                torch.add(weighted, plain, out=total).mul_(kept)
                plain.mul_(kept).add_(value)
                weighted = total
        else:
            past = x[_at(first - length, last - length, steps, later)].double()
            each += [turn((past * gone_weighted).unbind()), turn((past * gone).unbind())]
            for value, total, left_weighted, left in zip(*each, strict=True):
                torch.add(weighted, plain, out=total).mul_(kept).sub_(left_weighted)
                plain.mul_(kept).add_(value).sub_(left)
                weighted = total
        out[span] = sums * factor


def _fire(potential: Tensor, level: float, kernel: _Alpha, compiled: bool) -> Tensor:
    """Return the spikes (T, N), and add to the potential, in place, what they do to it."""
    spikes = torch.empty_like(potential)
    if compiled:
        from .compiled import fire_refractory  # noqa: PLC0415  brings numba

        fire_refractory(potential.numpy(), spikes.numpy(), *kernel.arguments, np.float32(level))
        return spikes
    with torch.inference_mode():
        _fire_plain(potential, spikes, level, kernel)
    return spikes


def _fire_plain(potential: Tensor, spikes: Tensor, level: float, kernel: _Alpha) -> None:
    length = kernel.length
    plain, weighted = _states(potential)
    response = torch.empty_like(plain)
    kept, factor, gone, gone_weighted = scalars(plain, *(kernel.arguments[i] for i in (0, 1, 3, 4)))
    (least,) = scalars(plain, least_rounded_to(level))
    for first, last in _spans(potential, length, length):
        u = potential[first:last].double()
        s = torch.empty_like(u)
        if first < length:
            for value, fired in zip(u.unbind(), s.unbind(), strict=True):
                weighted.add_(plain).mul_(kept)
                torch.ge(value.add_(torch.mul(weighted, factor, out=response)), least, out=fired)
                plain.mul_(kept).add_(fired)
        else:
            past = spikes[first - length : last - length].double()
            each = u.unbind(), s.unbind(), (past * gone_weighted).unbind(), (past * gone).unbind()
            for value, fired, left_weighted, left in zip(*each, strict=True):
                weighted.add_(plain).mul_(kept).sub_(left_weighted)
                torch.ge(value.add_(torch.mul(weighted, factor, out=response)), least, out=fired)
                plain.mul_(kept).add_(fired).sub_(left)
        potential[first:last], spikes[first:last] = u, s


def _states(x: Tensor) -> tuple[Tensor, ...]:
    return x.new_zeros(2, x.shape[1], dtype=torch.float64).unbind()


def least_rounded_to(level: float) -> float:
    """Return the least number of float64 that rounds to ``level``, or to more, in float32.

    It is halfway between the level and what is next below in float32, or next above that: halves round to the even one.
    """
    exact = np.float32(level)
    half = (float(exact) + float(np.nextafter(exact, np.float32(-np.inf)))) / 2
    return half if np.float32(half) >= exact else float(np.nextafter(half, np.inf))


def surrogate(gradient: Tensor, potential: Tensor, level: float, tau: float, height: float, compiled: bool) -> Tensor:
    """Return ``gradient * height exp(-|potential - level| / (tau level))``."""
    rate = 1 / (tau * level)
    if compiled:
        from . import compiled as loops  # noqa: PLC0415  brings numba

        out, factors = torch.empty_like(potential), map(np.float32, (level, rate, height))
        arrays = (rows(each).numpy().reshape(-1) for each in (gradient, potential, out))
        loops.surrogate(*arrays, *factors)
        return out
    out = torch.empty_like(potential)
    for part in parts(potential):
        surrogate_plain(gradient[part], potential[part], out[part], level, tau, height)
    return out


def surrogate_plain(gradient: Tensor, potential: Tensor, out: Tensor, level: float, tau: float, height: float) -> None:
    """Write the surrogate; a power of two takes PyTorch half the time that one of e does."""
    level_, rate, height_ = scalars(out, level, -LOG2_E / (tau * level), height)
    torch.sub(potential, level_, out=out).abs_().mul_(rate).exp2_().mul_(height_).mul_(gradient)


def _by_potential(gradient: Tensor, potential: Tensor, neuron: SpikeResponse, dt: float, compiled: bool) -> Tensor:
    height = dt * neuron.scale_surrogate / (neuron.tau_surrogate * neuron.threshold)
    gradient = gradient.reshape(potential.shape)
    return surrogate(gradient, potential, neuron.threshold, neuron.tau_surrogate, height, compiled)


class _Psp(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: _Alpha, compiled: bool) -> Tensor:
        ctx.settings = kernel, compiled
        return _alpha_sum(x, kernel, compiled)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        kernel, compiled = ctx.settings
        return _call(_PspTransposed, gradients[0], kernel, compiled), None, None


class _PspTransposed(torch.autograd.Function):
    """The transpose of `_Psp`, so that a response can be differentiated any number of times."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: _Alpha, compiled: bool) -> Tensor:
        ctx.settings = kernel, compiled
        return _alpha_sum(x, kernel, compiled, later=True)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        kernel, compiled = ctx.settings
        return _call(_Psp, gradients[0], kernel, compiled), None, None


class _Spike(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, u: Tensor, neuron: SpikeResponse, dt: float, refractory: _Alpha, compiled: bool) -> Tensor:
        potential = u.detach().reshape(len(u), -1).clone(memory_format=torch.contiguous_format)
        spikes = _fire(potential, neuron.threshold, refractory, compiled)
        ctx.save_for_backward(potential)
        ctx.settings = neuron, dt, compiled
        return spikes.reshape(u.shape)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        by_potential = _by_potential(gradients[0], *ctx.saved_tensors, *ctx.settings)
        return by_potential.reshape(gradients[0].shape), None, None, None, None


class _Respond(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, z: Tensor, neuron: SpikeResponse, dt: float, kernel: _Alpha, refractory: _Alpha, compiled: bool
    ) -> Tensor:
        potential = rows(_alpha_sum(z, kernel, compiled))
        spikes = _fire(potential, neuron.threshold, refractory, compiled)
        ctx.save_for_backward(potential)
        ctx.settings = kernel, neuron, dt, compiled
        return spikes.reshape(z.shape)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        kernel, *settings = ctx.settings
        by_potential = _by_potential(gradients[0], *ctx.saved_tensors, *settings)
        by_z = _alpha_sum(by_potential, kernel, settings[-1], later=True)
        return by_z.reshape(gradients[0].shape), None, None, None, None, None
