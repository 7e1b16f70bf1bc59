"""What class the output spikes of a network stand for."""

from __future__ import annotations

import torch
from snn.errors import DataError
from torch import Tensor

from .utils import original_spelling


class Predictor:
    """Reads classes from spikes: each output neuron is a class."""

    @staticmethod
    def get_class(spikes: Tensor) -> Tensor:
        """Return the class with most spikes, the first of several.

        Parameters
        ----------
        spikes : Tensor, (sample, channel, row, column, time)

        Returns
        -------
        Tensor of int64, (sample,)
            On the CPU, where a loader has the labels to compare with.
        """
        return _counts(spikes).argmax(1).cpu()

    @staticmethod
    def get_probabilities(spikes: Tensor) -> Tensor:
        """Return the share of each class in the spikes of a sample; all are alike where there are none.

        Parameters
        ----------
        spikes : Tensor, (sample, channel, row, column, time)

        Returns
        -------
        Tensor, (sample, class)
        """
        counts = _counts(spikes)
        total = counts.sum(1, keepdim=True)
        return torch.where(total > 0, counts / total.clamp_min(torch.finfo(counts.dtype).tiny), 1 / counts.shape[1])

    getClass = staticmethod(original_spelling(get_class))  # noqa: N815
    getProb = staticmethod(original_spelling(get_probabilities))  # noqa: N815


def _counts(spikes: Tensor) -> Tensor:
    if spikes.dim() != 5 or (not spikes[0:1].numel() and len(spikes)):
        told = f"spikes of shape {tuple(spikes.shape)} stand for no classes"
        raise DataError(told, hint="give (sample, channel, row, column, time)")
    return spikes.sum(4).flatten(1)
