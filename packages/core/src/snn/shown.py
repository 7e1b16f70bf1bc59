"""What one sample does in a spiking network, neuron by neuron, for those who draw it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .network import Array
from .simulating import Events


@dataclass(frozen=True, eq=False)
class ShownLayer:
    """A layer of neurons while one sample is shown.

    Attributes
    ----------
    name : str
    activation : ndarray of float32, (*shape), or None
        Of the analog network, in units of the layer's scale.
    value : ndarray of float32, (*shape), or None
        What the spikes, or the potential, stand for, in the same units (`snn.measures.worth`).
    spikes : Events or None
        Of the one sample, whose number there is 0; None for neurons that do not spike.
    potentials : ndarray of float32, (steps, *shape), or None
        After each step; only where a reporter needs them.
    """

    name: str
    activation: npt.NDArray[np.float32] | None = None
    value: npt.NDArray[np.float32] | None = None
    spikes: Events | None = None
    potentials: npt.NDArray[np.float32] | None = None


@dataclass(frozen=True, eq=False)
class ShownSample:
    """One sample, and what each layer of neurons makes of it.

    Attributes
    ----------
    number : int
        In the data set.
    place : int
        Among the samples of the run, which may be a selection.
    sample : ndarray of float32, (*shape)
    layers : tuple of ShownLayer
        In the order of the network.
    """

    number: int
    place: int
    sample: Array
    layers: tuple[ShownLayer, ...]
