"""What the settings of the frontend ask for, without the frontend."""

from __future__ import annotations

from dataclasses import dataclass

from snn.network import Shape


@dataclass(frozen=True)
class Wishes:
    """How a model is to be read.

    Attributes
    ----------
    weights, mean : str
        The files with the weights and the mean image; empty for those that are found.
    preprocessing : bool
        Whether what the data layer does to samples becomes a layer of the network.
    input_shape : tuple of int
        The shape of a sample; empty where the prototxt says it.
    output : str
        The layer or blob that is the result; empty for the only one there is.
    """

    weights: str = ""
    mean: str = ""
    preprocessing: bool = True
    input_shape: Shape = ()
    output: str = ""
