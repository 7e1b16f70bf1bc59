"""What a spike code is: a kind of neuron, and how it takes the place of an activation."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from . import layers as op
from .clock import Clock
from .component import Component
from .network import Layer, Network
from .neurons import Neuron

Trial: TypeAlias = Callable[[Clock], npt.NDArray[np.float64]]
"""Simulates the spiking network on calibration samples with a clock, and returns for each step the share of them that
get the class of the analog network, (steps,)."""


@dataclass(frozen=True)
class Code(Component):
    """A spike code: a kind of neuron, and how it takes the place of an activation.

    Its fields are set in the table ``[convert]``.

    Attributes
    ----------
    neurons : set of Neuron kinds
        What `place` may return.
    functions : set of str
        The activations it has a spiking form for.
    readouts : tuple of str
        The readouts that go with it.
    prefers : mapping of table to mapping of key to value
        What it would have in a run file, as in ``{"normaliser.percentile": {"percentile": 100.0}}``; used and told
        where neither the user nor the backend has said anything.
    calibrates : bool
        Whether the duration that suits it depends on the network, so that `calibrate` finds a better one than `clock`.
    """

    neurons: ClassVar[frozenset[type[Neuron]]]
    functions: ClassVar[frozenset[str]] = frozenset({"relu"})
    readouts: ClassVar[tuple[str, ...]] = ("potential", "spikes")
    prefers: ClassVar[Mapping[str, Mapping[str, Any]]] = MappingProxyType({})
    calibrates: ClassVar[bool] = False

    @abstractmethod
    def place(self, activation: op.Activation, network: Network) -> Layer:
        """Return the neurons that take the place of ``activation``, with its name and inputs."""

    def complete(self, network: Network, seed: int) -> Network:
        """Return ``network``, whose neurons are all placed, with what depends on the whole of it, or on chance."""
        return network

    def clock(self, network: Network) -> Clock:
        """Return the duration and step that suit this code on the spiking ``network``, whose neurons it has placed."""
        return Clock(duration_ms=100.0, dt_ms=1.0)

    def calibrate(self, clock: Clock, trial: Trial) -> Clock:
        """Return the clock with which ``trial`` shows that the code does well; ``clock`` is the one to start from.

        Asked where `calibrates`, calibration samples are there and the user names no duration; keep the step of
        ``clock``.
        """
        return clock


def ends(activation: op.Activation, network: Network) -> bool:
    """Return whether neurons in the place of ``activation`` are the output of the spiking network of ``network``."""
    last = network.output.name
    return activation.name == last or activation.inputs == (last,)
