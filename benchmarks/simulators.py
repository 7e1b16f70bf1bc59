"""How long other people's simulators take to be given a network and to run a sample, and whether spikes differ.

    python benchmarks/simulators.py [--sizes 784-1200-1200-10] [--steps 100] [--turns 3] [--contenders NAME ...]

A network of random weights, built and run on each simulator in turn, by the backends ``inisim``, ``brian2`` and
``pynn``. Medians of wall time of the whole call, in a process that has imported the backend before; a simulator that
PyNN drives is a process of its own, whose start is counted. Spikes are compared with those of ``inisim``.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from snn import layers as op
from snn.clock import Clock
from snn.encoding import ConstantCurrent
from snn.network import Layer, Network
from snn.neurons import Accumulate, IntegrateFire
from snn.plugins import Plugins, check_requirements
from snn.simulating import Backend, Record, Setup

CONTENDERS = {
    "inisim": ("inisim", {}),
    "brian2": ("brian2", {}),
    "NEST": ("pynn", {"simulator": "nest"}),
    "NEST, PyNN's connectors": ("pynn", {"simulator": "nest", "native": False}),
    "NEURON": ("pynn", {"simulator": "neuron"}),
    "Brian2 by PyNN": ("pynn", {"simulator": "brian2"}),
    "NEURON, PyNN's connectors": ("pynn", {"simulator": "neuron", "native": False}),
    "Brian2, PyNN's connectors": ("pynn", {"simulator": "brian2", "native": False}),
}
USUAL = list(CONTENDERS)[:-2]  # the last two take minutes to hours


def network(sizes: list[int]) -> Network:
    """Return dense layers whose weights are multiples of 1 / 4096, so that sums are exact in any order."""
    rng = np.random.default_rng(0)

    def rounded(values: np.ndarray) -> np.ndarray:
        return (np.round(values * 4096) / 4096).astype(np.float32)

    layers: list[Layer] = [op.Input(name="input", shape=(sizes[0],))]
    entry = IntegrateFire(name="fire0", inputs=("input",))
    layers.append(entry)
    for number, (inputs, outputs) in enumerate(pairwise(sizes), 1):
        weight = rounded(2 * rng.standard_normal((outputs, inputs)) / np.sqrt(inputs))
        bias = rounded(0.02 * rng.standard_normal(outputs))
        layers.append(op.Dense(name=f"dense{number}", inputs=(layers[-1].name,), weight=weight, bias=bias))
        kind = Accumulate if number == len(sizes) - 1 else IntegrateFire
        layers.append(kind(name=f"fire{number}", inputs=(f"dense{number}",)))
    return Network(tuple(layers), stage="spiking")


def turn(backend: Backend, made: Network, stimulus: ConstantCurrent) -> tuple[float, float, dict[str, np.ndarray]]:
    """Return the seconds of building and of running, and the spikes of each neuron by layer."""
    names = frozenset(layer.name for layer in made.layers if isinstance(layer, IntegrateFire))
    started = time.perf_counter()
    with backend.build(made, Setup(clock=stimulus.clock, record=Record(counts=names))) as simulator:
        built = time.perf_counter()
        recording = simulator.run(stimulus)
        done = time.perf_counter()
    return built - started, done - built, dict(recording.counts)


def rows(given: argparse.Namespace) -> Iterator[str]:
    """Yield the lines of the table."""
    plugins = Plugins()
    made = network([int(size) for size in given.sizes.split("-")])
    samples = np.round(np.random.default_rng(1).random((1, *made.shapes["input"])) * 0.3 * 4096) / 4096
    stimulus = ConstantCurrent(samples.astype(np.float32), np.arange(1), Clock(duration_ms=given.steps))
    first: dict[str, np.ndarray] = {}
    yield "| simulator | to build | to run | spikes | off |"
    yield "|---|---|---|---|---|"
    for name in given.contenders:
        kind, settings = CONTENDERS[name]
        backend = plugins.component("backend", kind)(**settings)
        try:
            check_requirements("backend", backend)
        except Exception as error:  # noqa: BLE001  a contender that is not installed is left out
            yield f"| {name} | {error} | | | |"
            continue
        turns = [turn(backend, made, stimulus) for _ in range(given.turns)]
        counts = turns[0][2]
        first = first or counts
        off = sum(int(np.abs(counts[layer] - first[layer]).sum()) for layer in counts)
        total = sum(int(values.sum()) for values in counts.values())
        build, run = (statistics.median(column) for column in list(zip(*turns, strict=True))[:2])
        yield f"| {name} | {build:.3g} s | {run:.3g} s | {total:,} | {off:,} |"


def main() -> None:
    """Print the table, a line when it is known."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", default="784-1200-1200-10")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--contenders", nargs="+", default=USUAL, choices=CONTENDERS)
    for line in rows(parser.parse_args()):
        print(line, flush=True)


if __name__ == "__main__":
    main()
