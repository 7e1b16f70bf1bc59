"""How the time of MegaSim's engine follows the number of events, and that of INI's the number of steps.

    python benchmarks/events.py [--network golden] [--samples 4] [--steps 200] [--turns 5]

One network is given its images as regular spikes, darker and darker; each turn runs both engines on all of them. Of the
two times of ``megasim``, one is the engine's alone, the other that of the whole call, in which files are written and
read. Medians of wall time; spikes are compared with those of ``inisim``.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Iterator

import numpy as np
import snn
from networks import EXAMPLES
from snn.clock import Clock
from snn.encoding import RegularSpikes
from snn.network import Network
from snn.neurons import IntegrateFire
from snn.plugins import Plugins
from snn.simulating import Backend, Record, Setup

BRIGHTNESS = (1.0, 0.3, 0.1, 0.03, 0.01, 0.0)


def turn(backend: Backend, made: Network, stimulus: RegularSpikes) -> tuple[float, float, int, int]:
    """Return the seconds of a call, those of the engine alone, the events, and the spikes of all neurons."""
    names = frozenset(layer.name for layer in made.layers if isinstance(layer, IntegrateFire))
    setup = Setup(clock=stimulus.clock, record=Record(counts=names), kind="spikes")
    with backend.build(made, setup) as simulator:
        started = time.perf_counter()
        recording = simulator.run(stimulus)
        taken = time.perf_counter() - started
        facts = simulator.facts()
    spikes = sum(int(counts.sum()) for counts in recording.counts.values())
    return taken, float(facts.get("engine_seconds", taken)), int(facts.get("events", 0)), spikes


def rows(given: argparse.Namespace) -> Iterator[str]:
    """Yield the lines of the table."""
    example, plugins = EXAMPLES[given.network](), Plugins()
    event_driven, stepped = (plugins.component("backend", name)() for name in ("megasim", "inisim"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", snn.errors.ConversionWarning)  # of rounding, which both get
        made = snn.convert(example.network(), settings={"convert": {"spiking_pools": True, "readout": "spikes"}})
        made = event_driven.fit(made, None)
    images, clock = example.batch(given.samples), Clock(given.steps)
    turn(event_driven, made, RegularSpikes(images[:1], np.arange(1), Clock(2)))  # compile, or load what is compiled
    yield "| brightness | spikes | events | megasim, engine | with files | inisim | engine / inisim | events a second |"
    yield "|---|---|---|---|---|---|---|---|"
    for share in BRIGHTNESS:
        stimulus = RegularSpikes(images * np.float32(share), np.arange(len(images)), clock)
        turns = [(turn(event_driven, made, stimulus), turn(stepped, made, stimulus)) for _ in range(given.turns)]
        ours, theirs = zip(*turns, strict=True)
        whole, engine, events, spikes = (statistics.median(column) for column in zip(*ours, strict=True))
        other = statistics.median(seconds for seconds, *_ in theirs)
        off = "" if spikes == theirs[0][3] else f" (inisim {theirs[0][3]:,})"
        yield (
            f"| {share:g} | {spikes:,}{off} | {events:,} | {1000 * engine:.4g} ms | {1000 * whole:.4g} ms "
            f"| {1000 * other:.4g} ms | {engine / other:.3g} | {events / engine:,.3g} |"
        )


def main() -> None:
    """Print the table, a line when it is known."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--network", default="golden", choices=EXAMPLES)
    parser.add_argument("--samples", type=int, default=4)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--turns", type=int, default=5)
    for line in rows(parser.parse_args()):
        print(line, flush=True)


if __name__ == "__main__":
    main()
