"""Tell the class from what the output neurons have done so far."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .network import Array, Layer
from .neurons import Neuron
from .simulating import Recording

UNDECIDED = -1
UNRANKED = -1


def decode(recording: Recording, output: Layer) -> npt.NDArray[np.int64]:
    """Return the class after each step, (steps, batch); -1 while nothing speaks for any class.

    The class is the one with the most spikes, or the highest potential; among equals, the lowest number.
    Nothing speaks for any class while no output has fired, or all potentials are the same.

    Of latched outputs the one whose current has flowed for the longest tells the class: where spikes are not taken
    back, the one that fired first. Among equals, and while none has fired, the highest potential tells it.
    """
    values = recording.output.reshape(*recording.output.shape[:2], -1)
    if isinstance(output, Neuron) and output.latched:
        return _longest(values, recording.output_potentials)
    classes = values.argmax(axis=2).astype(np.int64)
    spiking = not isinstance(output, Neuron) or output.spiking
    nothing = values.max(axis=2) == (0 if spiking else values.min(axis=2))
    if values.shape[2] > 1:
        classes[nothing] = UNDECIDED
    return classes


def rank(recording: Recording, output: Layer, labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return how many classes stand before the right one after each step, (steps, batch); -1 where it is unknown.

    Classes stand in the order in which `decode` would choose them, so that a sample is classified rightly where the
    rank is 0; while nothing speaks for any class, all of them stand before the right one.

    Parameters
    ----------
    labels : ndarray of int, (batch,)
        The right class of each sample; negative where unknown.
    """
    values = recording.output.reshape(*recording.output.shape[:2], -1)
    second = np.zeros_like(values)
    if isinstance(output, Neuron) and output.latched:
        if recording.output_potentials is not None:
            second = recording.output_potentials.reshape(values.shape)
        values = np.cumsum(values, axis=0, dtype=np.float64)
    ranks = np.stack([ahead(first, others, labels) for first, others in zip(values, second, strict=True)])
    ranks[decode(recording, output) == UNDECIDED] = values.shape[2]
    ranks[:, labels < 0] = UNRANKED
    return ranks


def ahead(
    values: npt.NDArray[np.floating], others: npt.NDArray[np.floating], labels: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Return how many classes have a higher value than the right one, (batch,); -1 where that is unknown.

    Among equal ``values`` (batch, classes) the higher of ``others`` goes first, and then the lower number.
    """
    right = np.maximum(labels, 0)[:, None]
    value, other = (np.take_along_axis(part, right, axis=1) for part in (values, others))
    lower = np.arange(values.shape[1]) < right
    before = (values > value) | ((values == value) & ((others > other) | ((others == other) & lower)))
    return np.where(labels < 0, UNRANKED, before.sum(axis=1))


def _longest(flowing: Array, potentials: Array | None) -> npt.NDArray[np.int64]:
    """Return the class of latched outputs, given their currents and potentials after each step, (steps, batch, n)."""
    time = np.cumsum(flowing, axis=0, dtype=np.float64)
    potentials = np.zeros_like(flowing) if potentials is None else potentials.reshape(flowing.shape)
    leads = time == time.max(axis=2, keepdims=True)
    classes = np.where(leads, potentials, -np.inf).argmax(axis=2).astype(np.int64)
    nothing = (time.max(axis=2) == 0) & (potentials.max(axis=2) == potentials.min(axis=2))
    if flowing.shape[2] > 1:
        classes[nothing] = UNDECIDED
    return classes
