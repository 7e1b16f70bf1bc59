"""The loops over time, compiled by numba: one pass over memory each, in the same arithmetic as the loops in PyTorch.

Arrays are (T, N), contiguous. Neurons are taken in blocks whose states stay in the processor's nearest cache. Products
and sums are rounded one by one, as numba does unless told otherwise, so that forward results equal PyTorch's bit for
bit; gradients may differ in the last places.
"""

# numba gives an argument its type, and a kernel is loops in loops
# ruff: noqa: ANN001, ANN202

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic, overload

BLOCK = 1024
"""Neurons a block: two states take 8 to 16 KiB."""

LOG2_E = 1.4426950408889634

_ONE, _NONE = np.float32(1), np.float32(0)
_LEAST = np.float32(-125)
_ROUND = np.float32(1.5 * 2**23)
"""Added to a small number it leaves that rounded to a whole one, in the last bits of the sum."""
_POWER = tuple(np.float32(each) for each in (0.00957009010, 0.0559178591, 0.240247458, 0.693121791, 0.999999285))
"""The polynomial that is 2**x from -1/2 to 1/2 within 3e-6 of itself, the highest power first."""


def kernel(function: Callable[..., None], contract: bool = False) -> Callable[..., None]:
    """Return ``function`` compiled when it is first called, or loaded from numba's cache.

    Gradients may ``contract`` products and sums, so that they are rounded once.
    """
    fast: Any = {"contract"} if contract else False
    try:
        return njit(cache=True, nogil=True, fastmath=fast)(function)
    except RuntimeError:  # neither the package's folder nor the user's cache folder can be written
        return njit(nogil=True, fastmath=fast)(function)


def gradient_kernel(function: Callable[..., None]) -> Callable[..., None]:
    """Return ``function`` compiled, products and sums as one."""
    return kernel(function, contract=True)


@intrinsic
def _times_power_of_two(_typing: Any, number: Any, whole: Any) -> Any:
    """Return ``number`` times 2 to what stands in the last bits of ``whole``, by way of its exponent's bits."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        bits, exponent = (builder.bitcast(each, cgutils.int32_t) for each in arguments)
        scaled = builder.add(bits, builder.shl(exponent, cgutils.int32_t(23)))
        return builder.bitcast(scaled, context.get_value_type(types.float32))

    return types.float32(types.float32, types.float32), generate


@njit(inline="always")
def _exp2(x):  # type: ignore[no-untyped-def]
    """Return 2**x for x <= 0, within 1e-5 of itself; below -125 it stays at 2**-125.

    numba's own is a call for every number, and takes longer than all the rest.
    """
    x = max(x, _LEAST)
    whole = x + _ROUND
    x = x - (whole - _ROUND)
    power = _POWER[0] * x + _POWER[1]
    power = power * x + _POWER[2]
    power = power * x + _POWER[3]
    power = power * x + _POWER[4]
    return _times_power_of_two(power, whole)  # type: ignore[call-arg]  # numba gives the first


def _decayed(state, kept):  # type: ignore[no-untyped-def]
    """Return ``state * kept`` rounded toward zero; ``kept`` is a share in float64, or 4096ths in int64."""
    raise NotImplementedError  # numba takes the overload


@overload(_decayed)
def _choose_decay(state, kept):  # type: ignore[no-untyped-def]
    if isinstance(state, types.Float):
        return lambda state, kept: np.trunc(state * kept)
    if isinstance(kept, types.Float):
        return lambda state, kept: np.int32(state * kept)
    return lambda state, kept: (state * kept + (((state * kept) >> 63) & 4095)) >> 12


@kernel
def alpha_sum(x, out, kept, factor, length, gone, gone_weighted, later) -> None:  # type: ignore[no-untyped-def]
    """Write sums of ``x`` under the kernel ``factor k kept**k``, k < length, over the past or over what is ``later``.

    ``gone`` and ``gone_weighted`` are ``kept**length`` and ``length kept**length``.
    """
    steps, neurons = x.shape
    for begin in range(0, neurons, BLOCK):
        end = min(begin + BLOCK, neurons)
        plain, weighted = np.zeros(end - begin), np.zeros(end - begin)
        for step in range(steps):
            t = steps - 1 - step if later else step
            now, to = x[t, begin:end], out[t, begin:end]
            if step < length:
                for i in range(end - begin):
                    weighted[i] = (weighted[i] + plain[i]) * kept
                    plain[i] = plain[i] * kept + now[i]
                    to[i] = factor * weighted[i]
            else:
                past = x[t + length if later else t - length, begin:end]
                for i in range(end - begin):
                    weighted[i] = (weighted[i] + plain[i]) * kept - gone_weighted * past[i]
                    plain[i] = (plain[i] * kept + now[i]) - gone * past[i]
                    to[i] = factor * weighted[i]


@kernel
def fire_refractory(potential, spikes, kept, factor, length, gone, gone_weighted, level) -> None:  # type: ignore[no-untyped-def]
    """Write spikes, and add to the potential what they do to it; the refractory kernel is as in `alpha_sum`."""
    steps, neurons = potential.shape
    for begin in range(0, neurons, BLOCK):
        end = min(begin + BLOCK, neurons)
        plain, weighted = np.zeros(end - begin), np.zeros(end - begin)
        for t in range(steps):
            u, s = potential[t, begin:end], spikes[t, begin:end]
            if t < length:
                for i in range(end - begin):
                    weighted[i] = (weighted[i] + plain[i]) * kept
                    u[i] = u[i] + factor * weighted[i]
                    s[i] = _ONE if u[i] >= level else _NONE
                    plain[i] = plain[i] * kept + s[i]
            else:
                past = spikes[t - length, begin:end]
                for i in range(end - begin):
                    weighted[i] = (weighted[i] + plain[i]) * kept - gone_weighted * past[i]
                    u[i] = u[i] + factor * weighted[i]
                    s[i] = _ONE if u[i] >= level else _NONE
                    plain[i] = (plain[i] * kept + s[i]) - gone * past[i]


@gradient_kernel
def surrogate(gradient, potential, out, level, rate, height) -> None:  # type: ignore[no-untyped-def]
    """Write ``gradient * height exp(-rate |potential - level|)``; arrays are one row long."""
    rate = np.float32(-rate * LOG2_E)
    for i in range(len(gradient)):
        out[i] = gradient[i] * (height * _exp2(abs(potential[i] - level) * rate))


@kernel
def fire_float(z, spikes, recorded, kept_u, kept_v, level, refractory) -> None:  # type: ignore[no-untyped-def]
    """Write the spikes of current-based neurons in floating point, and v before it is reset."""
    steps, neurons = z.shape
    for begin in range(0, neurons, BLOCK):
        end = min(begin + BLOCK, neurons)
        current, voltage = np.zeros(end - begin, np.float32), np.zeros(end - begin, np.float32)
        waiting = np.zeros(end - begin, np.int64)
        for t in range(steps):
            now, s, v = z[t, begin:end], spikes[t, begin:end], recorded[t, begin:end]
            if refractory == 1:
                for i in range(end - begin):
                    current[i] = current[i] * kept_u + now[i]
                    v[i] = voltage[i] * kept_v + current[i]
                    s[i] = _ONE if v[i] >= level else _NONE
                    voltage[i] = _NONE if v[i] >= level else v[i]
            else:
                for i in range(end - begin):
                    current[i] = current[i] * kept_u + now[i]
                    held = waiting[i] > 0
                    v[i] = _NONE if held else voltage[i] * kept_v + current[i]
                    fired = v[i] >= level
                    s[i] = _ONE if fired else _NONE
                    voltage[i] = _NONE if fired else v[i]
                    waiting[i] = refractory - 1 if fired else waiting[i] - held


@kernel
def fire_integer(  # type: ignore[no-untyped-def]
    z, spikes, recorded, zeros, gain, kept_u, kept_v, level, refractory, at_spike
) -> None:
    """Write the spikes of Loihi's neurons and their recorded voltage; nothing happens in the first step.

    ``zeros``, a block of the states before, has the type of the states, as ``gain`` and what is kept have.
    """
    steps, neurons = z.shape
    spikes[:1], recorded[:1] = _NONE, _NONE
    for begin in range(0, neurons, BLOCK):
        end = min(begin + BLOCK, neurons)
        current, voltage = zeros[: end - begin].copy(), zeros[: end - begin].copy()
        whole, waiting = zeros[: end - begin].copy(), np.zeros(end - begin, np.int64)
        nothing = zeros[0]
        for t in range(1, steps):
            now, s, v = z[t, begin:end], spikes[t, begin:end], recorded[t, begin:end]
            for i in range(end - begin):
                whole[i] = np.trunc(now[i])
            for i in range(end - begin):
                current[i] = _decayed(current[i], kept_u) + whole[i] * gain  # type: ignore[no-untyped-call]
            if refractory == 1:
                for i in range(end - begin):
                    voltage[i] = _decayed(voltage[i], kept_v) + current[i]  # type: ignore[no-untyped-call]
                    reached = voltage[i]
                    s[i] = _ONE if reached > level else _NONE
                    v[i] = at_spike if reached > level else np.float32(reached)
                    voltage[i] = nothing if reached > level else reached
            else:
                for i in range(end - begin):
                    held = waiting[i] > 0
                    reached = nothing if held else _decayed(voltage[i], kept_v) + current[i]  # type: ignore[no-untyped-call]
                    fired = reached > level
                    s[i] = _ONE if fired else _NONE
                    v[i] = at_spike if fired else np.float32(reached)
                    voltage[i] = nothing if fired else reached
                    waiting[i] = refractory - 1 if fired else waiting[i] - held


@gradient_kernel
def fire_backward(  # type: ignore[no-untyped-def]
    gradient, recorded, out, kept_u, kept_v, gain, level, rate, height, first
) -> None:
    """Write the gradient by z: that by v (`surrogate`) through both leaks, backward in time, up to step ``first``."""
    steps, neurons = gradient.shape
    rate, height = np.float32(-rate * LOG2_E), height * gain
    for begin in range(0, neurons, BLOCK):
        end = min(begin + BLOCK, neurons)
        by_v, by_u = np.zeros(end - begin, np.float32), np.zeros(end - begin, np.float32)
        for t in range(steps - 1, first - 1, -1):
            g, v, to = gradient[t, begin:end], recorded[t, begin:end], out[t, begin:end]
            for i in range(end - begin):
                at_v = g[i] * (height * _exp2(abs(v[i] - level) * rate))
                by_v[i] = by_v[i] * kept_v + at_v
                by_u[i] = by_u[i] * kept_u + by_v[i]
                to[i] = by_u[i]
        out[:first, begin:end] = _NONE
