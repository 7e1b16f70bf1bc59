"""What the codes of first spikes share: their neurons' settings, how long a sample is shown, how that is calibrated."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from .. import layers as op
from ..clock import Clock
from ..coding import Code, Trial, ends
from ..network import Layer, Network
from ..neurons import FirstSpike, Neuron
from ..settings import PositiveFloat

DT_MS = 0.25  # shorter steps gained nothing on MNIST, 0.5 ms lost 0.1 points
SLACK = 0.005  # of the best agreement, which a shorter duration may cost
SEARCHED = 2.5  # calibration looks at durations up to so many times that of the rule

Rise: TypeAlias = Annotated[
    float, Meta(ge=0, le=1e6, description="Biases rise for so many times the threshold, in ms; 0: they act at once.")
]


@dataclass(frozen=True)
class FirstSpikeCode(Code):
    """A code in which a spike switches a lasting current on."""

    calibrates: ClassVar[bool] = True

    threshold: Annotated[
        PositiveFloat, Meta(description="Of the hidden neurons; an activation of 1 reaches it in so many ms.")
    ] = 1.0
    output_threshold: Annotated[PositiveFloat, Meta(description="Of output neurons, for the readout by spikes.")] = 2.0
    gated: Annotated[
        bool, Meta(description="Biases act once the first spike has come; false: from the start, also on no input.")
    ] = True
    bias_rise: Rise = 6.0  # measured on MNIST: best at 5 to 7 where biases are large, all the same where they are small

    @abstractmethod
    def neurons_of(self, **fields: Any) -> FirstSpike:
        """Return neurons with ``fields``: name, inputs, threshold, gated and bias_rise_ms."""

    def place(self, activation: op.Activation, network: Network) -> Layer:
        return self.neurons_of(
            name=activation.name,
            inputs=activation.inputs,
            threshold=self.output_threshold if ends(activation, network) else self.threshold,
            gated=self.gated,
            bias_rise_ms=self.bias_rise * self.threshold,
        )

    def clock(self, network: Network) -> Clock:
        # Measured on MNIST: best at 8 with 2 hidden layers, 12 with 6; it grows as spikes wait for spikes.
        return scaled(6 + depth(network), self.threshold)

    def calibrate(self, clock: Clock, trial: Trial) -> Clock:
        longest = longer(clock, SEARCHED)
        return shortest(longest, trial(longest))  # one run shows every shorter one


def depth(network: Network) -> int:
    """Return how many layers of neurons an input passes one after another, at most, before the output."""
    passed: dict[str, int] = {}
    for layer in network.layers:
        before = max((passed[name] for name in layer.inputs), default=0)
        passed[layer.name] = before + (isinstance(layer, Neuron) and layer is not network.output)
    return max(passed.values())


def scaled(units: float, threshold: float) -> Clock:
    """Return a clock of so many times the time in which an activation of 1 reaches ``threshold``."""
    return Clock(units * threshold, DT_MS * threshold)


def longer(clock: Clock, factor: float) -> Clock:
    """Return ``clock`` with its duration times ``factor``, in whole steps, at least one."""
    return lasting(clock, max(1, math.ceil(clock.steps * factor)))


def lasting(clock: Clock, steps: int) -> Clock:
    """Return ``clock`` with a duration of ``steps`` steps."""
    return Clock(steps * clock.dt_ms, clock.dt_ms)


def first_good(agreement: npt.NDArray[np.float64]) -> int:
    """Return the first position whose agreement is within `SLACK` of the best, for agreements in order, (n,)."""
    return int(np.argmax(agreement >= agreement.max() - SLACK - 1e-12))


def shortest(clock: Clock, agreement: npt.NDArray[np.float64]) -> Clock:
    """Return ``clock`` cut after the first step whose agreement, (steps,), is within `SLACK` of the best."""
    return lasting(clock, first_good(agreement) + 1)
