"""What a spike code is: a kind of neuron, and how it takes the place of an activation."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

from . import layers as op
from .clock import Clock
from .component import Component
from .network import Layer, Network
from .neurons import Neuron


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
    """

    neurons: ClassVar[frozenset[type[Neuron]]]
    functions: ClassVar[frozenset[str]] = frozenset({"relu"})
    readouts: ClassVar[tuple[str, ...]] = ("potential", "spikes")
    prefers: ClassVar[Mapping[str, Mapping[str, Any]]] = MappingProxyType({})

    @abstractmethod
    def place(self, activation: op.Activation, network: Network) -> Layer:
        """Return the neurons that take the place of ``activation``, with its name and inputs."""

    def complete(self, network: Network, seed: int) -> Network:
        """Return ``network``, whose neurons are all placed, with what depends on the whole of it, or on chance."""
        return network

    def clock(self, network: Network) -> Clock:
        """Return the duration and step that suit this code on ``network``."""
        return Clock(duration_ms=100.0, dt_ms=1.0)
