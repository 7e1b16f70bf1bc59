"""SLAYER's equations as nested loops over Python numbers: for tests only, and sharing no code with the package.

A recording is a list over time of one neuron's values. Spikes have height 1 / dt, as in the original.
"""

from __future__ import annotations

from fractions import Fraction
from math import e, exp

import numpy as np


def alpha(tau: float, dt: float, cut: float, steps: int, scale: float = 1.0) -> list[float]:
    values = []
    for k in range(steps):
        value = scale * (k * dt / tau) * exp(1 - k * dt / tau)
        if k * dt > tau and abs(value) < cut:
            break
        values.append(value)
    return values


def psp(spikes: list[float], eps: list[float], dt: float) -> list[float]:
    return [dt * sum(eps[k] * spikes[t - k] for k in range(len(eps)) if k <= t) for t in range(len(spikes))]


def psp_transposed(by_a: list[float], eps: list[float], dt: float) -> list[float]:
    steps = len(by_a)
    return [dt * sum(eps[k] * by_a[t + k] for k in range(len(eps)) if t + k < steps) for t in range(steps)]


def spike(potential: list[float], nu: list[float], theta: float, dt: float) -> tuple[list[float], list[float]]:
    """Return spikes, and the potential with what they do to it; compared in single precision."""
    u, spikes = list(potential), []
    for t in range(len(u)):
        spikes.append(1 / dt if np.float32(u[t]) >= np.float32(theta) else 0.0)
        if spikes[t]:
            for j in range(len(nu)):
                if t + j < len(u):
                    u[t + j] += nu[j]
    return spikes, u


def density(u: float, theta: float, tau: float, scale: float) -> float:
    return scale / (tau * theta) * exp(-abs(u - theta) / (tau * theta))


def toward_zero(x: int) -> int:
    """Divide by 4096."""
    return -(-x // 4096) if x < 0 else x // 4096


def loihi(
    weighted: list[float], threshold: int, i_decay: int, v_decay: int, delay: int, exponent: int
) -> tuple[list[int], list[int], list[int]]:
    """Return spikes, current and recorded voltage."""
    steps = len(weighted)
    s, u, recorded = [0] * steps, [0] * steps, [0] * steps
    v, refraction = 0, 0
    for t in range(1, steps):
        u[t] = toward_zero(u[t - 1] * (4096 - i_decay)) + int(weighted[t]) * 2 ** (6 + exponent)
        v = toward_zero(v * (4096 - v_decay)) + u[t]
        if t >= delay:
            refraction -= s[t - delay]
        s[t] = int(v > threshold * 64 and refraction == 0)
        if s[t] or refraction:
            v = 0
        refraction += s[t]
        recorded[t] = v_decay if s[t] else v
    return s, u, recorded


def kappa(i_decay: int, v_decay: int, exponent: int, steps: int) -> list[float]:
    u = v = 2 ** (7 + exponent)
    values = []
    for _ in range(steps):
        if v == 0:
            break
        values.append(v / 2)
        u = toward_zero(u * (4096 - i_decay))
        v = toward_zero(v * (4096 - v_decay)) + u
    return values


def cuba(z: list[float], threshold: float, u_decay: float, v_decay: float, delay: int) -> tuple[list[int], list[float]]:
    """Return spikes and voltage before the reset, exactly: the numbers given should have few binary places."""
    s, seen = [], []
    u = v = Fraction(0)
    for t in range(len(z)):
        u = (1 - Fraction(u_decay)) * u + Fraction(z[t])
        v = (1 - Fraction(v_decay)) * v + u
        if any(s[max(t - delay + 1, 0) : t]):
            v = Fraction(0)
        seen.append(float(v))
        s.append(int(v >= Fraction(threshold)))
        if s[t]:
            v = Fraction(0)
    return s, seen


def leaks_transposed(by_v: list[float], u_kept: float, v_kept: float, gain: float, first: int) -> list[float]:
    """Sum over the response of v to an input, as a kernel: no recursion."""
    steps = len(by_v)
    response = [gain * sum(v_kept**j * u_kept ** (k - j) for j in range(k + 1)) for k in range(steps)]
    return [sum(response[k] * by_v[t + k] for k in range(steps - t)) if t >= first else 0.0 for t in range(steps)]


def delayed(x: list[float], delay: float, dt: float) -> list[float]:
    shift = int(delay / dt)
    return [x[t - shift] if 0 <= t - shift < len(x) else 0.0 for t in range(len(x))]


def delay_gradient(y: list[float], by_y: list[float]) -> float:
    return sum(by_y[t] * ((y[t - 1] if t else 0.0) - y[t]) for t in range(len(y)))


NEPER = e
