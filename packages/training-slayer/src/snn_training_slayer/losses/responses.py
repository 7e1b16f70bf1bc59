"""How the neurons of a network answer a spike: what losses compare, unless a layer says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from snn.errors import SettingsError
from torch import Tensor

from ..kernels import causal, integer_kernel
from ..neurons import CurrentBased, Simulation, SpikeResponse
from ..parameters import number_of
from ..response import psp
from .potentials import Response

_HINT = "the tables neuron and simulation are those of the layers"


def response_to_spikes(neuron: Mapping[str, Any], simulation: Mapping[str, Any]) -> Response:
    """Return the response of the layers made of these tables, on (time, sample, *shape), spikes 1/Ts high.

    For neurons of type LOIHI, it is the voltage that a spike makes in the chip's integers, divided by its peak: so
    errors of potentials are as large as with the alpha kernel, and do not depend on the exponent of the weights.

    Raises
    ------
    SettingsError
        Where a parameter is missing, foreign, or no number.
    """
    for table, where in ((neuron, "neuron"), (simulation, "simulation")):
        for name in table:
            if name != "type":
                number_of(table, name, where, least=-float("inf"))
    loihi = neuron.get("type") == "LOIHI"
    if loihi and "wgtExp" in neuron:
        number_of(neuron, "wgtExp", "neuron", least=-6, most=7)
    try:
        time = Simulation.from_dictionary(simulation)
        return _integer(CurrentBased.from_dictionary(neuron), time) if loihi else _alpha(neuron, time)
    except (ValueError, OverflowError) as error:
        raise SettingsError(str(error), hint=_HINT) from error


def _alpha(neuron: Mapping[str, Any], time: Simulation) -> Response:
    made = SpikeResponse.from_dictionary(neuron)

    def respond(spikes: Tensor) -> Tensor:
        return psp(spikes, made, time.dt, longest=min(time.steps, len(spikes))) * time.dt

    return respond


def _integer(neuron: CurrentBased, time: Simulation) -> Response:
    @lru_cache(1)
    def kernel(steps: int) -> Tensor:
        values = integer_kernel(neuron, steps)
        return values * (time.dt / values.max())

    def respond(spikes: Tensor) -> Tensor:
        return causal(spikes, kernel(min(time.steps, len(spikes))).to(spikes))

    return respond
