"""Current-based neurons on tensors (T, *any), time first, with spikes of height 1: Loihi's integers, or plain floats.

The reset is no part of the gradient, of which there are two kinds. ``recursion`` takes the surrogate through the two
leaks backward in time, exactly, as if nothing were rounded; ``kernel`` is SLAYER's, of integer neurons only: the
correlation with the integer response kernel (`kernels.integer_kernel`). They differ by what the kernel's rounding is,
and in the first step, which Loihi skips: the kernel has a gradient there, the recursion none.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any, Literal, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .kernels import anticausal, integer_kernel
from .neurons import CurrentBased
from .response import compiles, parts, rows, scalars, surrogate, surrogate_plain

Gradient = Literal["kernel", "recursion"]

EXACT = 2.0**39
"""Integers below this, times a 13-bit share, are exact in float64, which is faster than int64 on most processors."""

WORD, PRECISE = 2.0**31, 2.0**24
"""Whole numbers below the first are exact in int32, and up to the second in float32."""


class Traces(NamedTuple):
    """What `fire_full` records, each (T, *any): spikes, current and voltage after it, float64 but for the spikes."""

    spikes: Tensor
    current: Tensor
    voltage: Tensor


def fire(
    z: Tensor,
    neuron: CurrentBased,
    *,
    gradient: Gradient | None = None,
    longest: int | None = None,
    compiled: bool | None = None,
) -> Tensor:
    """Return the spikes, 1 or 0, of neurons with weighted input ``z``, (T, *any).

    Integer states are exact up to 2**50. It keeps the voltage that the surrogate sees, before it is reset, for the
    backward pass: 4 bytes per neuron and step.

    Parameters
    ----------
    z
        (T, *any), float32 or float64; of integer neurons its fractions are cut off, and its first step.
    gradient
        Its kind; none is ``kernel`` for integer neurons and ``recursion`` for others.
    longest
        Most steps of the integer response kernel; none is as many as ``z`` has.
    compiled
        Whether numba's loops are used; none is where they can be.
    """
    kind = gradient or ("kernel" if neuron.integer else "recursion")
    if kind not in ("kernel", "recursion"):
        raise ValueError(f"gradient is 'kernel' or 'recursion', not {kind!r}")
    if kind == "kernel" and not neuron.integer:
        raise ValueError("gradient 'kernel' is for integer neurons; others have 'recursion'")
    kernel = integer_kernel(neuron, longest or len(z)) if neuron.integer else torch.ones(1)
    settings = neuron, kernel, kind, compiles(z, compiled)
    return cast("Tensor", _Fire.apply(z, *settings))  # type: ignore[no-untyped-call]


def fire_full(z: Tensor, neuron: CurrentBased) -> Traces:
    """Return spikes, current and voltage, without gradients; recorded voltage is as `CurrentBased` says it.

    At a spike that is ``voltage_decay`` for integer neurons, as Loihi's own recordings have it, and the voltage before
    the reset for others.
    """
    flat = rows(z)
    state = flat if not neuron.integer else torch.trunc(flat).to(torch.int64) * int(neuron.gain)
    current, voltage, waiting = (torch.zeros_like(state[0]) for _ in range(3))
    traces = [torch.zeros_like(flat), *(torch.zeros_like(flat, dtype=torch.float64) for _ in range(2))]
    u_share, v_share = ((4096 * kept if neuron.integer else kept) for kept in neuron.kept)
    for t in range(int(neuron.integer), len(flat)):
        current = _left(current, u_share, neuron.integer) + state[t]
        held = waiting > 0
        voltage = (_left(voltage, v_share, neuron.integer) + current).masked_fill(held, 0)
        fired = voltage > neuron.level if neuron.integer else voltage >= float(np.float32(neuron.level))
        seen = voltage.masked_fill(fired, int(neuron.voltage_decay)) if neuron.integer else voltage
        for trace, value in zip(traces, (fired, current, seen), strict=True):
            trace[t] = value
        voltage = voltage.masked_fill(fired, 0)
        waiting = torch.where(fired, neuron.refractory_steps - 1, waiting - held.to(waiting.dtype))
    return Traces(*(trace.reshape(z.shape) for trace in traces))


def _left(state: Tensor, share: float, integer: bool) -> Tensor:
    """Return what a step leaves of a state; ``share`` of integers is in 4096ths."""
    if not integer:
        return state * share
    product = state * int(share)
    return (product + ((product >> 63) & 4095)) >> 12


def _bound(z: Tensor, neuron: CurrentBased) -> float:
    """Return what no state of integer neurons exceeds: a leak of d in 4096 sums at most 4096/d steps."""
    least, greatest = (float(end) for end in torch.aminmax(z)) if z.numel() else (0.0, 0.0)
    most = max(-least, greatest) * neuron.gain
    if not isfinite(most):
        raise ValueError("the weighted input of integer neurons is not finite")
    for decay in (neuron.current_decay, neuron.voltage_decay):
        most *= min(len(z), 4096 / decay if decay else len(z))
    return most


def _fire_compiled(z: Tensor, neuron: CurrentBased) -> tuple[Tensor, Tensor]:
    from . import compiled as loops  # noqa: PLC0415  brings numba

    spikes, recorded = torch.empty_like(z), torch.empty_like(z)
    arrays = z.numpy(), spikes.numpy(), recorded.numpy()
    if not neuron.integer:
        loops.fire_float(*arrays, *map(np.float32, neuron.kept), np.float32(neuron.level), neuron.refractory_steps)
        return spikes, recorded
    most = max(_bound(z, neuron), neuron.gain, neuron.level)
    number = np.int32 if most < WORD else np.float64 if most < EXACT else np.int64
    gain, level = number(neuron.gain), number(neuron.level)
    shares = [np.int64(4096 * kept) if number is np.int64 else np.float64(kept) for kept in neuron.kept]
    zeros = np.zeros(min(loops.BLOCK, max(z.shape[1], 1)), number)
    last = neuron.refractory_steps, np.float32(neuron.voltage_decay)
    loops.fire_integer(*arrays, zeros, gain, *shares, level, *last)
    return spikes, recorded


def _fire_plain(z: Tensor, neuron: CurrentBased) -> tuple[Tensor, Tensor]:
    """Return spikes and recorded voltage; the voltage's sign is turned, as PyTorch's threshold then is the reset."""
    if neuron.refractory_steps > 1 or (neuron.integer and not _fits(z, neuron)):
        spikes, _, voltage = fire_full(z, neuron)
        return spikes, voltage.to(z.dtype)
    spikes, recorded = torch.empty_like(z), torch.empty_like(z)
    first, integrate = (1, _integrate_integers) if neuron.integer else (0, _integrate_floats)
    spikes[:first], recorded[:first] = 0, 0
    later = z[first:], spikes[first:], recorded[first:]
    with torch.inference_mode():
        states = torch.zeros(2, z.shape[1], device=z.device, dtype=torch.float64 if first else z.dtype).unbind()
        for part in parts(later[0]):
            integrate(later[0][part], later[1][part], later[2][part], states, neuron)
    return spikes, recorded


def _fits(z: Tensor, neuron: CurrentBased) -> bool:
    """Return whether states are less than 2**31, and the threshold, and what is next above it, exact in float32."""
    return max(_bound(z, neuron), neuron.gain) < WORD and neuron.level < PRECISE


def _integrate_floats(
    z: Tensor, spikes: Tensor, recorded: Tensor, states: Sequence[Tensor], neuron: CurrentBased
) -> None:
    current, voltage = states
    level = float(np.float32(neuron.level))
    kept_u, kept_v, level_ = scalars(z, *neuron.kept, level)
    for now, v in zip(z.unbind(), recorded.unbind(), strict=True):
        current.mul_(kept_u).add_(now)
        torch.mul(voltage, kept_v, out=v).sub_(current)
        voltage = torch.threshold(v, -level, 0)
    states[1].copy_(voltage)
    torch.ge(recorded.neg_(), level_, out=spikes)


def _integrate_integers(
    z: Tensor, spikes: Tensor, recorded: Tensor, states: Sequence[Tensor], neuron: CurrentBased
) -> None:
    """Do so in whole numbers of 32 bits; what a leak leaves is exact in float64, and made whole toward zero."""
    u, v = states
    current = torch.empty_like(u, dtype=torch.int32)
    turned = z.to(torch.int32).mul_(int(neuron.gain))
    kept_u, kept_v = scalars(u, *neuron.kept)
    above = int(neuron.level) + 1
    for now in turned.unbind():
        current.copy_(u.mul_(kept_u)).add_(now)
        u.copy_(current)
        # the voltage takes the place of the weighted input, which is in the current now
        now.copy_(v.mul_(kept_v)).sub_(current)
        v.copy_(torch.threshold(now, -above, 0))
    # as floats, whole numbers up to the threshold stay below the one that is next above it, and others do not
    recorded.copy_(turned)
    torch.le(recorded, *scalars(recorded, -above), out=spikes)
    torch.threshold_(recorded, -above, -neuron.voltage_decay).neg_()


def _backward_plain(gradient: Tensor, recorded: Tensor, neuron: CurrentBased, tau: float, height: float) -> Tensor:
    """Return the gradient by z: that by v through both leaks backward in time."""
    kept_u, kept_v = neuron.kept
    by_z = torch.empty_like(recorded)
    first = int(neuron.integer)
    by_z[:first] = 0
    later = gradient[first:], recorded[first:], by_z[first:]
    with torch.inference_mode():
        voltage, current = torch.zeros_like(recorded[:1]).squeeze(0), torch.zeros_like(recorded[:1]).squeeze(0)
        for part in reversed(parts(later[0])):
            by_v = later[2][part]
            surrogate_plain(later[0][part], later[1][part], by_v, neuron.level, tau, height * neuron.gain)
            for now in reversed(by_v.unbind()):
                torch.add(now, voltage, alpha=kept_v, out=voltage)
                torch.add(voltage, current, alpha=kept_u, out=now)
                current = now
    return by_z


class _Fire(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, z: Tensor, neuron: CurrentBased, kernel: Tensor, kind: Gradient, compiled: bool) -> Tensor:
        spikes, recorded = (_fire_compiled if compiled else _fire_plain)(rows(z), neuron)
        ctx.save_for_backward(recorded)
        ctx.settings = neuron, kernel, kind, compiled
        return spikes.reshape(z.shape)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (recorded,) = ctx.saved_tensors
        neuron, kernel, kind, compiled = ctx.settings
        level, tau = neuron.level, neuron.tau_surrogate
        height = neuron.scale_surrogate / (tau * level * float(kernel.max()))
        gradient = gradients[0].reshape(recorded.shape)
        if kind == "recursion" and compiled:
            from .compiled import fire_backward  # noqa: PLC0415  brings numba

            by_z = torch.empty_like(recorded)
            arrays = rows(gradient).numpy(), recorded.numpy(), by_z.numpy()
            factors = (np.float32(each) for each in (*neuron.kept, neuron.gain, level, 1 / (tau * level), height))
            fire_backward(*arrays, *factors, int(neuron.integer))
        elif kind == "recursion":
            by_z = _backward_plain(gradient, recorded, neuron, tau, height)
        else:
            by_v = surrogate(gradient, recorded, level, tau, height, compiled)
            by_z = anticausal(by_v, kernel.to(by_v))
        return by_z.reshape(gradients[0].shape), None, None, None, None
