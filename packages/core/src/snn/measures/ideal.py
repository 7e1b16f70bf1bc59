"""What a neuron could give at best: its largest value, and what it gives for its mean input when that comes evenly."""

from __future__ import annotations

from functools import singledispatch

import numpy as np
import numpy.typing as npt

from ..clock import Clock
from ..network import Layer
from ..neurons import (
    Accumulate,
    BitPattern,
    CorrectiveFirstSpike,
    DynamicFirstSpike,
    FewSpike,
    FirstSpike,
    IntegrateFire,
    WindowFirstSpike,
)

Values = npt.NDArray[np.float64]
_SLACK = 2.0**-20  # of a sum of float32 numbers, which a simulator does not keep better
_EXACT = 2.0**-40  # of a sum of float64 numbers, as everything is here


@singledispatch
def largest(layer: Layer, clock: Clock) -> float | None:
    """Return the largest value a neuron of ``layer`` can stand for; None where there is no bound, or it is unknown."""
    return None


@largest.register
def _(layer: IntegrateFire, clock: Clock) -> float:
    return -(-clock.steps // _period(layer, clock)) / (clock.steps * clock.dt_ms)


@largest.register(FewSpike)
@largest.register(WindowFirstSpike)
def _(layer: FewSpike | WindowFirstSpike, clock: Clock) -> float:
    return layer.scale


@largest.register
def _(layer: BitPattern, clock: Clock) -> float:
    return layer.scale * (1 - 2.0**-layer.bits)


@largest.register
def _(layer: FirstSpike, clock: Clock) -> float:
    return layer.threshold / clock.dt_ms


@singledispatch
def alone(layer: Layer, mean_input: Values, actual: Values, clock: Clock) -> Values | None:
    """Return the value of each neuron if its mean input came evenly, (batch, *shape); None for an unknown kind.

    Parameters
    ----------
    layer : Neuron
    mean_input : ndarray, (batch, *shape)
        Per millisecond; for kinds with a window, the whole of it.
    actual : ndarray, (batch, *shape)
        The value that was found: where the input is within the rounding of float32 of a step between two values, and
        the actual one is one of them, it is that.
    clock : Clock
    """
    return None


@alone.register
def _(layer: Accumulate, mean_input: Values, actual: Values, clock: Clock) -> Values:
    return mean_input


@alone.register
def _(layer: IntegrateFire, mean_input: Values, actual: Values, clock: Clock) -> Values:
    """Return the rate for a constant current: in closed form where nothing is lost between two spikes.

    With ``n = floor((z T + V0) / threshold)``, that is ``min(max(n, 0), steps) / T`` (Rueckauer et al. 2017, eq. 5).
    """
    duration = clock.steps * clock.dt_ms
    lossless = layer.reset != "zero" and not layer.refractory_ms and not layer.leak
    if not lossless or float(layer.initial.max()) > layer.threshold:
        return _stepped(layer, mean_input, clock) / duration
    charge = (mean_input * duration + layer.initial) / layer.threshold
    reach = (np.abs(mean_input) * duration + np.abs(layer.initial)) / layer.threshold
    count = _floor(charge, reach, actual * duration)
    return np.asarray(np.clip(count, 0, clock.steps) / duration)


@alone.register
def _(layer: BitPattern, mean_input: Values, actual: Values, clock: Clock) -> Values:
    levels, unit = 2**layer.bits - 1, layer.scale * 2.0**-layer.bits
    share = np.clip(mean_input / layer.scale, 0, 1) * levels
    rounded = np.where(share % 1 == 0.5, np.rint(share), _floor(share + 0.5, share + 0.5, actual / unit))
    return rounded * unit


@alone.register
def _(layer: FewSpike, mean_input: Values, actual: Values, clock: Clock) -> Values:
    unit = layer.scale / (2**layer.planes - 1)
    level = mean_input / unit + (0.5 if layer.rounding else 0.0)
    return np.clip(_floor(level, np.abs(level), actual / unit), 0, 2**layer.planes - 1) * unit


@alone.register
def _(layer: WindowFirstSpike, mean_input: Values, actual: Values, clock: Clock) -> Values:
    unit = layer.scale / layer.bins
    level = mean_input / unit + (0.5 if layer.rounding else 0.0)
    return np.clip(_floor(level, np.abs(level), actual / unit), 0, layer.bins) * unit


@alone.register(FirstSpike)
@alone.register(DynamicFirstSpike)
@alone.register(CorrectiveFirstSpike)
def _(layer: FirstSpike, mean_input: Values, actual: Values, clock: Clock) -> Values:
    """Return the threshold over the first whole step by which a constant current reaches it; 0 after the last step."""
    drive = np.maximum(mean_input * clock.dt_ms, np.finfo(np.float64).tiny)
    steps = layer.threshold / drive
    found = np.divide(layer.threshold / clock.dt_ms, actual, out=np.full_like(actual, np.inf), where=actual > 0)
    step = np.maximum(-_floor(-steps, steps, -found), 1)
    return np.where(step <= clock.steps, layer.threshold / (step * clock.dt_ms), 0.0)


def _period(layer: IntegrateFire, clock: Clock) -> int:
    """Return the fewest steps from one spike to the next: a neuron takes no input for ``refractory_ms`` after one."""
    return 1 + refractory_steps(layer, clock)


def refractory_steps(layer: IntegrateFire, clock: Clock) -> int:
    """Return the steps after a spike in which a neuron takes no input."""
    return max(0, int(np.ceil(np.float64(layer.refractory_ms) / clock.dt_ms - 1e-9)) - 1)


def _stepped(layer: IntegrateFire, mean_input: Values, clock: Clock) -> Values:
    """Return the spikes of neurons with the constant input ``mean_input``, step by step."""
    step, dt = mean_input * clock.dt_ms, clock.dt_ms
    potential = np.broadcast_to(layer.initial, mean_input.shape).astype(np.float64)
    counts, free = np.zeros_like(potential), np.zeros_like(potential)
    rest = refractory_steps(layer, clock)
    for now in range(clock.steps):
        taking = now >= free
        potential = np.where(taking, potential + step, potential)
        if layer.leak:
            potential = np.where(taking & (potential > 0), np.maximum(potential - layer.leak * dt, 0), potential)
        fires = taking & (potential >= layer.threshold)
        match layer.reset:
            case "subtract":
                after = potential - layer.threshold
            case "zero":
                after = np.zeros_like(potential)
            case "modulo":
                after = potential % layer.threshold
        potential = np.where(fires, after, potential)
        counts += fires
        free = np.where(fires, now + 1 + rest, free)
    return counts


def _floor(level: Values, reach: Values, actual: Values) -> Values:
    """Return the whole number below ``level``; where that is undecided within the rounding of ``reach``, ``actual``.

    A level that is whole but for the rounding of float64 is whole: the weights are so that no simulator rounds.
    """
    nearest, known = np.rint(level), np.rint(actual)
    distance, reach = np.abs(level - nearest), np.maximum(reach, 1)
    below = np.where(distance <= _EXACT * reach, nearest, np.floor(level))
    undecided = (distance > _EXACT * reach) & (distance <= _SLACK * reach)
    return np.where(undecided & ((known == nearest) | (known == nearest - 1)), known, below)
