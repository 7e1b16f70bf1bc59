"""Run golden networks on a backend and compare what it does with the reference."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt

from ..dataset import UNKNOWN, Dataset
from ..errors import ConversionWarning
from ..network import Network
from ..neurons import Neuron
from ..simulating import Backend, NotSimulated, Record, Recording, Setup, Simulator, Stimulus
from . import reference
from .outcome import CannotRun, DoesNotApply, require, require_installed
from .reference import Trace

TOLERANCE = 1e-5
"""What potentials may differ by; spikes may not differ at all."""

NOTHING = Record()


def taken(backend: Backend, network: Network, stimulus: Stimulus) -> Network:
    """Return ``network`` as ``backend`` runs it; raise DoesNotApply where it says that it does not."""
    if stimulus.kind not in backend.inputs:
        raise DoesNotApply(f"it takes no {stimulus.kind}")
    if problems := backend.inspect(network):
        raise DoesNotApply(problems[0].message)
    require_installed("backend", backend)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConversionWarning)  # checks are about what it runs then
        fitted = backend.fit(network, Dataset(stimulus.samples, np.full(len(stimulus.samples), UNKNOWN)))
    for layer in fitted.layers:
        if isinstance(layer, Neuron) and not isinstance(layer, reference.NEURONS):
            raise CannotRun(f"it runs {layer.kind} in the place of {network[layer.name].kind}: there is no reference")
    return fitted


def present(simulator: Simulator, stimulus: Stimulus) -> Recording:
    """Return what ``simulator`` gives; raise CannotRun where it cannot run here."""
    try:
        return simulator.run(stimulus)
    except NotSimulated as outcome:
        raise CannotRun(f"it does not simulate here: {outcome}") from outcome


def record(
    backend: Backend, network: Network, stimulus: Stimulus, wanted: Record = NOTHING, seed: int = 0
) -> Recording:
    """Return what ``backend`` records of one batch on ``network``, which it takes."""
    setup = Setup(clock=stimulus.clock, record=wanted, seed=seed, kind=stimulus.kind)
    with backend.build(network, setup) as simulator:
        return present(simulator, stimulus)


def flat(output: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    """Return an output with one axis of classes, (steps, batch, classes)."""
    return np.asarray(output, np.float64).reshape(*output.shape[:2], -1)


def compare(backend: Backend, network: Network, stimulus: Stimulus, where: str = "") -> Trace:
    """Compare the output after each step with the reference, and return the reference."""
    fitted = taken(backend, network, stimulus)
    expected = reference.simulate(fitted, stimulus)
    found = flat(record(backend, fitted, stimulus).output)
    require(
        found.shape == expected.output.shape, f"{where}: output of shape {found.shape}, not {expected.output.shape}"
    )
    spiking = isinstance(fitted.output, Neuron) and fitted.output.spiking
    what = "spikes so far" if spiking else "potentials"
    np.testing.assert_allclose(
        found, expected.output, rtol=0, atol=0 if spiking else TOLERANCE, err_msg=f"{what} of the output {where}"
    )
    return expected
