"""Find the duration that suits a spiking network on calibration samples: a code chooses, the run's backend tries.

Codes of first spikes need it: spikes wait for spikes, so that the best duration grows with depth, and accuracy falls
after it.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from . import presenting, stimuli
from .clock import Clock
from .dataset import Dataset
from .decoding import decode
from .errors import PluginError, SimulationError, Unavailable
from .network import Network
from .plugins import Plugins, check_requirements, raised_by
from .progress import Progress, Tell
from .result import Curve
from .run_file import RunFile
from .simulating import Setup

SAMPLES = 500  # at most so many are simulated; differences of 0.5 points are two or three of them
LOW = 0.9  # agreement below which other codes are spoken of


def calibrated(run: RunFile, network: Network, plugins: Plugins, data: Dataset | None, tell: Tell) -> Network:
    """Return the spiking ``network`` with the clock that its code finds on ``data``, or as it is where that cannot be.

    ``data`` are typical samples in the shape of the network's input; why they are not used is told.
    """
    clock = presenting.clock_of(run, network)
    rule = f"the duration, {clock.duration_ms:g} ms, is that of a rule by depth"
    if data is None:
        tell(Progress("calibrate", note=f"no calibration samples: {rule}; give --calibrate DATA for a better one"))
        return network
    try:
        check_requirements("backend", run.backend)
        chosen, note = _chosen(run, network, plugins, data, clock, tell)
    except (PluginError, SimulationError) as error:
        if not isinstance(error, (PluginError, Unavailable, presenting.OnlyBuilt)):
            raise
        tell(Progress("calibrate", note=f"backend {run.backend.name!r} does not run here: {rule}"))
        return network
    tell(Progress("calibrate", note=note))
    return dataclasses.replace(network, clock=chosen, provenance=(*network.provenance, note))


def _chosen(
    run: RunFile, network: Network, plugins: Plugins, data: Dataset, clock: Clock, tell: Tell
) -> tuple[Clock, str]:
    """Return the clock that the code of the run chooses, starting from ``clock``, and a line that says how it does."""
    few = data.first(SAMPLES)
    shown = stimuli.trial(run, few)
    analog = presenting.classify(network.analog.get("parsed", network.analog["normalised"]), few)
    found: dict[int, Curve] = {}

    def trial(clock: Clock) -> Curve:
        with raised_by("backend", run.backend, plugins):
            fitted = run.backend.fit(dataclasses.replace(network, clock=clock), data)
            setup = Setup(clock=clock, seed=run.general.seed, tell=tell, processors=run.processors)
            with run.backend.build(fitted, setup) as simulator:
                classes = []
                for start, samples in few.batches(run.simulate.batch):
                    tell(Progress("calibrate", start, len(few)))
                    stimulus = stimuli.batch(shown, few, start, samples, clock)
                    recording = presenting.present(simulator, stimulus, run.backend.name, start)
                    classes.append(decode(recording, fitted.output))
        tell(Progress("calibrate", len(few), len(few)))
        found[clock.steps] = (np.concatenate(classes, axis=1) == analog).mean(axis=1)
        return found[clock.steps]

    with raised_by("code", run.code, plugins):
        chosen = run.code.calibrate(clock, trial)
    share = found[min(steps for steps in found if steps >= chosen.steps)][chosen.steps - 1]
    note = f"duration {chosen.duration_ms:g} ms: agrees with the analog network on {100 * share:.1f} % of {len(few)}"
    low = "; other codes may suit this network better" if share < LOW else ""
    return chosen, f"{note} samples of {data.name}{low}"
