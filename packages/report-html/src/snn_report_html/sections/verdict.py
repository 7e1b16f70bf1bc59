"""The verdict: in words, in numbers, and how to repeat the run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from snn.result import Result

from ..amounts import count, milliseconds, per_cent, points
from ..section import Section


@dataclass(frozen=True)
class Tile:
    """A number of the verdict: what it is, the number itself, and what it is to be read beside."""

    name: str
    value: str
    beside: str
    kind: str = ""


def section(result: Result) -> Section:
    """Return the verdict."""
    return Section(
        "verdict",
        "Verdict",
        "Verdict",
        {
            "sentence": sentence(result),
            "tiles": tiles(result),
            "advice": result.advice,
            "command": result.command,
            "facts": facts(result),
        },
    )


def sentence(result: Result) -> str:
    """Return what came out, in one sentence."""
    time = milliseconds(result.steps * result.clock.dt_ms)
    accuracy, interval, agreement = result.accuracy, result.accuracy_interval, result.agreement
    if accuracy is None or interval is None:
        if agreement is None:
            return f"The spiking network was simulated for {time}; there is nothing to compare it with."
        share = per_cent(float(agreement[-1]))
        return f"After {time} the spiking network gives the class of the analog one for {share} of the samples."
    spiking, analog = float(accuracy[-1]), result.analog_accuracy
    if analog is None:
        return f"After {time} the spiking network gets {per_cent(spiking)} of the samples right."
    loss = analog - spiking
    if loss <= 0:
        more = f", and is {points(loss)} above it" if loss < 0 else ""
        return f"After {time} the spiking network keeps the accuracy of the analog one{more}."
    if interval[0, -1] <= analog <= interval[1, -1]:
        return (
            f"After {time} the spiking network is {points(loss)} below the analog one, "
            f"which is within the uncertainty of {int(result.labelled.sum()):,} samples."
        )
    return f"After {time} the spiking network loses {points(loss)} of accuracy against the analog one."


def tiles(result: Result) -> list[Tile]:
    """Return the numbers of the verdict."""
    accuracy, interval, agreement = result.accuracy, result.accuracy_interval, result.agreement
    found = []
    if accuracy is None or interval is None:
        found.append(Tile("Spiking accuracy", "–", "the samples have no labels", "spiking"))
    else:
        low, high = (per_cent(float(end), 1) for end in interval[:, -1])
        told = f"95 % interval {low} to {high}"
        found.append(Tile("Spiking accuracy", per_cent(float(accuracy[-1])), told, "spiking"))
    if result.analog is None:
        found.append(Tile("Analog accuracy", "–", "the network was never analog", "analog"))
    elif result.analog_accuracy is None:
        found.append(Tile("Analog accuracy", "–", "the samples have no labels", "analog"))
    else:
        found.append(Tile("Analog accuracy", per_cent(result.analog_accuracy), _top(result), "analog"))
    if agreement is not None:
        different = round((1 - float(agreement[-1])) * result.samples)
        told = f"another class for {different:,} of {result.samples:,} samples"
        found.append(Tile("Agreement", per_cent(float(agreement[-1])), told))
    total = result.operations_per_sample
    if total is None:
        found.append(Tile("Operations", "–", "the backend does not count them"))
    elif result.analog_operations:
        told = f"{count(total)} a sample, against {count(result.analog_operations)} multiply-adds"
        found.append(Tile("Operations", f"{total / result.analog_operations:.3g} ×", told))
    else:
        found.append(Tile("Operations", count(total), "synaptic operations a sample"))
    latency = result.latency_ms
    if latency.size:
        told = f"until a class is final, on average; 90 % within {milliseconds(float(np.quantile(latency, 0.9)))}"
        found.append(Tile("Latency", milliseconds(float(latency.mean())), told))
    return found


def facts(result: Result) -> str:
    """Return what was run, in one line."""
    parts = [
        f"{result.samples:,} sample{'s' * (result.samples != 1)}",
        f"{result.steps:,} step{'s' * (result.steps > 1)} of {milliseconds(result.clock.dt_ms)}",
        f"backend {result.backend}",
        f"simulated in {result.seconds:.3g} s",
    ]
    if result.skipped:
        parts.insert(1, f"{result.skipped:,} more could not be read and were left out")
    return ", ".join(parts)


def _top(result: Result) -> str:
    k = min(result.top_k, result.classes)
    spiking, analog = result.top(k), result.analog_top(k)
    if spiking is None or analog is None or k >= result.classes or k == 1:
        return "of the network as it was read"
    return f"among the first {k}: {per_cent(analog, 1)}, spiking {per_cent(float(spiking[-1]), 1)}"
