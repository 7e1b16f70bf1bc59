"""What a sample takes: operations over time, and energy by three ways of counting."""

from __future__ import annotations

from snn.result import Result

from ..amounts import count, joules
from ..charts.bars import paired_bars
from ..charts.lines import Line, Mark, line_chart, times
from ..section import Section


def section(result: Result) -> Section:
    """Return operations and energy."""
    title = "Operations and energy"
    if result.operations is None:
        why = f"Backend {result.backend!r} does not count operations, so there is no estimate of energy either."
        return Section("work", title, "Energy", missing=why)
    return Section(
        "work",
        title,
        "Energy",
        {"chart": over_time(result), "rows": rows(result), "estimates": estimates(result)},
    )


def over_time(result: Result) -> str:
    """Return the operations of a sample so far, against time."""
    if result.operations is None:
        return ""
    time = times(result.steps, result.clock.dt_ms)
    work = result.operations.mean(axis=1)
    across = []
    if result.analog_operations:
        across = [Mark(f"analog {count(result.analog_operations)}", "analog", float(result.analog_operations))]
    return line_chart(
        "Operations over time",
        f"{count(float(work[-1]))} a sample at the end",
        [Line(f"spiking {count(float(work[-1]))}", "spiking", time, work)],
        ("time shown, ms", "operations a sample so far"),
        across=across,
        labels=(lambda value: f"{value:g}", count),
    )


def rows(result: Result) -> list[tuple[str, str]]:
    """Return the counts of work, each with what it is."""
    found = [("synaptic operations of a sample", count(result.operations_per_sample))]
    found.append(("updates of neurons", count(float(result.neuron_operations[-1]))))
    spikes = [layer.spikes for layer in result.layers if layer.spikes is not None]
    if spikes:
        found.append(("spikes", count(float(sum(spikes)))))
    found.append(("multiply-adds of the analog network", count(result.analog_operations)))
    return found


def estimates(result: Result) -> list[dict[str, str]]:
    """Return the three estimates, each with its bars and what it assumes."""
    found = []
    for estimate in result.energy:
        bars = [("spiking", "spiking", estimate.spiking, joules(estimate.spiking))]
        verdict = ""
        if estimate.analog is not None:
            bars.append(("analog", "analog", estimate.analog, joules(estimate.analog)))
            verdict = _ratio(estimate.spiking, estimate.analog)
        described = "; ".join(f"{name} {told}" for name, _, _, told in bars)
        found.append(
            {
                "name": estimate.name,
                "assumes": estimate.assumes,
                "verdict": verdict,
                "chart": paired_bars(f"Energy of a sample, {estimate.name}", described, bars),
            }
        )
    return found


def _ratio(spiking: float, analog: float) -> str:
    if not spiking or not analog:
        return ""
    if spiking < analog:
        return f"spiking takes {analog / spiking:.3g} times less"
    return f"spiking takes {spiking / analog:.3g} times more"
