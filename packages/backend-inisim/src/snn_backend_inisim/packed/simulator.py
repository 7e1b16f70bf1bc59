"""The engine of the rate code where nothing stands in its way: spikes as bits, many steps and samples at a time."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

from snn.network import Network
from snn.operations import constant_multiply_adds, fan_out
from snn.simulating import Recording, Setup, Simulator, Stimulus

from .. import kernels, layout
from ..checking import check_record, check_stimulus, processors
from ..compiling import prepare
from ..recording import Recorder
from ..trains import enlist
from . import counting, listing
from .grouping import Grouped
from .planning import plan
from .program import Program
from .spaces import Spaces

_RECORDING = (*listing.KERNELS, enlist)


class PackedSimulator(Simulator):
    """A network of rate-coded neurons, ready to run; between runs it keeps memory and threads, but no state."""

    def __init__(self, network: Network, setup: Setup, threads: int) -> None:
        started = perf_counter()
        check_record(network, setup.record)
        self._setup = setup
        self._threads = threads or processors()
        self._once = constant_multiply_adds(network)
        paths = {name: layout.inwards(each, network.shapes[name])[0] for name, each in fan_out(network).items()}
        counted = {name: each.reshape(-1, network.shapes[name][0]) for name, each in paths.items() if each.any()}
        tasks = plan(network, setup)
        kept = _RECORDING if setup.record.counts or setup.record.spikes else ()
        needed = [kernel for task in tasks for kernel in task.needs]
        prepare(dict.fromkeys([*needed, *kept, *counting.KERNELS, kernels.count_operations]), setup.tell)
        self._program = Program(network, tasks, counted)
        self._spaces = Spaces()
        self._pool = ThreadPoolExecutor(self._threads)  # starts no thread before there is work
        self._seconds = perf_counter() - started

    def run(self, stimulus: Stimulus) -> Recording:
        network, clock = self._program.network, self._setup.clock
        check_stimulus(stimulus, network, clock)
        recorder = Recorder(network, self._setup.record, clock.steps, len(stimulus.samples))
        if stimulus.constant:
            recorder.operations[0] += self._once
        Grouped(self._program, self._spaces, stimulus, recorder).run(self._threads, self._pool)
        return recorder.finish(self._threads, self._pool)

    def close(self) -> None:
        self._pool.shutdown()

    def facts(self) -> Mapping[str, object]:
        return {"engine": "rate", "threads": self._threads, "build_seconds": self._seconds}
