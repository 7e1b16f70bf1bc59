"""The same network on several backends, compared with the first of them: spikes, outputs, classes, seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import numpy as np

from . import fitting, presenting, sampling, stimuli
from .dataset import UNKNOWN, Dataset
from .decoding import decode
from .errors import SettingsError, SnnError
from .network import Network
from .neurons import Neuron
from .plugins import Plugins, check_requirements, raised_by
from .progress import Progress, Tell, say_nothing
from .run_file import RunFile
from .simulating import Backend, Integers, Record, Recording, Setup, Simulator, Stimulus


@dataclass(frozen=True)
class Spikes:
    """The spikes of one layer over all samples.

    Attributes
    ----------
    count : int
        How many there are.
    difference : int
        The sum, over samples and neurons, of how far their number is from that on the first backend.
    first : int
        How many there are on the first backend.
    """

    count: int
    difference: int
    first: int

    @property
    def share(self) -> float:
        """The difference as a share of the spikes on the first backend, or of one where there are none."""
        return self.difference / max(1, self.first)


@dataclass(frozen=True)
class Parity:
    """What one backend did, compared with the first.

    Attributes
    ----------
    backend : str
    fault : str
        Why it did not run, in one line; empty where it did.
    layers : mapping of name to Spikes
        Of each layer of spiking neurons.
    output : float
        The largest difference of an output at the end: of its potential, or of its number of spikes.
    agreement : float
        The share of samples to which it gives the class that the first backend gives.
    accuracy : float or None
        The share of the samples with a label that it classifies rightly.
    seconds : float
        How long the runs took, without building.
    build_seconds : float
    """

    backend: str
    fault: str = ""
    layers: Mapping[str, Spikes] = field(default_factory=dict)
    output: float = 0.0
    agreement: float = 0.0
    accuracy: float | None = None
    seconds: float = 0.0
    build_seconds: float = 0.0


def parity(
    run: RunFile, network: Network, data: Dataset, backends: Sequence[str], plugins: Plugins, tell: Tell = say_nothing
) -> tuple[Parity, ...]:
    """Return what each of ``backends`` makes of ``data``, as far as it takes the network; the first is compared with.

    All run at the same time, batch by batch, so that no more than one batch is held.

    Raises
    ------
    SettingsError
        Fewer than two backends are named, or one twice.
    SnnError
        The first backend does not run the network.
    """
    if len(backends) < 2 or len(set(backends)) < len(backends):
        raise SettingsError(
            f"backends: {', '.join(backends) or 'none'}; two or more are compared, each once",
            hint="name them with commas between: --backends inisim,brian2",
        )
    for name in backends:
        plugins.component("backend", name)
    if network.stage != "spiking":
        raise SettingsError(f"the network is {network.stage}, not spiking", hint="convert it first: snn convert")
    if run.simulate.sequence > 1:
        raise SettingsError("[simulate] sequence: backends are compared on samples that begin at rest")
    clock = presenting.clock_of(run, network)
    data = fitting.fit(sampling.selected(run, data), network, tell, skip_bad=run.data.skip_bad)
    stimuli.check(run, data)
    names = frozenset(layer.name for layer in network.layers if isinstance(layer, Neuron) and layer.spiking)
    setup = Setup(clock=clock, record=Record(counts=names), seed=run.general.seed, tell=tell, kind=run.simulate.kind)
    with ExitStack() as stack:
        sides = [_Side(run.backends[name], network, plugins) for name in backends]
        first = sides[0]
        for side in sides:
            with side.blamed(fatal=side is first):
                side.build(stack, setup)
        for start, samples in data.batches(run.simulate.batch):
            tell(Progress("parity", start, len(data)))
            entering = stimuli.batch(run, data, start, samples, clock)
            for side in sides:
                if side.fault:
                    continue
                with side.blamed(fatal=side is first):
                    side.present(entering, start)
                    side.compare(first, data.labels[start : start + len(samples)])
        tell(Progress("parity", len(data), len(data)))
        return tuple(side.told() for side in sides)


class _Side:
    """A backend while it is compared; once it has failed, it is passed over."""

    def __init__(self, backend: Backend, network: Network, plugins: Plugins) -> None:
        self._backend, self._network, self._plugins = backend, network, plugins
        self._simulator: Simulator
        self._recorded: Recording
        self._classes: Integers = np.zeros(0, np.int64)
        self._counted: dict[str, list[int]] = {}  # of each layer: spikes, difference, spikes on the first
        self.fault, self._output, self._seconds, self._build_seconds = "", 0.0, 0.0, 0.0
        self._same = self._right = self._known = self._samples = 0

    @contextmanager
    def blamed(self, *, fatal: bool) -> Iterator[None]:
        """Keep an error as the reason why this backend is left out, unless it is ``fatal``."""
        try:
            with raised_by("backend", self._backend, self._plugins):
                yield
        except SnnError as error:
            if fatal:
                raise
            self.fault = f"{str(error).splitlines()[0]} ({error.hint})"

    def build(self, stack: ExitStack, setup: Setup) -> None:
        self._backend.check(self._network)
        check_requirements("backend", self._backend)
        started = time.perf_counter()
        self._simulator = stack.enter_context(self._backend.build(self._network, setup))
        self._build_seconds = time.perf_counter() - started

    def present(self, stimulus: Stimulus, start: int) -> None:
        started = time.perf_counter()
        self._recorded = presenting.present(self._simulator, stimulus, self._backend.name, start)
        self._seconds += time.perf_counter() - started
        self._classes = decode(self._recorded, self._network.output)[-1]

    def compare(self, first: _Side, labels: Integers) -> None:
        own, others = self._recorded, first._recorded
        for name, counts in own.counts.items():
            other = others.counts[name]
            kept = self._counted.setdefault(name, [0, 0, 0])
            for place, number in enumerate((counts.sum(), np.abs(counts - other).sum(), other.sum())):
                kept[place] += int(number)
        self._output = max(self._output, float(np.abs(own.output[-1] - others.output[-1]).max()))
        known = labels != UNKNOWN
        self._same += int((self._classes == first._classes).sum())
        self._right += int((self._classes == labels)[known].sum())
        self._known += int(known.sum())
        self._samples += len(labels)

    def told(self) -> Parity:
        if self.fault:
            return Parity(self._backend.name, self.fault)
        order = [layer.name for layer in self._network.layers if layer.name in self._counted]
        return Parity(
            backend=self._backend.name,
            layers={name: Spikes(*self._counted[name]) for name in order},
            output=self._output,
            agreement=self._same / self._samples,
            accuracy=self._right / self._known if self._known else None,
            seconds=self._seconds,
            build_seconds=self._build_seconds,
        )
