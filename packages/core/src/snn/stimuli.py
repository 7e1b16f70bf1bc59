"""Make what enters a spiking network out of samples, as [simulate] says."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from . import analog, sequences
from .clock import Clock
from .dataset import Dataset
from .encoding import ConstantCurrent, EventSpikes, PoissonSpikes, RegularSpikes, steps_of
from .errors import ConversionWarning, DataError
from .network import Array
from .randomness import another
from .run_file import RunFile
from .simulating import Stimulus
from .sources import InputEvents, Numbers
from .training import Encode

_STEP_VALUES = 2**24  # of a stimulus that are made at once to be summed


def batch(run: RunFile, data: Dataset, start: int, samples: Array, clock: Clock) -> Stimulus:
    """Return ``samples``, of which the first is at ``start`` in ``data``, as sequences; the last may end in nothing.

    ``data`` have been checked.
    """
    parts, count = run.simulate.sequence, len(samples)
    missing = -count % parts
    numbers = data.numbers[start : start + count]
    recorded = data.events(start, start + count) if run.simulate.input == "events" else ()
    if missing:
        nothing = np.zeros(0, np.int64)
        samples = np.concatenate([samples, np.zeros((missing, *samples.shape[1:]), np.float32)])
        numbers = np.concatenate([numbers, np.full(missing, len(data.source))])
        recorded += (InputEvents(nothing, nothing, nothing.astype(np.float64), 1),) * missing if recorded else ()
    rows = [slice(part, None, parts) for part in range(parts)]
    return sequences.sequence(
        [_encoded(run, data, np.ascontiguousarray(samples[row]), numbers[row], recorded[row], clock) for row in rows]
    )


def encoder(run: RunFile, clock: Clock) -> Encode:
    """Return what presents samples, which have been checked, as [simulate] says; draw 0 is what `batch` gives."""

    def encode(data: Dataset, places: Numbers, draw: int = 0) -> Stimulus:
        chosen = data.take(places)
        general = dataclasses.replace(run.general, seed=another(run.general.seed, draw))
        recorded: tuple[InputEvents, ...] = ()
        if run.simulate.input == "events" and len(chosen):
            recorded = chosen.events(0, len(chosen))
            samples = np.stack([one.dense(chosen.shape) for one in recorded])  # not decoded once more
        else:
            samples = np.ascontiguousarray(chosen.part(0, len(chosen)), np.float32)
        return _encoded(dataclasses.replace(run, general=general), chosen, samples, chosen.numbers, recorded, clock)

    return encode


def _encoded(
    run: RunFile, data: Dataset, samples: Array, numbers: Numbers, recorded: Sequence[InputEvents], clock: Clock
) -> Stimulus:
    """Return the batch ``samples``, (batch, *shape), as it enters; ``numbers`` are theirs in the data set, (batch,)."""
    rate_hz = run.simulate.rate_hz
    match run.simulate.input:
        case "current":
            return ConstantCurrent(samples, numbers, clock)
        case "poisson":
            return PoissonSpikes(
                samples, numbers, clock, rate_hz=rate_hz, seed=run.general.seed, maximum=_maximum(run, data)
            )
        case "regular":
            return RegularSpikes(samples, numbers, clock, rate_hz=rate_hz)
        case "events":
            step_us, unit = run.simulate.event_step_us, run.simulate.event_height == "one"
            return EventSpikes(samples, numbers, clock, recorded=tuple(recorded), step_us=step_us, unit=unit)


def _maximum(run: RunFile, data: Dataset) -> float | None:
    """Return the height of the ancestor's spikes, which is the largest value of any sample."""
    if run.simulate.poisson_scaling != "ancestor" or data.spread is None:
        return None
    return data.spread.highest


def check(run: RunFile, data: Dataset) -> None:
    """Raise DataError where ``data`` cannot enter as [simulate] says."""
    if run.simulate.input == "events" and not data.timed:
        raise DataError(
            f'{data.name}: the samples are not made of events, as simulate.input = "events" asks',
            hint="choose poisson or regular spikes, or read recordings of events",
        )
    maximum = _maximum(run, data) if run.simulate.input == "poisson" else None
    if maximum is not None and not maximum > 0:
        raise DataError(
            f"{data.name}: no value is above 0, and the ancestor's spikes have the height of the largest",
            hint='choose simulate.poisson_scaling = "mean"',
        )


def trial(run: RunFile, data: Dataset) -> RunFile:
    """Return ``run`` as calibration samples are shown: each alone, and as regular spikes where they have no events."""
    kind = "regular" if run.simulate.input == "events" and not data.timed else run.simulate.input
    return dataclasses.replace(run, simulate=dataclasses.replace(run.simulate, input=kind, sequence=1))


def mean_input(run: RunFile, data: Dataset, start: int, samples: Array, clock: Clock) -> npt.NDArray[np.float64]:
    """Return what enters in a millisecond, on average, for ``samples`` from ``start`` on, (batch, *shape)."""
    if run.simulate.input == "current":
        return samples.astype(np.float64)
    encoding = batch(trial(run, data), data, start, samples, clock)
    total = np.zeros(samples.shape)
    step = max(1, _STEP_VALUES // samples.size)
    for first in range(0, clock.steps, step):
        total += encoding.steps(first, min(first + step, clock.steps)).sum(axis=0, dtype=np.float64)
    return total / (clock.steps * clock.dt_ms)


def warn(run: RunFile, data: Dataset, clock: Clock) -> None:
    """Warn, with its size, of what of ``data`` does not fit into the steps of ``clock``."""
    if run.simulate.input == "events" and run.simulate.event_step_us is not None:
        _warn_of_late_events(data, clock, run.simulate.event_step_us)
    if run.simulate.input not in ("poisson", "regular"):
        return
    limit = 1000 / (run.simulate.rate_hz * clock.dt_ms) * (_maximum(run, data) or 1)
    above = sum(int((np.abs(samples) > limit).sum()) for _, samples in data.batches(analog.BATCH))
    if above:
        warnings.warn(
            f"{100 * above / data.size:.3g} % of the input values are above {limit:g} and saturate at one "
            "spike a step; lower simulate.rate_hz or scale the samples",
            ConversionWarning,
            stacklevel=3,
        )


def _warn_of_late_events(data: Dataset, clock: Clock, step_us: float) -> None:
    total, late, needed = 0, 0, 0
    for start in range(0, len(data), analog.BATCH):
        for events in data.events(start, start + analog.BATCH):
            steps = steps_of(events, clock.steps, step_us)
            total, late = total + len(steps), late + int((steps >= clock.steps).sum())
            needed = max(needed, int(steps.max(initial=-1)) + 1)
    if late:
        warnings.warn(
            f"{100 * late / total:.3g} % of the events come after the {clock.steps} steps of the presentation and do "
            f"not enter; {needed} steps, or a longer simulate.event_step_us, would hold all",
            ConversionWarning,
            stacklevel=4,
        )
