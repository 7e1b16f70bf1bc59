"""What the process of Lava is told, as plain arrays; neurons of images stand with channels last, as Lava has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Group:
    """A layer of neurons.

    Attributes
    ----------
    shape : tuple of int
        With channels last.
    depth : int
        The step in which it begins.
    threshold : int
    current_decay, voltage_decay : int
        As Lava has the first: without the 1 that it adds.
    soft : bool
        Whether it is reset by subtraction.
    initial, bias_mantissa, bias_exponent : ndarray of int, (*shape)
    read : bool
        Whether its voltages are read.
    """

    shape: tuple[int, ...]
    depth: int
    threshold: int
    current_decay: int
    voltage_decay: int
    soft: bool
    initial: Integers
    bias_mantissa: Integers
    bias_exponent: Integers
    read: bool


@dataclass(frozen=True, eq=False)
class Bundle:
    """Synapses from one group, or the entry, to another.

    Attributes
    ----------
    source, target : str
    weight : ndarray of int
        Mantissas, (out, in), or for a convolution (out, x, y, in / groups), whole, with the kernel turned around.
    exponent : int
    delay : int
        In steps, 1 or more.
    stride, padding, dilation : pair of int
        Of a convolution.
    groups : int
        Of a convolution; 0 for a matrix.
    """

    source: str
    target: str
    weight: Integers
    exponent: int
    delay: int = 1
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 0


@dataclass(frozen=True, eq=False)
class Build:
    """A network.

    Attributes
    ----------
    groups : mapping of name to Group
    bundles : tuple of Bundle
    entry : str
        What fires as it is told; empty where nothing does.
    inputs : tuple of int
        The shape of the entry, with channels last.
    steps : int
        How many a sample takes, without those that the deepest layer is behind.
    """

    groups: Mapping[str, Group]
    bundles: tuple[Bundle, ...]
    entry: str
    inputs: tuple[int, ...]
    steps: int


@dataclass(frozen=True, eq=False)
class Present:
    """A batch.

    Attributes
    ----------
    spikes : ndarray of 0 and 1, (steps, batch, *inputs)
    mantissa, exponent : mapping of name to ndarray of int, (batch, steps or 1, *shape)
        The biases of groups that samples reach.
    """

    spikes: npt.NDArray[np.uint8]
    mantissa: Mapping[str, Integers]
    exponent: Mapping[str, Integers]


@dataclass(frozen=True, eq=False)
class Answer:
    """What the groups did.

    Attributes
    ----------
    fired : mapping of name to ndarray of 0 and 1, (steps, batch, *shape)
        An output that is only read fires where its voltage is too large.
    voltages : mapping of name to ndarray of int, (steps, batch, *shape)
    """

    fired: Mapping[str, npt.NDArray[np.uint8]]
    voltages: Mapping[str, npt.NDArray[np.int32]]
