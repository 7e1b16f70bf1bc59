"""How long samples take until their class is final."""

from __future__ import annotations

import numpy as np
from snn.result import Result

from ..amounts import milliseconds
from ..charts.histogram import edges, histogram
from ..section import Section

_SHARES = (0.25, 0.5, 0.75, 0.9, 0.99, 1.0)


def section(result: Result) -> Section:
    """Return how latencies are spread."""
    latency = result.latency_ms
    title = "Latency"
    if not latency.size:
        return Section("latency", title, "Latency", missing="There are no samples.")
    quantiles = [(name, float(np.quantile(latency, q))) for name, q in (("half", 0.5), ("90 %", 0.9), ("all", 1.0))]
    dt_ms, last = result.clock.dt_ms, float(latency.max())
    width = np.ceil(np.diff(edges(np.array([0.0, last])))[0] / dt_ms - 1e-9) * dt_ms  # bins hold as many steps each
    bins = dt_ms / 2 + width * np.arange(int(np.ceil((last - dt_ms / 2) / width)) + 1)
    chart = histogram(
        "How long samples take until their class is final",
        "; ".join(f"{name} within {milliseconds(value)}" for name, value in quantiles),
        latency,
        ("time until the class is final, ms", "samples"),
        marks=tuple((f"{name} within {milliseconds(value)}", value) for name, value in quantiles),
        bins=bins,
    )
    table = [(f"{100 * q:g} % of the samples", milliseconds(float(np.quantile(latency, q)))) for q in _SHARES]
    late = int((result.spiking[-1] < 0).sum())
    mean = milliseconds(float(latency.mean()))
    return Section("latency", title, "Latency", {"chart": chart, "rows": table, "mean": mean, "late": late})
