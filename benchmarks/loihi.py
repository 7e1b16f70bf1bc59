"""How much faster the emulator of backend ``loihi`` is than Lava, whose spikes and potentials it gives.

    python benchmarks/loihi.py [--sizes 784-256-10] [--steps 100] [--batch 100] [--lava 20] [--turns 5] [--rate 0.1]

To be run with Python 3.10, in which Lava can be installed (packages/backend-loihi[lava]). A network of random weights,
fitted to Loihi, is given random spikes. Medians of wall time a sample, of runs in simulators that are built and have
run before; building is told by itself. Lava runs ``--lava`` samples, one after the other, the emulator ``--batch``, and
the first samples of both are compared, spike for spike and potential for potential.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import time

import numpy as np
from simulators import network
from snn.clock import Clock
from snn.dataset import Dataset
from snn.simulating import Record, Recording, Setup
from snn.testing.golden import GivenSpikes
from snn_backend_loihi.backend import Loihi


def timed(executor: str, made: object, stimulus: GivenSpikes, turns: int) -> tuple[float, float, Recording]:
    """Return the seconds of building, the median of those of a run, and what was recorded in the last."""
    setup = Setup(clock=stimulus.clock, record=Record(spikes=frozenset({"fire1"})), kind="spikes")
    begin = time.perf_counter()
    with Loihi(executor=executor).build(made, setup) as simulator:
        built = time.perf_counter() - begin
        simulator.run(stimulus.of(0, 1))  # compiles
        seconds = []
        for _ in range(turns):
            begin = time.perf_counter()
            recording = simulator.run(stimulus)
            seconds.append(time.perf_counter() - begin)
    return built, statistics.median(seconds), recording


def main() -> None:
    """Run both and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="784-256-10")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--lava", type=int, default=20)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--rate", type=float, default=0.1)
    given = parser.parse_args()
    sizes = [int(size) for size in given.sizes.split("-")]
    draw = np.random.default_rng(1)
    # the layer that the benchmark of simulators begins with is the input here
    whole = network(sizes)
    first, _, second, *others = whole.layers
    made = whole.replace([first, dataclasses.replace(second, inputs=("input",)), *others])
    samples = draw.random((20, sizes[0])).astype(np.float32) * given.rate * 2
    fitted = Loihi().fit(made, Dataset(samples, np.full(20, -1)))
    fired = (draw.random((given.steps, given.batch, sizes[0])) < given.rate).astype(np.float32)
    zeros = np.zeros((given.batch, sizes[0]), np.float32)
    stimulus = GivenSpikes(zeros, np.arange(given.batch), Clock(given.steps, 1.0), fired)
    few = stimulus.of(0, given.lava)
    rows = {
        "emulator": (*timed("emulator", fitted, stimulus, given.turns), given.batch),
        "lava": (*timed("lava", fitted, few, given.turns), given.lava),
    }
    ours, theirs = (rows[name][2] for name in ("emulator", "lava"))
    known = ours.spikes["fire1"].sample < given.lava
    columns = ("step", "sample", "neuron")
    same = np.array_equal(ours.output[:, : given.lava], theirs.output) and all(
        np.array_equal(getattr(ours.spikes["fire1"], name)[known], getattr(theirs.spikes["fire1"], name))
        for name in columns
    )
    print(f"{given.sizes}, {given.steps} steps, {100 * given.rate:g} % of the inputs fire in a step")
    print(f"{'':10} {'build s':>8} {'samples':>8} {'ms a sample':>12}")
    for name, (built, seconds, _, count) in rows.items():
        print(f"{name:10} {built:8.2f} {count:8d} {1000 * seconds / count:12.3f}")
    each = {name: seconds / count for name, (_, seconds, _, count) in rows.items()}
    print(
        f"the emulator is {each['lava'] / each['emulator']:.0f} times as fast; spikes and potentials are equal: {same}"
    )


if __name__ == "__main__":
    main()
