"""The losses of SLAYER: what output spikes differ from, in time, in number or in probability.

Each is a sum over the samples of a batch. The functions have time as the first axis, (time, sample, *shape), and spikes
of height 1 by default; `Loss` has tensors (sample, channel, row, column, time) and spikes of height 1/Ts, and hands
them on as views.
"""

from __future__ import annotations

from .loss import Loss
from .potentials import Response, number_of_spikes_loss, spike_count_loss, spike_time_loss
from .probabilities import probability_of_spikes_loss

__all__ = [
    "Loss",
    "Response",
    "number_of_spikes_loss",
    "probability_of_spikes_loss",
    "spike_count_loss",
    "spike_time_loss",
]
