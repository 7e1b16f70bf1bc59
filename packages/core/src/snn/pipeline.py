"""The verbs in order: from a model to a spiking network, from a spiking network to a result."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from . import analog, converting, dataset, normalising, recordings, storage
from .clock import Clock
from .component import Component
from .dataset import Dataset
from .decoding import decode
from .encoding import ConstantCurrent, PoissonSpikes
from .errors import ConversionWarning, ParseError, PluginError, SettingsError, SimulationError, SnnError
from .network import Array, Network
from .neurons import Neuron
from .operations import multiply_adds
from .parsing import Frontend
from .plugins import Plugins, check_requirements
from .progress import Progress, Tell, say_nothing
from .result import Result
from .run_file import RunFile
from .simplifying import simplify
from .simulating import Integers, Record, Recording, Setup, Simulator, Stimulus

PROOF_SAMPLES = 20  # calibration samples on which simplify is proven, beside noise


def parse(run: RunFile, source: Path | object, plugins: Plugins, tell: Tell = say_nothing) -> Network:
    """Return the network in ``source``: a model file, a ``.snn`` file or a live model."""
    if isinstance(source, Path) and source.name.endswith(storage.SUFFIX):
        return storage.load(source, plugin_neurons(plugins))
    frontend = _frontend(run, source)
    check_requirements("frontend", frontend)
    tell(
        Progress(
            "parse",
            note=f"reading {source if isinstance(source, Path) else type(source).__name__} with {frontend.name}",
        )
    )
    with raised_by("frontend", frontend, plugins):
        return frontend.parse(source)


def prepare(
    run: RunFile, network: Network, plugins: Plugins, calibration: Dataset | None, tell: Tell = say_nothing
) -> Network:
    """Return the spiking network of ``network``, which may be of any stage; what is done already is not done again.

    Before anything is computed, the layers are checked to have a spiking form and the backend to run it.
    """
    if network.stage == "spiking":
        return network
    data = None if calibration is None else dataset.fit(calibration, network, tell)
    network = simplified(network, data, tell)
    rehearse(run, network)
    return converted(run, normalised(run, network, plugins, data, tell), plugins, data, tell)


def simplified(network: Network, data: Dataset | None, tell: Tell = say_nothing) -> Network:
    """Return the network without what changes nothing, proven on the first calibration samples."""
    if network.stage != "parsed":
        return network
    simple = simplify(network, None if data is None else next(data.batches(PROOF_SAMPLES))[1])
    for note in simple.provenance[len(network.provenance) :]:
        tell(Progress("simplify", note=note))
    return simple


def normalised(
    run: RunFile, network: Network, plugins: Plugins, data: Dataset | None, tell: Tell = say_nothing
) -> Network:
    """Return the network after each normaliser of the run; without calibration data, after the bound of the weights."""
    if network.stage not in ("parsed", "simplified"):
        return network
    for normaliser in run.normalisers:
        chosen = normaliser
        if data is None and isinstance(normaliser, normalising.Percentile):
            chosen = normalising.WeightBound()
            normalising.warn_bound(network)
        check_requirements("normaliser", chosen)
        with raised_by("normaliser", chosen, plugins):
            network = chosen.normalise(network, data, tell)
    return network


def converted(
    run: RunFile, network: Network, plugins: Plugins, data: Dataset | None, tell: Tell = say_nothing
) -> Network:
    """Return the spiking network, as the backend of the run will have it."""
    tell(Progress("convert", note=f"placing the neurons of code {run.code.name!r}"))
    with raised_by("code", run.code, plugins):
        spiking = converting.convert(
            network, run.code, readout=run.convert.readout, spiking_pools=run.convert.spiking_pools
        )
    with raised_by("backend", run.backend, plugins):
        run.backend.check(spiking)
        return run.backend.fit(spiking, data)


def simulate(
    run: RunFile,
    network: Network,
    data: Dataset,
    plugins: Plugins,
    tell: Tell = say_nothing,
    folder: Path | None = None,
) -> Result:
    """Return what ``network`` makes of ``data`` on the backend of the run.

    Raises
    ------
    SimulationError
        The simulator failed, or the network is not spiking.
    """
    if network.stage != "spiking":
        raise SimulationError(f"the network is {network.stage}, not spiking", hint="convert it first: snn convert")
    run.backend.check(network)
    check_requirements("backend", run.backend)
    _check_input(run)
    data = dataset.fit(data.first(run.data.count), network, tell)
    clock = clock_of(run, network)
    if run.simulate.input == "poisson":
        _warn_of_saturated_input(run, data, clock)
    setup = Setup(clock=clock, record=run.record.record, seed=run.general.seed, folder=folder, tell=tell)
    spiking, operations, seconds = [], [], 0.0
    with raised_by("backend", run.backend, plugins), run.backend.build(network, setup) as simulator:
        for start, samples in data.batches(run.simulate.batch):
            tell(Progress("simulate", start, len(data)))
            stimulus = _stimulus(run, samples, np.arange(start, start + len(samples)), clock)
            begin = time.perf_counter()
            recording = _run(simulator, stimulus, run.backend.name, start)
            seconds += time.perf_counter() - begin
            spiking.append(decode(recording, network.output))
            operations.append(recording.operations)
            if folder is not None and setup.record != Record():
                recordings.save(recording, folder, start)
        tell(Progress("simulate", len(data), len(data)))
        facts = dict(simulator.facts())
    parsed = network.analog.get("parsed")
    counted = [part for part in operations if part is not None]
    return Result(
        name=run.general.name,
        backend=run.backend.name,
        clock=clock,
        networks={**network.analog, "spiking": network},
        labels=data.labels,
        analog=None if parsed is None else classify(parsed, data, tell),
        spiking=np.concatenate(spiking, axis=1),
        operations=np.concatenate(counted, axis=1) if len(counted) == len(operations) else None,
        analog_operations=None if parsed is None else multiply_adds(parsed),
        seconds=seconds,
        facts=facts,
    )


def classify(network: Network, data: Dataset, tell: Tell = say_nothing) -> Integers:
    """Return the class an analog network gives each sample, (samples,)."""
    found = []
    for start, samples in data.batches(analog.BATCH):
        found.append(analog.classify(network, samples))
        tell(Progress("evaluate", start + len(samples), len(data)))
    return np.concatenate(found)


def clock_of(run: RunFile, network: Network) -> Clock:
    """Return the clock of a run: its own settings, else what the network's code asks."""
    suits = network.clock or Clock()
    try:
        return Clock(run.simulate.duration_ms or suits.duration_ms, run.simulate.dt_ms or suits.dt_ms)
    except ValueError as error:
        raise SettingsError(f"[simulate] {error}", hint="the duration must hold at least one step") from error


def plugin_neurons(plugins: Plugins) -> list[type[Neuron]]:
    """Return the kinds of neurons that plugins bring."""
    return [kind for code in plugins.components("code").values() for kind in code.neurons if kind.plugin]


@contextmanager
def raised_by(kind: str, component: Component, plugins: Plugins) -> Iterator[None]:
    """Add to any exception from inside which component of which distribution raised it."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, SnnError) and hasattr(error, "add_note"):  # Python 3.11
            plugin = plugins.origin(type(component))
            error.add_note(f"raised by {kind} {component.name!r} of {plugin.distribution} {plugin.version}")
        raise


def _frontend(run: RunFile, source: Path | object) -> Frontend:
    """Return the frontend the run names, or the one that accepts ``source``; the longest suffix wins."""
    names = ", ".join(run.frontends) or "none"
    if run.parse.frontend:
        if run.parse.frontend not in run.frontends:
            raise PluginError(f"no frontend {run.parse.frontend!r} is installed", hint=f"installed: {names}")
        return run.frontends[run.parse.frontend]
    accepting = [frontend for frontend in run.frontends.values() if frontend.accepts(source)]
    if isinstance(source, Path) and accepting:
        longest = max(_match(frontend, source) for frontend in accepting)
        accepting = [frontend for frontend in accepting if _match(frontend, source) == longest]
    if not accepting:
        what = str(source) if isinstance(source, Path) else f"a {type(source).__module__}.{type(source).__name__}"
        raise ParseError(
            f"{what}: no installed frontend reads this", hint=f"name one with --frontend; installed: {names}"
        )
    if len(accepting) > 1:
        told = ", ".join(frontend.name for frontend in accepting)
        raise ParseError(f"{source}: several frontends read this: {told}", hint="choose one with --frontend")
    return accepting[0]


def _match(frontend: Frontend, source: Path) -> int:
    return max((len(suffix) for suffix in frontend.suffixes if source.name.lower().endswith(suffix)), default=0)


def rehearse(run: RunFile, network: Network) -> None:
    """Place the neurons in ``network`` as it is, to see that it can be done and run, before time is spent on scales."""
    converting.check(network, run.code, run.convert.readout)
    trial = converting.place(network, run.code, readout=run.convert.readout, spiking_pools=run.convert.spiking_pools)
    run.backend.check(trial)


def _check_input(run: RunFile) -> None:
    kind = "current" if run.simulate.input == "current" else "spikes"
    if kind not in run.backend.inputs:
        raise SettingsError(
            f"[simulate] input: backend {run.backend.name!r} takes no {run.simulate.input} input",
            hint=f"it takes {', '.join(run.backend.inputs)}",
        )


def _warn_of_saturated_input(run: RunFile, data: Dataset, clock: Clock) -> None:
    """Warn where an input asks for more than one spike a step, which it cannot have."""
    limit = 1000 / (run.simulate.rate_hz * clock.dt_ms)
    above = sum(int((np.abs(samples) > limit).sum()) for _, samples in data.batches(analog.BATCH))
    if above:
        share = above / data.samples.size
        warnings.warn(
            f"{100 * share:.3g} % of the input values are above {limit:g} and saturate at one spike a step; "
            "lower simulate.rate_hz or scale the samples",
            ConversionWarning,
            stacklevel=2,
        )


def _stimulus(run: RunFile, samples: Array, numbers: Integers, clock: Clock) -> Stimulus:
    if run.simulate.input == "current":
        return ConstantCurrent(samples, numbers, clock)
    return PoissonSpikes(samples, numbers, clock, rate_hz=run.simulate.rate_hz, seed=run.general.seed)


def _run(simulator: Simulator, stimulus: Stimulus, backend: str, start: int) -> Recording:
    try:
        return simulator.run(stimulus)
    except (ArithmeticError, OSError, RuntimeError) as error:
        raise SimulationError(
            f"backend {backend!r} failed on the batch from sample {start}: {error}",
            hint="run snn check with the backend's name, to see whether it works at all",
        ) from error
