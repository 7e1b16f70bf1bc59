"""What a run found as plain values, which is the content of result.json."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from . import storage
from .result import Curve, Result
from .result_file import layer_table, plain

SCHEMA = 2
_MOST_CLASSES = 100  # whose confusions stand in result.json


def summary(result: Result) -> dict[str, Any]:
    """Return the content of result.json; shares are from 0 to 1, what is not known is None."""
    accuracy, interval, agreement = result.accuracy, result.accuracy_interval, result.agreement
    latency = result.latency_ms
    return {
        "schema": SCHEMA,
        "name": result.name,
        "backend": result.backend,
        "command": result.command,
        "simulated": not result.not_simulated,
        "not_simulated": result.not_simulated or None,
        "samples": result.samples,
        "skipped": result.skipped,
        "steps": result.steps,
        "dt_ms": result.clock.dt_ms,
        "accuracy": None if accuracy is None else float(accuracy[-1]),
        "accuracy_interval": None if interval is None else [float(end) for end in interval[:, -1]],
        "accuracy_over_time": None if accuracy is None else [float(share) for share in accuracy],
        "analog_accuracy": result.analog_accuracy,
        "top_k": _top(result),
        "agreement": None if agreement is None else float(agreement[-1]),
        "operations_per_sample": result.operations_per_sample,
        "neuron_operations_per_sample": float(result.neuron_operations[-1]) if result.samples else None,
        "analog_operations_per_sample": result.analog_operations,
        "energy": [asdict(estimate) for estimate in result.energy],
        "latency_ms": float(latency.mean()) if result.samples else None,
        "latency_ms_quantiles": _quantiles(latency) if result.samples else None,
        "seconds": None if result.not_simulated else result.seconds,
        "confusion": _confusion(result),
        "layers": [layer_table(layer) for layer in result.layers],
        "advice": None if result.advice is None else asdict(result.advice),
        "digests": {stage: storage.digest(network) for stage, network in result.networks.items()},
        "facts": {key: plain(value) for key, value in result.facts.items()},
    }


def _quantiles(latency: Curve) -> dict[str, float]:
    return {f"{q:g}": float(np.quantile(latency, q)) for q in (0.5, 0.9, 1.0)}


def _top(result: Result) -> dict[str, Any] | None:
    """Return the share of samples whose class is among the first ``k``, of both networks."""
    k = min(result.top_k, result.classes)
    found, interval = result.top(k), result.top_interval(k)
    if found is None or interval is None:
        return None
    ends = [float(end) for end in interval[:, -1]]
    return {"k": k, "accuracy": float(found[-1]), "interval": ends, "analog_accuracy": result.analog_top(k)}


def _confusion(result: Result) -> dict[str, Any] | None:
    """Return how often each label (row) got each class (column; the last: none), for both networks."""
    if result.classes > _MOST_CLASSES or not result.labelled.any():
        return None
    analog = None if result.analog is None else result.confusion(result.analog).tolist()
    return {"spiking": result.confusion(result.spiking[-1]).tolist(), "analog": analog}
