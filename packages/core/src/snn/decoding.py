"""Tell the class from what the output neurons have done so far."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .network import Layer
from .neurons import Neuron
from .simulating import Recording

UNDECIDED = -1


def decode(recording: Recording, output: Layer) -> npt.NDArray[np.int64]:
    """Return the class after each step, (steps, batch); -1 while nothing speaks for any class.

    The class is the one with the most spikes, or the highest potential; among equals, the lowest number.
    Nothing speaks for any class while no output has fired, or all potentials are the same.
    """
    values = recording.output.reshape(*recording.output.shape[:2], -1)
    classes = values.argmax(axis=2).astype(np.int64)
    spiking = not isinstance(output, Neuron) or output.spiking
    nothing = values.max(axis=2) == (0 if spiking else values.min(axis=2))
    if values.shape[2] > 1:
        classes[nothing] = UNDECIDED
    return classes
