"""Gather the measures of each layer of neurons, batch by batch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ..clock import Clock
from ..network import Array, Network
from ..neurons import Accumulate, Neuron
from ..operations import multiply_adds
from ..simulating import Recording
from .correlation import correlations
from .error_budget import error_budget, mean_inputs
from .ideal import largest
from .layer import PARTS, ErrorPart, LayerMeasures, Points
from .references import Reference, activations, references
from .values import activity, values

Values = npt.NDArray[np.float64]
POINTS = 4000  # pairs of activation and value that are kept of each layer
_MOST, _LEAST = 1000, 100  # samples that are compared unless somebody says otherwise
_WORK = 5e10  # multiply-adds of the samples that are compared by default: some ten seconds of NumPy
_AT_ONCE = 4_000_000  # neurons times samples that are compared at once: some ten arrays of float64
_NEAR = 1 - 1e-9
_GOLDEN = 0.6180339887498949  # its multiples fill the numbers from 0 to 1 evenly


@dataclass
class _Sums:
    """What is summed over the compared samples of a layer."""

    elements: int = 0
    deviating: int = 0
    activation: float = 0.0
    value: float = 0.0
    deviation: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))
    parts: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros((len(PARTS), 3)))
    split: int = 0
    correlations: list[float] = field(default_factory=list)
    points: list[Points] = field(default_factory=list)


def usual_samples(network: Network) -> int:
    """Return how many samples are compared unless somebody says otherwise: fewer where an analog evaluation is long."""
    return int(np.clip(_WORK // max(1, multiply_adds(network)), _LEAST, _MOST))


class Gathering:
    """Sums over the batches of a run.

    Parameters
    ----------
    network : Network
        Spiking.
    clock : Clock
    samples : int
        How many samples will come.
    compared : int or None
        How many of them, from the first on, are compared with the analog network; None for `usual_samples`.
    unsplit : str
        Why what the neurons give cannot be told from their spikes, if so: nothing is compared then.
    """

    def __init__(self, network: Network, clock: Clock, samples: int, compared: int | None, unsplit: str = "") -> None:
        self._network, self._clock, self._unsplit = network, clock, unsplit
        self._neurons = [layer for layer in network.layers if isinstance(layer, Neuron)]
        self._references: Mapping[str, Reference] = {} if unsplit else references(network)
        wanted = usual_samples(network) if compared is None else compared
        self._compared = min(samples, wanted) if self._references else 0
        self._samples = 0
        self._spikes = {layer.name: 0.0 for layer in self._neurons}
        self._fired: dict[str, npt.NDArray[np.bool_]] = {}
        self._full: dict[str, npt.NDArray[np.bool_]] = {}
        self._active: dict[str, npt.NDArray[np.bool_]] = {}
        self._sums = {name: _Sums() for name in self._references}

    def wants(self, start: int) -> bool:
        """Return whether samples from number ``start`` of the run on are still compared with the analog network."""
        return start < self._compared

    def add(self, start: int, samples: Array, entry: Values | None, recording: Recording) -> None:
        """Take in one batch, of the samples from number ``start`` of the run on.

        Parameters
        ----------
        start : int
        samples : ndarray, (batch, *shape)
        entry : ndarray, (batch, *shape), or None
            What entered in a millisecond, on average; None where `wants` says that it is not needed.
        recording : Recording
            With what `snn.measures.values.record` asks for.
        """
        self._samples += len(samples)
        compared = min(len(samples), self._compared - start) if entry is not None else 0
        known = {} if self._unsplit else values(self._network, self._clock, recording)
        for layer in self._neurons:
            self._count(layer, recording, known.get(layer.name))
        if compared <= 0 or entry is None:
            return
        rows = max(1, _AT_ONCE // sum(math.prod(shape) for shape in self._network.shapes.values()))
        for first in range(0, compared, rows):
            part = slice(first, min(first + rows, compared))
            found = activations(self._network, self._references, samples[part])
            some = {name: value[part] for name, value in known.items()}
            inputs = self._inputs(entry[part], some)
            for name in self._references:
                if name in some:
                    self._compare(name, found[name], inputs.get(name), some[name], start + first)

    def layers(self) -> tuple[LayerMeasures, ...]:
        """Return the measures of each layer of neurons, in order."""
        return tuple(self._measures(layer) for layer in self._neurons)

    def _count(self, layer: Neuron, recording: Recording, value: Values | None) -> None:
        """Count the spikes of ``layer``, and see which neurons fire at all, and which as much as they can."""
        if not layer.spiking:
            return
        counts = activity(self._network, self._clock, recording, layer).numbers()
        self._spikes[layer.name] += float(counts.sum())
        self._mark(self._fired, layer.name, counts > 0)
        bound = largest(layer, self._clock)
        if value is not None and bound is not None:
            self._mark(self._full, layer.name, value >= bound * _NEAR)

    def _inputs(self, entry: Values, values: Mapping[str, Values]) -> Mapping[str, Values]:
        """Return the mean input of each layer of neurons; none where some neurons between are of an unknown kind."""
        if any(layer.spiking and layer.name not in values for layer in self._neurons):
            return {}
        return mean_inputs(self._network, entry, values)

    def _mark(self, marks: dict[str, npt.NDArray[np.bool_]], name: str, which: npt.NDArray[np.bool_]) -> None:
        found = np.asarray(which.any(axis=0))
        marks[name] = marks[name] | found if name in marks else found

    def _compare(self, name: str, activation: Values, mean_input: Values | None, value: Values, start: int) -> None:
        layer, sums = self._network[name], self._sums[name]
        last = name == self._network.output.name
        bound = None if last else largest(layer, self._clock)
        sums.correlations += [float(c) for c in correlations(activation, value, bound) if np.isfinite(c)]
        self._mark(self._active, name, activation > 0)
        self._pick(name, activation, value, start)
        sums.activation += float(activation.sum())
        sums.value += float(value.sum())
        sums.elements += activation.size
        if self._latched_potential(name):
            return
        deviation = value - activation
        sums.deviating += activation.size
        sums.deviation += [float(deviation.sum()), float(np.abs(deviation).sum())]
        if mean_input is None:
            return
        parts = error_budget(layer, self._references[name], activation, mean_input, value, self._clock)
        if parts is None:
            return
        sign = np.sign(deviation)
        sums.split += activation.size
        for row, part in enumerate(PARTS):
            error = parts[part]
            sums.parts[row] += [float(error.sum()), float(np.abs(error).sum()), float((error * sign).sum())]

    def _latched_potential(self, name: str) -> bool:
        """Return whether layer ``name`` sums currents that flow from spikes on: its potential is no mean of values."""
        layer = self._network[name]
        return isinstance(layer, Accumulate) and any(other.latched for other in self._neurons)

    def _pick(self, name: str, activation: Values, value: Values, start: int) -> None:
        """Keep the points of this batch among `POINTS` that lie evenly in all compared samples."""
        size = activation[0].size
        total = self._compared * size
        wanted = min(POINTS, total)
        first = start * size * wanted // total
        stop = -(-(start + len(activation)) * size * wanted // total)
        index = np.arange(first, stop, dtype=np.int64)
        low, high = index * total // wanted, (index + 1) * total // wanted
        # one of each of as many equal parts; where in it varies, or every sample would give the same few neurons
        places = low + (index * _GOLDEN % 1 * (high - low)).astype(np.int64) - start * size
        places = places[(places >= 0) & (places < activation.size)]
        pair = np.stack([activation.reshape(-1)[places], value.reshape(-1)[places]], axis=1)
        self._sums[name].points.append(pair.astype(np.float32))

    def _measures(self, layer: Neuron) -> LayerMeasures:
        name, neurons = layer.name, int(np.prod(self._network.shapes[layer.name]))
        known: dict[str, Any] = {"name": name, "kind": layer.kind, "neurons": neurons, "samples": self._samples}
        if layer.spiking and self._samples:
            spikes = self._spikes[name] / self._samples
            seconds = self._clock.steps * self._clock.dt_ms / 1000
            known |= {"spikes": spikes, "rate_hz": spikes / neurons / seconds}
            known["silent"] = int((~self._fired[name]).sum())
            if name in self._full:
                known["saturated"] = int(self._full[name].sum())
            if name in self._active:
                known["lost"] = int((self._active[name] & ~self._fired[name]).sum())
        return LayerMeasures(**known, **self._comparison(name))

    def _comparison(self, name: str) -> dict[str, Any]:
        sums = self._sums.get(name)
        if sums is None or not sums.elements:
            return {"unsplit": self._unsplit}
        found: dict[str, Any] = {
            "compared": self._compared,
            "correlation": float(np.mean(sums.correlations)) if sums.correlations else None,
            "activation": sums.activation / sums.elements,
            "value": sums.value / sums.elements,
            "points": np.concatenate(sums.points),
        }
        if sums.deviating:
            mean, absolute = map(float, sums.deviation / sums.deviating)
            found["deviation"] = ErrorPart(mean, absolute, absolute)
        if sums.split:
            rows = sums.parts / sums.split
            found["budget"] = {part: ErrorPart(*map(float, row)) for part, row in zip(PARTS, rows, strict=True)}
        else:
            found["unsplit"] = _why(self._network, name)
        return found


def _why(network: Network, name: str) -> str:
    """Return why the deviation of layer ``name`` has no parts."""
    kind = network[name].kind
    if isinstance(network[name], Accumulate):
        return "a potential of currents that flow from spikes on is no mean of values"
    return f"{kind} neurons fire at random, or are of a kind whose parts are not known"
