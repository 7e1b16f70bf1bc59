"""A simulator that runs a network step by step, whatever its neurons: those are placed by the engine of a code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter
from typing import TypeVar

from snn.errors import SettingsError
from snn.network import Layer, Network
from snn.neurons import Neuron
from snn.operations import constant_multiply_adds, fan_out
from snn.sequences import Sequence
from snn.simulating import Recording, Setup, Simulator, Stimulus

from . import kernels, layout
from .checking import check_record, check_stimulus, processors
from .compiling import prepare
from .parts import Part
from .placing import place
from .presenting import Engine, Presentation
from .recording import Recorder
from .stopping import Decisions
from .trains import enlist

Same = TypeVar("Same")


def _as_it_is(value: Same) -> Same:
    return value


@dataclass(frozen=True)
class StepEngine:
    """What the engine of a code brings.

    Attributes
    ----------
    name : str
    place : callable
        Returns a neuron layer as a `Part`.
    kernels : tuple of callable
        What `place` and `around` need compiled, beside the kernels of the operations.
    rewrite : callable
        Returns the network as its parts are placed: what spikes carry may be something else, under the same names.
    enter : callable
        Returns what enters that network, for a stimulus.
    around : callable
        Returns the part that stands for that of a layer, neurons or not; by default itself.
    stop_margin : float
        By how much the leading output is ahead of the second when a sample stops; 0: none stops.
    """

    name: str
    place: Callable[[Layer, Network, Setup], Part]
    kernels: tuple[Callable[..., None], ...]
    rewrite: Callable[[Network], Network] = _as_it_is
    enter: Callable[[Stimulus], Stimulus] = _as_it_is
    around: Callable[[Part, Layer, Network, Setup], Part] = lambda part, *_: part
    stop_margin: float = 0.0


class StepSimulator(Simulator):
    """A network that runs in steps, ready to run; between runs it keeps no more than how long they were."""

    def __init__(self, network: Network, setup: Setup, threads: int, engine: StepEngine) -> None:
        started = perf_counter()
        check_record(network, setup.record)
        prepare((*kernels.ALL, *engine.kernels, enlist), setup.tell)
        self._code = engine
        self._setup = setup
        self._threads = threads or processors()
        self._once = constant_multiply_adds(network)
        self._margin = engine.stop_margin
        self._steps_used: list[int] = []
        counted = {name: paths for name, paths in fan_out(network).items() if paths.any()}
        network = engine.rewrite(network)
        self._engine = Engine(
            network,
            {
                layer.name: engine.around(
                    (engine.place if isinstance(layer, Neuron) else place)(layer, network, setup), layer, network, setup
                )
                for layer in network.layers
                if layer.arity != 0
            },
            {name: layout.inwards(paths, network.shapes[name])[0] for name, paths in counted.items()},
        )
        self._seconds = perf_counter() - started

    def run(self, stimulus: Stimulus) -> Recording:
        network, clock = self._engine.network, self._setup.clock
        check_stimulus(stimulus, network, clock)
        recorder = Recorder(network, self._setup.record, clock.steps, len(stimulus.samples))
        if stimulus.constant:
            recorder.operations[0] += self._once
        if self._margin and isinstance(stimulus, Sequence):
            raise SettingsError(
                "[backend.inisim] stop_margin: samples that are shown one after the other do not stop by themselves",
                hint="choose simulate.sequence = 1, or stop_margin = 0",
            )
        decisions = Decisions(self._margin, len(stimulus.samples), clock.steps)
        Presentation(self._engine, self._code.enter(stimulus), recorder, decisions).run(self._threads)
        if self._margin:
            self._steps_used += decisions.steps.tolist()
        with ThreadPoolExecutor(self._threads) as pool:
            return recorder.finish(self._threads, pool)

    def facts(self) -> Mapping[str, object]:
        facts = {"engine": self._code.name, "threads": self._threads, "build_seconds": self._seconds}
        return facts | ({"mean_steps": sum(used) / len(used)} if (used := self._steps_used) else {})
