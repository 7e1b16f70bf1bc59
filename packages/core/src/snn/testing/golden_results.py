"""Results small enough to be checked by hand."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from ..clock import Clock
from ..result import Result
from ..swept import Point, Sweep
from . import golden, golden_networks


def result() -> Result:
    """Return what a run found on four samples in four steps of half a millisecond.

    The labels are 0, 1, 2, 0; the network as it was read errs on the last, and so does the spiking one in the end; it
    decides for good in steps 1, 2, 3 and 2. So the accuracy is 0, 1/2, 1/2, 3/4, that of the analog network is 3/4,
    and they agree in 1/4, 1/2, 3/4 and 4/4 of the samples.
    """
    network = golden_networks.dense()
    spiking = np.array([[-1, -1, -1, 1], [0, 1, 1, 0], [0, 1, 1, 1], [0, 1, 2, 1]])
    return Result(
        name="golden",
        backend="reference",
        clock=Clock(duration_ms=2.0, dt_ms=0.5),
        networks={
            "parsed": dataclasses.replace(network, stage="parsed"),
            "normalised": dataclasses.replace(network, stage="normalised"),
            "spiking": golden.rectifiers(),
        },
        labels=np.array([0, 1, 2, 0]),
        analog=np.array([0, 1, 2, 1]),
        spiking=spiking,
        operations=np.cumsum(np.full((4, 4), 10.0), axis=0),
        analog_operations=232,
        seconds=0.25,
        facts={"engine": "none", "cores": 1},
    )


def one_step() -> Clock:
    """Return a clock of a single step."""
    return Clock(duration_ms=1.0, dt_ms=1.0)


def sweep() -> Sweep:
    """Return what a sweep found: two resets by two durations; the longest run with reset to zero has failed."""
    points = []
    for number, (reset, duration) in enumerate((r, d) for r in ("subtract", "zero") for d in (2, 4)):
        failed = (reset, duration) == ("zero", 4)
        found = {
            "samples": 4,
            "accuracy": (0.75, 1.0, 0.5, 0.0)[number],
            "analog_accuracy": 0.75,
            "agreement": (1.0, 0.75, 0.5, 0.0)[number],
            "operations_per_sample": 20.0 * duration,
            "latency_ms": 0.5 * duration,
            "seconds": 0.25,
        }
        points.append(
            Point(
                values={"convert.reset": reset, "simulate.duration_ms": duration},
                status="failed" if failed else "done",
                error="layer 'relu1': of no use, said a test" if failed else "",
                measures={} if failed else found,
                folder=Path("points") / f"{number + 1}",
            )
        )
    return Sweep("golden", ("convert.reset", "simulate.duration_ms"), tuple(points))
