"""How fine thresholds are: what a layer's scale is chosen for."""

from __future__ import annotations

SPIKING_UNITS = 2**12
"""The largest threshold that weights are scaled to where they can be, in units: potentials have room for 32."""

DRIVEN_UNITS = 2**12
"""That of neurons which are given nothing but the samples, as a current.

Biases hold twice as much in a step. More makes no difference: given the threshold in each step, a neuron fires in each,
and given less than nothing, in none.
"""

MIXED_UNITS = 2**10
"""That of neurons which are given a current and spikes: biases hold eight thresholds in a step."""


def most_units(*, driven: bool, spikes: bool) -> int:
    """Return the largest threshold, in units, of neurons that are given a current or not, and spikes or not."""
    if not driven:
        return SPIKING_UNITS
    return MIXED_UNITS if spikes else DRIVEN_UNITS
