"""What a batch brings: spikes at the entry, or biases that are worked out before they are given."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from snn.currents import check, per_sample, per_step
from snn.errors import ConversionWarning, SimulationError
from snn.network import Network
from snn.simulating import Stimulus

from .chip import Integers
from .program import Program


@dataclass(frozen=True, eq=False)
class Given:
    """What enters.

    Attributes
    ----------
    spikes : ndarray of 0 and 1, (steps, batch, inputs)
        Without inputs where the samples come as biases.
    mantissa, exponent : mapping of layer name to ndarray of int, (batch, steps or 1, size)
        Biases of the layers that the samples reach, their own included.
    cut : mapping of layer name to int
        How many of them would have been larger than a bias can be.
    """

    spikes: npt.NDArray[np.uint8]
    mantissa: Mapping[str, Integers]
    exponent: Mapping[str, Integers]
    cut: Mapping[str, int]


def given(program: Program, network: Network, stimulus: Stimulus) -> Given:
    """Return what ``stimulus`` brings to the compartments of ``program``."""
    steps, batch = stimulus.clock.steps, len(stimulus.samples)
    if program.entry:
        entered = stimulus.steps(0, steps)
        if not np.isin(entered, (0, 1)).all():
            raise SimulationError(
                "Loihi's spikes have no height and no sign; these have heights from "
                f"{entered.min():g} to {entered.max():g}",
                hint="give the input as a current: --set simulate.input=current; or events as spikes of height 1: "
                "--set simulate.event_height=one",
            )
        return Given(entered.astype(np.uint8).reshape(steps, batch, -1), {}, {}, {})
    if stimulus.constant:
        currents = per_sample(network, stimulus.samples, stimulus.clock.dt_ms)
    else:
        currents = per_step(network, stimulus)
    check(currents)
    mantissa, exponent, cut = {}, {}, {}
    targets = {way.target for way in program.synapses}
    for name, group in program.compartments.items():
        if group.driven:
            rows = currents[name].reshape(batch, -1, group.size)
            mantissa[name], exponent[name], cut[name] = group.biases(rows)
            # given nothing else, a neuron fires in every step with what is left, or in none, as it would
            if cut[name] and stimulus.constant and (name in targets or not group.spiking):
                warnings.warn(
                    f"layer {name!r}: {cut[name]} of {rows.size} currents of the samples are larger than a bias holds, "
                    "and cut; scale the samples, or give them as spikes: --set simulate.input=regular",
                    ConversionWarning,
                    stacklevel=2,
                )
    return Given(np.zeros((steps, batch, 0), np.uint8), mantissa, exponent, cut)
