"""Plots along time: errors, spikes and operations."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from snn.result import Result

from .canvas import ANALOG, OTHER, SPIKING, one
from .pictures import CannotDraw, Picture


def error_over_time(result: Result) -> Iterator[Picture]:
    """Draw the share of samples that get a wrong class, and of those that get another than in the analog network."""
    accuracy, interval, agreement = result.accuracy, result.accuracy_interval, result.agreement
    if accuracy is None and agreement is None:
        raise CannotDraw("there are neither labels nor an analog network")
    time = _time(result)
    figure, axes = one(f"{result.name}: error over time, {result.samples:,} samples")
    if accuracy is not None and interval is not None:
        axes.fill_between(time, 100 * (1 - interval[1]), 100 * (1 - interval[0]), color=SPIKING, alpha=0.15, lw=0)
        axes.plot(time, 100 * (1 - accuracy), color=SPIKING, marker=_dots(result), label="spiking, with 95 % interval")
    if agreement is not None:
        axes.plot(time, 100 * (1 - agreement), color=OTHER, lw=1, marker=_dots(result), label="not the analog class")
    if result.analog_accuracy is not None:
        axes.axhline(100 * (1 - result.analog_accuracy), color=ANALOG, ls="--", label="analog")
    axes.set(xlabel="time shown, ms", ylabel="error, %", ylim=(0, None), xlim=(0, None))
    axes.legend(frameon=False, fontsize=9)
    yield Picture("error_over_time", figure)


def operations_over_time(result: Result) -> Iterator[Picture]:
    """Draw the synaptic operations of a sample so far."""
    if result.operations is None:
        raise CannotDraw(f"backend {result.backend!r} does not count operations")
    figure, axes = one(f"{result.name}: synaptic operations of a sample so far, mean and range of samples")
    time = _time(result)
    low, high = result.operations.min(axis=1), result.operations.max(axis=1)
    axes.fill_between(time, low, high, color=SPIKING, alpha=0.15, lw=0)
    axes.plot(time, result.operations.mean(axis=1), color=SPIKING, marker=_dots(result), label="spiking")
    if result.analog_operations:
        axes.axhline(result.analog_operations, color=ANALOG, ls="--", label="multiply-adds of the analog network")
    axes.set(xlabel="time shown, ms", ylabel="operations", ylim=(0, None), xlim=(0, None))
    axes.legend(frameon=False, fontsize=9)
    yield Picture("operations_over_time", figure)


def spike_count(result: Result) -> Iterator[Picture]:
    """Draw the spikes of the shown sample so far, of every layer and in all."""
    layers = [layer for layer in result.shown.layers if layer.spikes is not None] if result.shown else []
    if result.shown is None or not layers:
        raise CannotDraw("the run kept no spikes of a sample; run it again with 'plots' among report.reporters")
    figure, axes = one(f"{result.name}: spikes of sample {result.shown.number} so far")
    total = np.zeros(result.steps)
    for layer in layers:
        steps = layer.spikes.step if layer.spikes is not None else np.zeros(0, np.int32)
        count = np.cumsum(np.bincount(steps, minlength=result.steps)[: result.steps])
        total += count
        if len(layers) <= 10:
            axes.plot(_time(result), count, lw=1, marker=_dots(result), label=_plain(layer.name))
    axes.plot(_time(result), total, color=SPIKING, lw=2, marker=_dots(result), label="all layers")
    axes.set(xlabel="time shown, ms", ylabel="spikes", ylim=(0, None), xlim=(0, None))
    axes.legend(frameon=False, fontsize=9)
    for entry in axes.get_legend().get_texts() if axes.get_legend() else []:  # type: ignore[union-attr]  # as asked
        entry.set_parse_math(False)
    yield Picture("spike_count", figure)


def _time(result: Result) -> npt.NDArray[np.float64]:
    return np.arange(1, result.steps + 1, dtype=np.float64) * np.float64(result.clock.dt_ms)


def _dots(result: Result) -> str:
    return "o" if result.steps == 1 else ""  # a single step is a point, which is no line


def _plain(name: str) -> str:
    return name.lstrip("_") or "layer"  # a label that begins with an underscore is left out of the legend
