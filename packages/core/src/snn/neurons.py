"""The neurons that take the place of activations; a spike code is a kind of neuron.

Each step a neuron is given ``z``, the sum of its input in that step: weights times spikes (a spike has height 1
whatever the threshold), plus what enters per millisecond (input current, biases) times the step ``dt``.
Plugins bring further kinds by subclassing `Neuron` and setting ``plugin``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np

from .network import Array, Layer, Shape


@dataclass(frozen=True, eq=False, kw_only=True)
class Neuron(Layer):
    """One neuron an element of the input."""

    plugin: ClassVar[str] = ""  # the entry-point name of the plugin that brings this kind
    spiking: ClassVar[bool] = True  # whether its output is spikes

    @property
    def kind(self) -> str:
        """The word for this kind in files: ``Name``, or ``plugin:Name``."""
        return f"{self.plugin}:{type(self).__name__}" if self.plugin else type(self).__name__


@dataclass(frozen=True, eq=False, kw_only=True)
class IntegrateFire(Neuron):
    """Integrate and fire, for the rate code (Rueckauer et al. 2017).

    ::

        V += z;  V -= leak * dt where V > 0      (not while refractory)
        s = [V >= threshold]
        V -= threshold | V = 0 | V %= threshold  where s      (reset: subtract, zero, modulo)

    Attributes
    ----------
    threshold : float
    initial : ndarray, () or (*shape)
        The potential at rest, absolute. Half the threshold turns flooring of the rate into rounding (Bu et al. 2022).
    reset : str
    refractory_ms : float
        The least time between two spikes of a neuron; input that comes earlier is lost.
    leak : float
        What a positive potential loses per millisecond, down to zero.
    """

    threshold: float = 1.0
    initial: Array = field(default_factory=lambda: np.zeros((), np.float32))
    reset: Literal["subtract", "zero", "modulo"] = "subtract"
    refractory_ms: float = 0.0
    leak: float = 0.0

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        if not self.threshold > 0:
            raise ValueError(f"threshold {self.threshold} must be above 0")
        if self.refractory_ms < 0 or self.leak < 0:
            raise ValueError(f"refractory_ms {self.refractory_ms} and leak {self.leak} must not be negative")
        if self.initial.shape not in ((), inputs[0]):
            raise ValueError(f"initial {self.initial.shape} does not fit input {inputs[0]}")
        return inputs[0]


@dataclass(frozen=True, eq=False, kw_only=True)
class Accumulate(Neuron):
    """A potential that never fires, ``V += z``, for readout by potential."""

    spiking: ClassVar[bool] = False


@dataclass(frozen=True, eq=False, kw_only=True)
class SoftmaxFire(Neuron):
    """The ancestor's stochastic softmax: ``V += z``; neuron ``i`` fires with probability ``softmax(gain * V)_i``.

    Draws are independent for each neuron and step, seeded (`snn.randomness`); V is never reset.
    """

    gain: float = 1.0
