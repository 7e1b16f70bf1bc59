"""Show one sample in detail: what every neuron does, for reporters that draw it."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt

from . import fitting, sampling, sequences, stimuli
from .clock import Clock
from .dataset import Dataset
from .errors import SettingsError
from .measures.references import activations, references
from .measures.values import values
from .network import Network
from .neurons import Neuron
from .plugins import Plugins, raised_by
from .presenting import present
from .progress import Progress, Tell, say_nothing
from .run_file import RunFile
from .shown import ShownLayer, ShownSample
from .simulating import Record, Setup


def show(
    run: RunFile, network: Network, data: Dataset, clock: Clock, plugins: Plugins, tell: Tell = say_nothing
) -> ShownSample | None:
    """Return what the neurons of ``network`` do on the sample that [report] names; None where no reporter needs it.

    The sample is simulated on its own, or with the others of its sequence: results do not depend on batches, so this
    is what it did in the run.

    Parameters
    ----------
    data : Dataset
        As it was read, in the shape of the source or of the network's input.
    """
    if not _needed(run):
        return None
    with warnings.catch_warnings(record=True):  # they were told when the data was presented
        data = fitting.fit(sampling.selected(run, data), network, skip_bad=run.data.skip_bad)
    tell(Progress("show", note=f"sample {run.report.sample} is simulated once more, to be shown in detail"))
    parts = run.simulate.sequence
    start = run.report.sample // parts * parts
    samples = np.ascontiguousarray(data.part(start, min(start + parts, len(data))), np.float32)
    record = _record(run, network)
    setup = Setup(sequences.clock(clock, parts), sequences.to_record(record, parts), run.general.seed)
    with raised_by("backend", run.backend, plugins), run.backend.build(network, setup) as simulator:
        recording = present(simulator, stimuli.batch(run, data, start, samples, clock), run.backend.name, start)
    recording = sequences.split(
        recording, network, record, parts, len(samples), current=run.simulate.input == "current"
    ).of(run.report.sample - start)
    sample = samples[run.report.sample - start][None]
    known = references(network)
    analog = activations(network, known, sample) if known else {}
    given = {} if run.backend.counting_fault() else values(network, clock, recording)
    layers = [
        ShownLayer(
            layer.name,
            activation=_one(analog.get(layer.name)),
            value=_one(given.get(layer.name)),
            spikes=recording.spikes.get(layer.name),
            potentials=_one(recording.potentials.get(layer.name), axis=1),
        )
        for layer in network.layers
        if isinstance(layer, Neuron)
    ]
    return ShownSample(int(data.numbers[run.report.sample]), run.report.sample, sample[0], tuple(layers))


def check(run: RunFile, data: Dataset) -> None:
    """Raise SettingsError where the data has no sample of the number that [report] names."""
    count = len(sampling.selected(run, data))
    if run.report.sample >= count:
        raise SettingsError(
            f"[report] sample: there is no sample {run.report.sample}; the run has {count}, numbered from 0",
            hint="choose a lower number, or 0",
        )


def _needed(run: RunFile) -> bool:
    return any(reporter.needs.sample or reporter.needs.potentials for reporter in run.reporters)


def _record(run: RunFile, network: Network) -> Record:
    neurons = [layer for layer in network.layers if isinstance(layer, Neuron)]
    potentials = any(reporter.needs.potentials for reporter in run.reporters)
    return Record(
        spikes=frozenset(layer.name for layer in neurons if layer.spiking),
        potentials=frozenset(layer.name for layer in neurons) if potentials else frozenset(),
    )


def _one(batch: npt.NDArray[np.floating] | None, axis: int = 0) -> npt.NDArray[np.float32] | None:
    """Return the only sample of a batch."""
    return None if batch is None else np.asarray(batch.take(0, axis=axis), np.float32)
