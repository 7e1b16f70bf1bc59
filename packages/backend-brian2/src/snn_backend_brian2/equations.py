"""The neurons as Brian2 has them: variables, what happens in a step, when they fire, and what a spike does.

In each step a group is gone through three times, after the groups before it and before those behind it: *integrate*
takes what spikes and currents have brought, the threshold is looked at, and its synapses hand spikes on.  So the output
of a step answers the input of that step, as `snn.testing.reference` has it.  Resets come at the end of a step, when
nothing is on its way; the first step of a sample begins with *rest*.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from snn import layers as op
from snn.clock import Clock
from snn.network import Layer
from snn.neurons import IntegrateFire

REST = "first = int(t_in_timesteps % presentation == 0)\n"


@dataclass(frozen=True)
class Model:
    """What a group of one kind is made of, in Brian2's words.

    Attributes
    ----------
    variables : str
    integrate, rest : str
        Statements of a step; of the first step of a sample.
    threshold, reset : str
        Empty for what never fires.
    """

    variables: str
    integrate: str
    rest: str
    threshold: str = ""
    reset: str = ""


ENTRY = Model(variables="height : 1", integrate="height = entry(t, i)", rest="", threshold="height != 0")
"""The input: spikes of any height, which are given."""

POOL = Model(
    variables="hits : 1\nspikes : 1",
    integrate="",
    rest=REST + "hits *= 1 - first\nspikes *= 1 - first",
    threshold="hits > 0",
    reset="spikes += 1\nhits = 0",
)
"""A max-pool of spikes: it fires when an element fires that has fired as often as the window has so far."""

ACCUMULATE = Model(variables="v : 1\nz : 1", integrate="v += z + current(t, i)\nz = 0", rest=REST + "v *= 1 - first")
"""A potential that never fires."""


def model(layer: Layer, clock: Clock) -> Model:
    """Return what ``layer`` is in Brian2."""
    if isinstance(layer, op.Input):
        return ENTRY
    if isinstance(layer, op.MaxPool):
        return POOL
    if isinstance(layer, IntegrateFire):
        return _integrate_fire(layer, clock)
    return ACCUMULATE


def _integrate_fire(layer: IntegrateFire, clock: Clock) -> Model:
    threshold = repr(float(np.float32(layer.threshold)))
    leak = float(np.float32(layer.leak * clock.dt_ms))
    # rounded, so that 1.1 ms in steps of 0.1 ms are 11 steps
    pause = ceil(round(layer.refractory_ms / clock.dt_ms, 6))
    awake = "int(pause <= 0)" if pause else "1"
    integrate = "pause = clip(pause - 1, 0, inf)\n" if pause else ""
    integrate += f"v += {awake} * (z + current(t, i))\nz = 0"
    if leak:
        integrate += f"\nv -= {awake} * int(v > 0) * clip(v, 0, {leak!r})"
    reset = {"subtract": f"v -= {threshold}", "zero": "v = 0", "modulo": f"v = v % {threshold}"}[layer.reset]
    return Model(
        variables="v : 1\nz : 1\ninitial : 1 (constant)\nspikes : 1" + ("\npause : 1" if pause else ""),
        integrate=integrate,
        rest=REST
        + "v = v * (1 - first) + initial * first\nspikes *= 1 - first"
        + ("\npause *= 1 - first" if pause else ""),
        threshold=f"v >= {threshold}" + (" and pause <= 0" if pause else ""),
        reset=f"{reset}\nspikes += 1" + (f"\npause = {pause}" if pause else ""),
    )
