"""Neurons on which a spike acts for a while: trained as they are, by SLAYER for instance, and found by no conversion.

``z`` is what `snn.neurons` says: the sum of a step's input. Both kinds count in float64, so that no order of sums, and
no way to work out a kernel, decides whether a neuron fires; arrays and recorded potentials are float32.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from .network import Array, Shape
from .neurons import Neuron

MOST_TAPS = 2**20
"""The longest kernel: of more steps than any presentation has that a simulator could hold."""


@dataclass(frozen=True, eq=False, kw_only=True)
class SpikeResponse(Neuron):
    """The spike response model with alpha kernels, as SLAYER trains it (Shrestha and Orchard 2018).

    ::

        eps_k = (k dt / tau_ms) exp(1 - k dt / tau_ms)
        nu_k  = -scale_refractory threshold (k dt / tau_refractory_ms) exp(1 - k dt / tau_refractory_ms)
        U(t)  = sum_k eps_k z(t - k)                                 k = 0, 1, ...
        V(t)  = U(t) + sum_k nu_k f(t - k)                           U and V each rounded to float32
        f(t)  = [V(t) >= threshold]
        s(t)  = f(t - delay_ms / dt)                                 in whole steps, rounded down

    A kernel ends at the first step past its peak at which its size is below ``cut``, or ``refractory_cut``. ``s`` is
    what others get and what is recorded; spikes that would leave after the presentation are lost.

    Attributes
    ----------
    threshold : float
    tau_ms : float
        When the response to a spike has its peak, which is 1.
    tau_refractory_ms : float
        When the response of the neuron to its own spike has its peak.
    scale_refractory : float
        The size of that peak, in thresholds.
    delay_ms : ndarray, () or (*shape)
        How long a spike takes to leave the neuron.
    cut, refractory_cut : float
        Where kernels end; 0: never.
    """

    threshold: float = 1.0
    tau_ms: float = 10.0
    tau_refractory_ms: float = 1.0
    scale_refractory: float = 2.0
    delay_ms: Array = field(default_factory=lambda: np.zeros((), np.float32))
    cut: float = 0.01
    refractory_cut: float = 0.01

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        for name in ("threshold", "tau_ms", "tau_refractory_ms"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} {getattr(self, name)} must be a number above 0")
        for name in ("scale_refractory", "cut", "refractory_cut"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} {getattr(self, name)} must be a number that is not negative")
        if self.delay_ms.shape not in ((), inputs[0]):
            raise ValueError(f"delay_ms {self.delay_ms.shape} does not fit input {inputs[0]}")
        if not ((self.delay_ms >= 0) & np.isfinite(self.delay_ms)).all():
            raise ValueError("delay_ms must be numbers that are not negative")
        return inputs[0]

    def delay_steps(self, dt_ms: float) -> npt.NDArray[np.int64]:
        """Return the delay of each neuron in whole steps, () or (*shape)."""
        return np.floor(np.round(self.delay_ms / np.float64(dt_ms), 6)).astype(np.int64)

    def taps(self, dt_ms: float, steps: int) -> int:
        """Return the length of the response to a spike, of a presentation of ``steps``."""
        return _taps(1.0, self.tau_ms, self.cut, dt_ms, steps)

    def refractory_taps(self, dt_ms: float, steps: int) -> int:
        """Return the length of the response of a neuron to its own spike."""
        return _taps(self.scale_refractory * self.threshold, self.tau_refractory_ms, self.refractory_cut, dt_ms, steps)


@dataclass(frozen=True, eq=False, kw_only=True)
class CurrentBased(Neuron):
    """Leaky integrate and fire with a synaptic current, the neuron of Loihi (Davies et al. 2018).

    ::

        I = (1 - current_decay) I + z
        V = (1 - voltage_decay) V + I
        s = [V > threshold], unless it has fired in the last refractory_steps - 1 steps
        V = 0  where s, and as long as it may not fire

    With ``integer`` each of the three is a whole number: ``(1 - decay) x`` and ``z`` are rounded towards zero.

    Attributes
    ----------
    threshold : float
        Above which, not at which, it fires.
    current_decay, voltage_decay : float
        What is lost in each step, whatever its length, from 0 to 1; Loihi's are multiples of 1/4096.
    refractory_steps : int
        The least number of steps from a spike to the next, at least 1. The current goes on meanwhile.
    integer : bool
    """

    threshold: float = 1.0
    current_decay: float = 1.0
    voltage_decay: float = 0.0
    refractory_steps: int = 1
    integer: bool = False

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        if not 0 <= self.threshold < math.inf:
            raise ValueError(f"threshold {self.threshold} must be a number that is not negative")
        for name in ("current_decay", "voltage_decay"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} {getattr(self, name)} must be from 0 to 1")
        if not 1 <= self.refractory_steps < 2**31:
            raise ValueError(f"refractory_steps {self.refractory_steps} must be at least 1")
        return inputs[0]


def _taps(scale: float, tau_ms: float, cut: float, dt_ms: float, steps: int) -> int:
    """Return at which step the kernel ends, by halving, since it falls past its peak; at most ``steps``."""
    steps = min(steps, MOST_TAPS)
    past = math.floor(tau_ms / dt_ms) + 1  # the first step past the peak

    def ended(step: int) -> bool:
        time = step * dt_ms / tau_ms
        return time > 1 and scale * time * math.exp(1 - time) < cut

    low, high = min(past, steps), steps
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if ended(middle) else (middle + 1, high)
    return low
