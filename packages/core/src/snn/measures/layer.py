"""The measures of one layer of neurons, over the samples of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

PARTS = ("inherited", "clipping", "quantisation", "unevenness")
"""The parts of the error budget, in the order in which they arise (`snn.measures.error_budget`)."""

Points: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True)
class ErrorPart:
    """A deviation of values from activations, or one part of it, over all neurons and samples that were compared.

    Attributes
    ----------
    mean : float
    mean_absolute : float
    share : float
        What it adds to the mean absolute deviation: the mean of the part times the sign of the deviation. The shares
        of all parts sum to the mean absolute deviation; a negative one makes up for others.
    """

    mean: float
    mean_absolute: float
    share: float


@dataclass(frozen=True, eq=False)
class LayerMeasures:
    """What a layer of neurons did, and how that compares with the analog layer.

    Values and activations are in units of the scale of the layer: 1 is one spike a millisecond in the rate code, the
    largest value in codes with windows, a spike after one millisecond in codes of first spikes.

    Attributes
    ----------
    name, kind : str
    neurons : int
    samples : int
        How many were counted.
    compared : int
        Samples that were compared with the analog network; 0 where there is none, or the kind of neuron is unknown.
    spikes : float or None
        Spikes of the whole layer in a sample, on average; None where it does not spike.
    rate_hz : float or None
        Spikes of a neuron per second of simulated time, on average.
    silent : int or None
        Neurons that fire in no sample.
    lost : int or None
        Of the silent ones, those whose analog activation is above zero in some compared sample.
    saturated : int or None
        Neurons that give the largest value they can in some sample.
    correlation : float or None
        Pearson's coefficient of values and activations: of each sample, over the neurons where not both are zero and,
        but for the output, the activation is below the largest value; then the mean of the samples (the ancestor's).
    activation, value : float or None
        The mean over the compared samples.
    deviation : ErrorPart or None
        Of values from activations.
    budget : mapping of part to ErrorPart, or None
        The deviation in its parts; None where they cannot be told, and `unsplit` says why.
    unsplit : str
    points : ndarray of float32, (points, 2)
        Activation and value of neurons that were picked evenly from all compared samples.
    """

    name: str
    kind: str
    neurons: int
    samples: int
    compared: int = 0
    spikes: float | None = None
    rate_hz: float | None = None
    silent: int | None = None
    lost: int | None = None
    saturated: int | None = None
    correlation: float | None = None
    activation: float | None = None
    value: float | None = None
    deviation: ErrorPart | None = None
    budget: Mapping[str, ErrorPart] | None = None
    unsplit: str = ""
    points: Points | None = None
