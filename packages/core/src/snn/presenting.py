"""Present a data set to a spiking network, batch by batch, and gather what it makes of it."""

from __future__ import annotations

import dataclasses
import time
import warnings
from pathlib import Path
from typing import TypeAlias

import numpy as np

from . import analog, fitting, recordings, sampling, sequences, stimuli, windows
from .clock import Clock
from .dataset import Dataset
from .decoding import ahead, decode, rank
from .errors import ConversionWarning, DataError, OutputError, SettingsError, SimulationError
from .layers import Activation
from .measures import values
from .measures.gathering import Gathering
from .network import Network
from .neurons import IntegrateFire, Neuron
from .operations import multiply_adds
from .plugins import Plugins, check_requirements, raised_by
from .progress import Progress, Tell, say_nothing
from .result import Result
from .run_file import RunFile
from .simulating import Integers, NotSimulated, Record, Recording, Setup, Simulator, Stimulus
from .tables import RecordSettings

_SLACK = 1e-6  # of a maximum; float32 does not keep it better


Ranked: TypeAlias = "tuple[Integers | None, Integers | None]"
"""The class that an analog network gives each sample, and how many stand before the right one, (samples,) each."""


class OnlyBuilt(SimulationError):  # noqa: N818  an outcome, as in .simulating
    """A backend has built a network and does not run it here; the cause, a `NotSimulated`, says why."""


def simulate(
    run: RunFile,
    network: Network,
    data: Dataset,
    plugins: Plugins,
    tell: Tell = say_nothing,
    folder: Path | None = None,
    known: Ranked | None = None,
) -> Result:
    """Return what ``network`` makes of ``data`` on the backend of the run, which may only have built it.

    ``known`` is what `ranked` finds of the parsed network on the samples, where that has been done before.

    Raises
    ------
    SimulationError
        The simulator failed, or the network is not spiking.
    """
    if network.stage != "spiking":
        raise SimulationError(f"the network is {network.stage}, not spiking", hint="convert it first: snn convert")
    run.backend.check(network)
    check_requirements("backend", run.backend)
    check_input(run, network)
    check_record(run, network)
    clock = clock_of(run, network)
    if folder is None and run.record != RecordSettings():
        raise SettingsError("[record] asks for activity, but no folder is there to keep it", hint="name one with --out")
    if run.record != RecordSettings() and folder is not None and any((folder / recordings.FOLDER).glob("*.npz")):
        raise OutputError(
            f"{folder / recordings.FOLDER} holds recordings of an earlier run", hint="choose another folder with --out"
        )
    data = fitting.fit(sampling.selected(run, data), network, tell, skip_bad=run.data.skip_bad)
    stimuli.check(run, data)
    _warn_of_saturation(network, clock)
    stimuli.warn(run, data, clock)
    gathering = None
    if run.measure.layers:
        gathering = Gathering(network, clock, len(data), run.measure.samples, run.backend.counting_fault())
    parts = run.simulate.sequence
    record = run.record.record | (values.record(network) if run.measure.layers else Record())
    setup = Setup(
        clock=sequences.clock(clock, parts),
        record=sequences.to_record(record, parts),
        seed=run.general.seed,
        folder=folder,
        tell=tell,
        processors=run.processors,
        kind=run.simulate.kind,
    )
    spiking, ranks, operations, seconds = [], [], [], 0.0
    with raised_by("backend", run.backend, plugins), run.backend.build(network, setup) as simulator:
        for start, samples in data.batches(max(1, run.simulate.batch // parts) * parts):
            tell(Progress("simulate", start, len(data)))
            entering = stimuli.batch(run, data, start, samples, clock)
            begin = time.perf_counter()
            try:
                recording = present(simulator, entering, run.backend.name, start)
            except OnlyBuilt as error:
                return _built(run, network, clock, dict(simulator.facts()), str(error.__cause__))
            seconds += time.perf_counter() - begin
            recording = sequences.split(
                recording, network, record, parts, len(samples), current=entering.kind == "current"
            )
            spiking.append(decode(recording, network.output))
            ranks.append(rank(recording, network.output, data.labels[start : start + len(samples)]))
            operations.append(recording.operations)
            if gathering is not None:
                entry = stimuli.mean_input(run, data, start, samples, clock) if gathering.wants(start) else None
                gathering.add(start, samples, entry, recording)
            if folder is not None and run.record != RecordSettings():
                recordings.save(recording.only(run.record.record), folder, start, network.shapes)
        tell(Progress("simulate", len(data), len(data)))
        facts = dict(simulator.facts())
    parsed = network.analog.get("parsed")
    counted = [part for part in operations if part is not None]
    if known is None:
        known = (None, None) if parsed is None else ranked(parsed, data, tell)
    return Result(
        name=run.general.name,
        backend=run.backend.name,
        clock=clock,
        networks={**network.analog, "spiking": network},
        labels=data.labels,
        analog=known[0],
        spiking=np.concatenate(spiking, axis=1),
        operations=np.concatenate(counted, axis=1) if len(counted) == len(operations) else None,
        analog_operations=None if parsed is None else multiply_adds(parsed),
        seconds=seconds,
        facts=facts,
        ranks=np.concatenate(ranks, axis=1),
        analog_ranks=known[1],
        numbers=np.asarray(data.numbers, np.int64),
        skipped=data.skipped,
        layers=() if gathering is None else gathering.layers(),
        current=run.simulate.input == "current",
        costs=run.energy,
        top_k=run.measure.top_k,
    )


def _built(run: RunFile, network: Network, clock: Clock, facts: dict[str, object], reason: str) -> Result:
    """Return the result of a run in which ``network`` was built and nothing was simulated: it is of no samples."""
    parsed = network.analog.get("parsed")
    return Result(
        name=run.general.name,
        backend=run.backend.name,
        clock=clock,
        networks={**network.analog, "spiking": network},
        labels=np.zeros(0, np.int64),
        analog=None,
        spiking=np.zeros((clock.steps, 0), np.int64),
        operations=None,
        analog_operations=None if parsed is None else multiply_adds(parsed),
        seconds=0.0,
        facts=facts,
        current=run.simulate.input == "current",
        costs=run.energy,
        top_k=run.measure.top_k,
        not_simulated=reason,
    )


def classify(network: Network, data: Dataset, tell: Tell = say_nothing) -> Integers:
    """Return the class an analog network gives each sample, (samples,)."""
    return ranked(network, data, tell)[0]


def ranked(network: Network, data: Dataset, tell: Tell = say_nothing) -> tuple[Integers, Integers]:
    """Return the class an analog network gives each sample, and how many stand before the right one, (samples,) each.

    The latter is -1 where the right class is unknown.
    """
    found, ranks = [], []
    for start, samples in data.batches(analog.BATCH):
        outputs = analog.evaluate(network, samples)[network.output.name].reshape(len(samples), -1)
        bad = np.flatnonzero(~np.isfinite(outputs).all(axis=1))
        if len(bad):
            raise DataError(
                f"{data.name}: sample {start + bad[0]} drives the analog network to values that are not finite numbers",
                hint="are the samples preprocessed as the model was trained?",
            )
        found.append(outputs.argmax(axis=1))
        ranks.append(ahead(outputs, np.zeros_like(outputs), data.labels[start : start + len(samples)]))
        tell(Progress("evaluate", start + len(samples), len(data)))
    return np.concatenate(found), np.concatenate(ranks)


def clock_of(run: RunFile, network: Network | None) -> Clock:
    """Return the clock of a run: its own settings, else what the network's code asks, where there is a network."""
    suits = (None if network is None else network.clock) or Clock()
    try:
        clock = Clock(run.simulate.duration_ms or suits.duration_ms, run.simulate.dt_ms or suits.dt_ms)
    except ValueError as error:
        raise SettingsError(f"[simulate] {error}", hint="the duration must hold at least one step") from error
    if network is not None:
        windows.check_clock(network, clock)
    return clock


def check_record(run: RunFile, network: Network) -> None:
    """Raise SettingsError where [record] names what is no layer of neurons."""
    neurons = [layer.name for layer in network.layers if isinstance(layer, Neuron)]
    for entry in dataclasses.fields(run.record):
        for name in getattr(run.record, entry.name):
            if name not in neurons:
                what = "has no neurons" if name in network else "is none of the network"
                raise SettingsError(
                    f"[record] {entry.name}: layer {name!r} {what}", hint=f"layers of neurons: {', '.join(neurons)}"
                )


def check_input(run: RunFile, network: Network) -> None:
    """Raise SettingsError where the backend, or neurons of ``network``, do not take the input that [simulate] names."""
    kind = run.simulate.kind
    if kind not in run.backend.inputs:
        raise SettingsError(
            f"[simulate] input: backend {run.backend.name!r} takes no {run.simulate.input} input",
            hint=f"it takes {', '.join(run.backend.inputs)}",
        )
    if kind == "current" and run.simulate.sequence > 1 and not run.backend.sequences:
        raise SettingsError(
            f"[simulate] sequence: backend {run.backend.name!r} takes no current that changes from sample to sample",
            hint="choose sequence = 1, or spikes as input",
        )
    for layer in network.layers:
        if not isinstance(layer, Neuron):
            continue
        if kind not in layer.takes:
            raise SettingsError(
                f"[simulate] input: layer {layer.name!r} ({layer.kind}) takes no {run.simulate.input} input",
                hint=f"its network takes {', '.join(layer.takes)}",
            )
        if run.simulate.sequence > 1 and (layer.window or layer.latched):
            raise SettingsError(
                f"[simulate] sequence: layer {layer.name!r} ({layer.kind}) must be at rest when a sample begins",
                hint="choose sequence = 1, or convert the network to the rate code",
            )


def _warn_of_saturation(network: Network, clock: Clock) -> None:
    """Warn where more than one spike a step would be needed; neurons with windows need none."""
    if windows.starts(network):
        return
    if clock.dt_ms > 1 and any(isinstance(layer, IntegrateFire) for layer in network.layers):
        warnings.warn(
            f"steps of {clock.dt_ms:g} ms hold one spike each, so activations above {1 / clock.dt_ms:.3g} of their "
            "scale saturate; use steps of 1 ms or less",
            ConversionWarning,
            stacklevel=3,
        )
    for name, maximum in _maxima(network).items():
        if maximum * clock.dt_ms < 1 - _SLACK:
            warnings.warn(
                f"layer {name!r}: in steps of {clock.dt_ms:g} ms its neurons can fire {1 / clock.dt_ms:.3g} times per "
                f"millisecond, but its activation ends at {maximum:.3g}, which they do not keep; use steps of "
                f"{1 / maximum:.3g} ms or more",
                ConversionWarning,
                stacklevel=3,
            )


def _maxima(network: Network) -> dict[str, float]:
    """Return the rectifiers with a maximum, in units of a spike per millisecond, of the network before conversion.

    Latched neurons are not counted in spikes per millisecond: none is returned.
    """
    before = network.analog.get("normalised")
    latched = any(isinstance(layer, Neuron) and layer.latched for layer in network.layers)
    layers = () if before is None or latched else before.layers
    found = (layer for layer in layers if isinstance(layer, Activation) and layer.maximum is not None)
    return {layer.name: layer.maximum for layer in found if layer.maximum is not None}


def present(simulator: Simulator, stimulus: Stimulus, backend: str, start: int) -> Recording:
    """Return what the simulator of ``backend`` makes of the batch from sample ``start`` on."""
    try:
        recording = simulator.run(stimulus)
    except NotSimulated as outcome:
        raise OnlyBuilt(
            f"backend {backend!r} has built the network but does not run it here: {outcome}",
            hint="what it built can be run where its simulator or board is",
        ) from outcome
    except (ArithmeticError, MemoryError, OSError, RuntimeError, ValueError) as error:
        raise SimulationError(
            f"backend {backend!r} failed on the batch from sample {start}: {error}",
            hint="run snn check with the backend's name, to see whether it works at all",
        ) from error
    if not np.isfinite(recording.output).all():
        raise SimulationError(
            f"backend {backend!r}: the output is no finite number, on the batch from sample {start}",
            hint="are the samples preprocessed as the model was trained?",
        )
    return recording
