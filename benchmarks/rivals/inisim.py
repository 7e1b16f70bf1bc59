"""The project's own engine, as users get it: converted with the defaults."""

from __future__ import annotations

import numpy as np
from networks import Example
from snn.clock import Clock
from snn.converting import convert
from snn.encoding import ConstantCurrent
from snn.network import Array
from snn.simulating import Setup
from snn_backend_inisim.backend import IniSim


def make(example: Example, batch: int, steps: int, threads: int) -> object:
    """Convert with the defaults, and record nothing."""
    clock = Clock(duration_ms=steps, dt_ms=1)
    simulator = IniSim(threads=threads).build(convert(example.network()), Setup(clock=clock))
    stimulus = ConstantCurrent(example.batch(batch), np.arange(batch), clock)

    def run() -> Array:
        return simulator.run(stimulus).output[-1]

    return run
