"""The losses with the parameters of a network, on tensors with time last."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from snn.errors import DataError
from torch import Tensor

from ..parameters import number_of, table_of
from ..utils import original_spelling
from .potentials import Response, spike_count_loss, spike_time_loss
from .probabilities import probability_of_spikes_loss
from .responses import response_to_spikes

_MOST_STEPS = 2**31  # of a time, for what cannot be meant


class Loss(torch.nn.Module):
    """The losses with the parameters of a network; tensors are (sample, channel, row, column, time), spikes 1/Ts high.

    Parameters
    ----------
    parameters : Parameters or mapping
        With the tables ``simulation`` (Ts, tSample) and ``neuron``, and, for the number of spikes,
        ``training: error: {tgtSpikeRegion: {start, stop}, tgtSpikeCount: {true, false}}``, times in ms.
    slayer_class : class or None
        A layer, made of the tables neuron and simulation, whose method ``psp`` is the response to spikes. None, or one
        without that method, for the response of the neurons themselves, see `response_to_spikes`.

    Raises
    ------
    SettingsError
        Where a parameter is missing or no number.
    """

    def __init__(self, parameters: Mapping[str, Any], slayer_class: Callable[..., Any] | None = None) -> None:
        super().__init__()
        self.neuron = dict(table_of(parameters, "neuron"))  # a layer may write into what it is given
        self.simulation = dict(table_of(parameters, "simulation"))
        self._settings = parameters
        self._sampling_time = number_of(self.simulation, "Ts", "simulation")
        self._psp = self._response(slayer_class)

    def spike_time(self, spike_out: Tensor, spike_desired: Tensor) -> Tensor:
        """Return the `spike_time_loss` of spikes that should be at the times of ``spike_desired``."""
        _check(spike_out, spike_desired, "spike_desired", spike_out.shape)
        return spike_time_loss(
            _time_first(spike_out),
            _time_first(spike_desired.to(spike_out.device)),
            self._psp,
            sampling_time=self._sampling_time,
        )

    def number_of_spikes(self, spike_out: Tensor, desired_class: Tensor, num_spikes_scale: float = 1) -> Tensor:
        """Return the `spike_count_loss` with the region and the numbers of the parameters.

        Parameters
        ----------
        spike_out : Tensor, (sample, channel, row, column, time)
        desired_class : Tensor, (sample, channel, row, column, 1)
            1 for the neurons that shall fire as often as ``tgtSpikeCount`` has it under true, 0 for the others.
        num_spikes_scale : float
            Factor of the error inside the region.
        """
        _check(spike_out, desired_class, "desired_class", (*spike_out.shape[:4], 1))
        region = table_of(self._settings, "training", "error", "tgtSpikeRegion")
        counts = table_of(self._settings, "training", "error", "tgtSpikeCount")
        counts = {str(key).lower(): count for key, count in counts.items()}  # true is a word of YAML, or a text
        start, stop = (number_of(region, key, "tgtSpikeRegion", least=0) for key in ("start", "stop"))
        true, false = (number_of(counts, key, "tgtSpikeCount", least=0) for key in ("true", "false"))
        chosen = desired_class.to(spike_out.device)[..., 0] != 0
        return spike_count_loss(
            _time_first(spike_out),
            torch.where(chosen, true, false).to(spike_out.dtype),
            self._steps(start),
            self._steps(stop),
            self._psp,
            scale=num_spikes_scale,
            sampling_time=self._sampling_time,
            spike_height=1 / self._sampling_time,
        )

    def probability_of_spikes(
        self, spike_out: Tensor, spike_desired: Tensor, prob_sliding_window: float = 20
    ) -> Tensor:
        """Return the `probability_of_spikes_loss` with windows of ``prob_sliding_window`` ms.

        ``spike_desired`` has the shape of ``spike_out``, or one step alone with the classes.
        """
        steps = 1 if spike_desired.shape[-1:] == (1,) else spike_out.shape[-1]
        _check(spike_out, spike_desired, "spike_desired", (*spike_out.shape[:4], steps))
        return probability_of_spikes_loss(
            _time_first(spike_out),
            _time_first(spike_desired.to(spike_out.device)),
            self._steps(prob_sliding_window) if prob_sliding_window > 0 else 0,
            spike_height=1 / self._sampling_time,
        )

    spikeTime = original_spelling(spike_time)  # noqa: N815
    numSpikes = original_spelling(number_of_spikes)  # noqa: N815
    probSpikes = original_spelling(probability_of_spikes)  # noqa: N815

    def _response(self, slayer_class: Callable[..., Any] | None) -> Response:
        """Return what spikes become before they are compared: the one place that decides it."""
        made = slayer_class(dict(self.neuron), dict(self.simulation)) if slayer_class else None
        psp = getattr(made, "psp", None)
        if psp is None:
            return response_to_spikes(self.neuron, self.simulation)
        return lambda spikes: _time_first(psp(spikes.movedim(0, -1)))

    def _steps(self, time_ms: float) -> int:
        return round(min(time_ms / self._sampling_time, _MOST_STEPS))


def _time_first(spikes: Tensor) -> Tensor:
    return spikes.movedim(-1, 0)


def _check(spikes: Tensor, other: Tensor, name: str, shape: Sequence[int]) -> None:
    if spikes.dim() != 5:
        told = f"spikes of shape {tuple(spikes.shape)} have no five axes"
        raise DataError(told, hint="give (sample, channel, row, column, time)")
    if tuple(other.shape) != tuple(shape):
        raise DataError(f"{name} has shape {tuple(other.shape)}", hint=f"give {tuple(shape)}")
