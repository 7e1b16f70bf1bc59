"""Run a spiking network on a simulator, batch by batch: what a backend takes and gives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Literal, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from .clock import Clock
from .component import Component
from .dataset import Dataset
from .errors import UnsupportedLayer
from .network import Array, Layer, Network, Shape
from .progress import Tell, say_nothing

Integers: TypeAlias = npt.NDArray[np.int64]
Kind: TypeAlias = Literal["current", "spikes"]
T = TypeVar("T")


@dataclass(frozen=True)
class Record:
    """The names of the layers whose activity is kept, beside the output.

    Attributes
    ----------
    counts : set of str
        Neurons whose spikes are counted.
    spikes : set of str
        Neurons each of whose spikes is kept.
    potentials : set of str
        Neurons whose potential after each step is kept.
    """

    counts: frozenset[str] = frozenset()
    spikes: frozenset[str] = frozenset()
    potentials: frozenset[str] = frozenset()

    def __or__(self, other: Record) -> Record:
        """Return what either asks for."""
        return Record(self.counts | other.counts, self.spikes | other.spikes, self.potentials | other.potentials)


@dataclass(frozen=True)
class Setup:
    """What a backend needs besides the network.

    Attributes
    ----------
    clock : Clock
    record : Record
    seed : int
        With the number of the sample and the name of the layer, the only source of chance (`snn.randomness`).
    folder : Path or None
        A folder of the simulator's own, where it may keep files.
    tell : Tell
    processors : int or None
        How many processors the simulator should keep busy, because other work is done beside it; None: all there are.
        No result depends on it.
    kind : str
        The kind of `Stimulus` that is going to be presented, so that a simulator can be built for it.
    """

    clock: Clock = field(default_factory=Clock)
    record: Record = field(default_factory=Record)
    seed: int = 0
    folder: Path | None = None
    tell: Tell = say_nothing
    processors: int | None = None
    kind: Kind = "current"


@dataclass(frozen=True, eq=False)
class Stimulus(ABC):
    """A batch as it enters the network.

    Attributes
    ----------
    samples : ndarray, (batch, *shape)
        The analog samples it was made from.
    numbers : ndarray, (batch,)
        The number of each sample in its data set, which keys its random streams.
    clock : Clock
    """

    samples: Array
    numbers: Integers
    clock: Clock
    kind: ClassVar[Kind]

    @property
    def constant(self) -> bool:
        """Whether every step is the same."""
        return self.kind == "current"

    def of(self, start: int, stop: int) -> Stimulus:
        """Return what enters of the samples ``start`` to ``stop`` of the batch."""
        return replace(self, samples=self.samples[start:stop], numbers=self.numbers[start:stop])

    @abstractmethod
    def steps(self, start: int, stop: int) -> Array:
        """Return what enters in steps ``start`` to ``stop``, (steps, batch, *shape): current times dt, or spikes.

        A spike may have a height other than 1, and a sign.
        """


@dataclass(frozen=True, eq=False)
class Events:
    """Spikes as a list, in order of step, then sample, then neuron.

    Attributes
    ----------
    step, sample, neuron : ndarray of int, (events,)
        Neurons are numbered in the channels-first order of the layer's shape.
    sign : ndarray of int8, (events,)
    """

    step: npt.NDArray[np.int32]
    sample: npt.NDArray[np.int32]
    neuron: npt.NDArray[np.int32]
    sign: npt.NDArray[np.int8]

    def numbers(self, steps: int, batch: int) -> Integers:
        """Return how many there are in each step and sample, (steps, batch)."""
        places = self.step.astype(np.int64) * batch + self.sample
        return np.bincount(places, minlength=steps * batch).reshape(steps, batch)

    def of(self, sample: int) -> Events:
        """Return those of one sample, whose number becomes 0."""
        own = self.sample == sample
        return Events(self.step[own], np.zeros(int(own.sum()), np.int32), self.neuron[own], self.sign[own])

    def dense(self, steps: int, batch: int, shape: Shape) -> npt.NDArray[np.int8]:
        """Return the spikes as an array, (steps, batch, *shape)."""
        array = np.zeros((steps, batch, int(np.prod(shape))), np.int8)
        np.add.at(array, (self.step, self.sample, self.neuron), self.sign)
        return array.reshape(steps, batch, *shape)


class CountedEvents(Events):
    """Events that are kept as their number in each step and sample; steps and samples are written out when asked for.

    Most of what a list of events takes are its steps and samples, which a reader of counts or rates does not need.

    Parameters
    ----------
    counts : ndarray of int, (steps, batch)
    neuron, sign : ndarray of int, (events,)
    """

    def __init__(self, counts: Integers, neuron: npt.NDArray[np.int32], sign: npt.NDArray[np.int8]) -> None:
        for name, value in (("_counts", counts), ("neuron", neuron), ("sign", sign)):
            object.__setattr__(self, name, value)

    _counts: Integers

    def numbers(self, steps: int, batch: int) -> Integers:
        return self._counts

    @cached_property
    def step(self) -> npt.NDArray[np.int32]:
        """The step of each event, (events,)."""
        return np.repeat(np.arange(len(self._counts), dtype=np.int32), self._counts.sum(axis=1))

    @cached_property
    def sample(self) -> npt.NDArray[np.int32]:
        """The sample of each event, (events,)."""
        steps, batch = self._counts.shape
        return np.repeat(np.tile(np.arange(batch, dtype=np.int32), steps), self._counts.reshape(-1))


@dataclass(frozen=True, eq=False)
class Recording:
    """What a simulator saw while one batch was presented.

    Attributes
    ----------
    output : ndarray, (steps, batch, classes)
        The state of the output after each step: spikes so far, each with its sign, or the potential where the output
        does not spike; for neurons with a window, what their spikes so far are worth.
    operations : ndarray, (steps, batch), or None
        Synaptic operations so far: spikes times fan-out (`snn.operations`), plus, from the first step on, the
        multiply-adds of the layers that a constant input passes once. None where the simulator cannot count.
    counts : mapping of layer name to ndarray of int, (batch, *shape)
        Spikes in all steps.
    spikes : mapping of layer name to Events
    potentials : mapping of layer name to ndarray, (steps, batch, *shape)
        Potentials after each step, and after the reset.
    output_potentials : ndarray, (steps, batch, classes), or None
        Of an output of latched neurons, the potential after each step: it tells the class where spikes do not.
    """

    output: Array
    operations: npt.NDArray[np.float64] | None = None
    counts: Mapping[str, Integers] = field(default_factory=dict)
    spikes: Mapping[str, Events] = field(default_factory=dict)
    potentials: Mapping[str, Array] = field(default_factory=dict)
    output_potentials: Array | None = None

    def of(self, sample: int) -> Recording:
        """Return the recording of one sample, as a batch of its own."""
        one = slice(sample, sample + 1)
        output = self.output_potentials
        return replace(
            self,
            output=self.output[:, one],
            operations=None if self.operations is None else self.operations[:, one],
            counts={name: counts[one] for name, counts in self.counts.items()},
            spikes={name: events.of(sample) for name, events in self.spikes.items()},
            potentials={name: values[:, one] for name, values in self.potentials.items()},
            output_potentials=None if output is None else output[:, one],
        )

    def only(self, record: Record) -> Recording:
        """Return the recording with no other activity than ``record`` asks for."""

        def kept(activity: Mapping[str, T], names: frozenset[str]) -> dict[str, T]:
            return {name: value for name, value in activity.items() if name in names}

        return replace(
            self,
            counts=kept(self.counts, record.counts),
            spikes=kept(self.spikes, record.spikes),
            potentials=kept(self.potentials, record.potentials),
        )


class NotSimulated(Exception):  # noqa: N818  an outcome, not an error
    """A backend has built the network but cannot run it here (a virtual machine, files only)."""


class Simulator(ABC):
    """A network on a simulator, ready to run; a context manager, so that processes and boards are let go."""

    def __enter__(self) -> Simulator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def run(self, stimulus: Stimulus) -> Recording:
        """Present one batch to the network at rest and return what it did; raise NotSimulated where that cannot be."""

    def facts(self) -> Mapping[str, object]:
        """Return what is worth knowing of the build: synapses, cores, seconds."""
        return {}

    def close(self) -> None:  # noqa: B027  most simulators hold nothing
        """Let go of processes, boards and files; may be called more than once."""


@dataclass(frozen=True)
class Problem:
    """Why a backend cannot run a layer, and what to do."""

    layer: str
    message: str
    hint: str = ""


@dataclass(frozen=True)
class Backend(Component):
    """A simulator of spiking networks.

    Attributes
    ----------
    layers : set of Layer kinds
        What it runs; every other kind is refused.
    inputs : tuple of str
        The kinds of `Stimulus` that it takes: ``current``, ``spikes``.
    sequences : bool
        Whether it takes a current that is not constant, as samples shown one after the other are.
    prefers : mapping of table to mapping of key to value
        What it would have in a run file, as in ``{"convert": {"spiking_pools": True}}``; used and told where the user
        has said nothing.
    """

    layers: ClassVar[frozenset[type[Layer]]]
    inputs: ClassVar[tuple[str, ...]] = ("current", "spikes")
    sequences: ClassVar[bool] = False
    prefers: ClassVar[Mapping[str, Mapping[str, Any]]] = MappingProxyType({})

    def inspect(self, network: Network) -> tuple[Problem, ...]:
        """Return what keeps this backend from running ``network``: kinds, values of fields, limits."""
        return tuple(
            Problem(layer.name, f"backend {self.name!r} does not run {layer.kind}")
            for layer in network.layers
            if type(layer) not in self.layers
        )

    def fit(self, network: Network, data: Dataset | None) -> Network:
        """Return the network as this backend runs it, quantised for instance; ``data`` are typical samples."""
        return network

    @abstractmethod
    def build(self, network: Network, setup: Setup) -> Simulator:
        """Return ``network`` on this simulator."""

    def counting_fault(self) -> str:
        """Return why the spikes of neurons do not tell what they give to others, in a phrase; empty where they do.

        They do where each has the height that the kind of neuron says, and every sample is shown for the whole time.
        """
        return ""

    def check(self, network: Network) -> None:
        """Raise UnsupportedLayer where `inspect` finds a problem."""
        if problems := self.inspect(network):
            lines = [f"layer {problem.layer!r}: {problem.message}" for problem in problems]
            hint = problems[0].hint or "snn plugins --json lists the layers that each installed backend runs"
            raise UnsupportedLayer("\n".join(lines), hint=hint)
