"""The verbs in order, from a model to the spiking network that a backend runs."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from . import calibrating, converting, fitting, normalising, operations, presenting, storage
from .dataset import Dataset
from .errors import ConversionError, ParseError, PluginError, SnnError
from .network import Network
from .parsing import Frontend
from .plugins import Plugins, check_requirements, raised_by
from .progress import Progress, Tell, say_nothing
from .run_file import RunFile
from .simplifying import simplify

PROOF_SAMPLES = 20  # calibration samples on which simplify is proven, beside noise


def parse(run: RunFile, source: Path | object, plugins: Plugins, tell: Tell = say_nothing) -> Network:
    """Return the network in ``source``: a model file, a ``.snn`` file or a live model."""
    if isinstance(source, Path) and source.name.endswith(storage.SUFFIX):
        return storage.load(source, plugins.neurons())
    frontend = _frontend(run, source)
    if isinstance(source, Path):
        _check_source(source)
    check_requirements("frontend", frontend)
    what = source if isinstance(source, Path) else type(source).__name__
    tell(Progress("parse", note=f"reading {what} with {frontend.name}"))
    with raised_by("frontend", frontend, plugins):
        network = frontend.parse(source)
    for line in network.provenance[1:]:  # the first says where it comes from
        tell(Progress("parse", note=line))
    return network


def files(run: RunFile, source: Path) -> tuple[Path, ...]:
    """Return every file that `parse` reads for the model ``source``; of one that it will refuse, that file alone."""
    if source.name.endswith(storage.SUFFIX):
        return (source,)
    try:
        return _frontend(run, source).files(source)
    except SnnError:
        return (source,)


def prepare(
    run: RunFile, network: Network, plugins: Plugins, calibration: Dataset | None, tell: Tell = say_nothing
) -> Network:
    """Return the spiking network of ``network``, which may be of any stage; what is done already is not done again.

    Before anything is computed, the layers are checked to have a spiking form and the backend to run it.
    """
    if network.stage == "spiking":
        raise ConversionError("the network is spiking already", hint="simulate it, or convert what it came from again")
    for note in run.notes:
        tell(Progress("convert", note=note))
    data = None if calibration is None else fitting.fit(calibration, network, tell, skip_bad=run.data.skip_bad)
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
        tell(Progress("normalise", note=f"the network is {network.stage} already; its scales stay as they are"))
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
    return fitted(run, placed(run, network, plugins, tell), plugins, data, tell)


def placed(run: RunFile, network: Network, plugins: Plugins, tell: Tell) -> Network:
    """Return the network with the neurons of the run's code, its clock as the code has it; no duration matters yet."""
    check_requirements("code", run.code)
    tell(Progress("convert", note=f"placing the neurons of code {run.code.name!r}"))
    with raised_by("code", run.code, plugins):
        spiking = converting.convert(
            network,
            run.code,
            readout=run.convert.readout,
            spiking_pools=run.convert.spiking_pools,
            seed=run.general.seed,
        )
    if len(before := operations.weighted_before_neurons(spiking)) > 1:
        note = f"no activation between layers {', '.join(before)}: they pass on numbers, not spikes"
        tell(Progress("convert", note=note))
    return spiking


def fitted(run: RunFile, spiking: Network, plugins: Plugins, data: Dataset | None, tell: Tell) -> Network:
    """Return the ``spiking`` network, whose neurons are placed, with the clock of the run, as its backend will have it.

    Where the run names no duration, and its code's depends on the network, one is found on ``data``.
    """
    if run.simulate.duration_ms or run.simulate.dt_ms:
        spiking = dataclasses.replace(spiking, clock=presenting.clock_of(run, spiking))
    with raised_by("backend", run.backend, plugins):
        run.backend.check(spiking)
    if run.code.calibrates and not run.simulate.duration_ms:
        spiking = calibrating.calibrated(run, spiking, plugins, data, tell)
    with raised_by("backend", run.backend, plugins):
        found = run.backend.fit(spiking, data)
    for note in found.provenance[len(spiking.provenance) :]:
        tell(Progress("convert", note=note))
    return found


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


def _check_source(source: Path) -> None:
    """Raise ParseError where there is nothing to read at ``source``; a folder is for the frontend to judge."""
    try:
        found = source.exists()
        special = found and not source.is_file() and not source.is_dir()
    except (OSError, ValueError) as error:  # a name that is too long, or holds a null character
        raise ParseError(f"{source} cannot be read: {error}", hint="is it the right path?") from error
    if not found:
        raise ParseError(f"{source} does not exist", hint="is it the right path?")
    if special:
        raise ParseError(f"{source} is no regular file", hint="save the model to a file")


def _match(frontend: Frontend, source: Path) -> int:
    return max((len(suffix) for suffix in frontend.suffixes if source.name.lower().endswith(suffix)), default=0)


def rehearse(run: RunFile, network: Network) -> None:
    """Place the neurons in ``network`` as it is, to see that it can be done and run, before time is spent on scales."""
    converting.check(network, run.code, run.convert.readout)
    trial = converting.place(network, run.code, readout=run.convert.readout, spiking_pools=run.convert.spiking_pools)
    run.backend.check(trial)
    presenting.check_input(run, trial)
    presenting.check_record(run, trial)
    presenting.clock_of(run, trial)
