"""The neurons that take the place of activations; a spike code is a kind of neuron.

Each step a neuron is given ``z``, the sum of its input in that step: weights times spikes (a spike has height 1
whatever the threshold), plus what enters per millisecond (input current, biases) times the step ``dt``.

A spike of a *latched* neuron is no pulse but switches a current of height 1 on, which flows until the sample ends or
the neuron takes the spike back. In a network of such neurons ``s`` is that current, 0 or 1, in every operation, and

::

    z = dt * (W s + g r b)

for them and for `Accumulate`; ``W s`` stands for all operations between, ``b`` for what they give where nothing flows.
The gate ``g`` opens, 0 to 1, in the step in which the first current reaches this layer in this sample; the constant
input is a current that flows from the first step on. Biases rise with the time t after a step, ``r = min(1, t /
bias_rise_ms)``; but r = 1 where the input reaches the layer, since all of it is there at once, and behind a max-pool of
sums with biases. Max-pools take the largest of the currents.

Plugins bring further kinds by subclassing `Neuron` and setting ``plugin``.

Kinds with a `Neuron.window` work otherwise: input and biases enter once, in full, in the first step, whatever its
length; a neuron fires only in its own window of steps, once all its input is there (`snn.windows`); and what its spikes
are worth is said by its equations.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np

from .network import Array, Layer, Shape

MOST_BITS = 16
"""The longest window of a code of bits: more are finer than the weights, which are float32, are worth."""

MOST_BINS = 4096
"""The longest window of a code of spike times: as many steps are needed for each layer."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Neuron(Layer):
    """One neuron an element of the input."""

    plugin: ClassVar[str] = ""  # the entry-point name of the plugin that brings this kind
    spiking: ClassVar[bool] = True  # whether its output is spikes
    latched: ClassVar[bool] = False  # whether a spike switches a lasting current on, so that the earliest counts most
    takes: ClassVar[tuple[str, ...]] = ("current", "spikes")  # the kinds of `Stimulus` that a network of it takes

    @property
    def kind(self) -> str:
        """The word for this kind in files: ``Name``, or ``plugin:Name``."""
        return f"{self.plugin}:{type(self).__name__}" if self.plugin else type(self).__name__

    @property
    def window(self) -> int:
        """The steps in which it fires, once all its input is there; 0 where it fires while its input comes in."""
        return 0


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


@dataclass(frozen=True, eq=False, kw_only=True)
class BitPattern(Neuron):
    """The bits of a value, the highest first, for the pattern code (the ancestor's ``temporal_pattern``).

    ::

        V += z                                                     until its window begins; then, with n = 2^bits - 1,
        q = min(max(round(V / scale * n), 0), n) / n               once, halves to even
        s = [q > 2^-i];  q -= 2^-i s;  others get  scale 2^-i s    in step i = 1, 2, ... bits of the window

    All its spikes are worth ``scale * j / 2^bits``, where ``j`` is ``V / scale * n`` rounded. A `FewSpike` neuron gives
    the same spikes; this one rounds its potential as a whole and leaves it as it is, and since ``j`` counts in
    ``1 / n`` and is worth ``1 / 2^bits``, every value comes out smaller, by the share ``2^-bits``.

    Attributes
    ----------
    bits : int
        The length of the window.
    scale : float
        The value from which on all bits are 1.
    """

    takes: ClassVar[tuple[str, ...]] = ("current",)
    bits: int = 8
    scale: float = 1.0

    @property
    def window(self) -> int:
        return self.bits

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        _check("bits", self.bits, MOST_BITS, self.scale)
        return inputs[0]


@dataclass(frozen=True, eq=False, kw_only=True)
class FewSpike(Neuron):
    """Threshold, reset and spike that halve with each step, for the few-spike code (Stoeckl and Maass 2021).

    ::

        alpha = scale / (1 - 2^-planes);   h_k = alpha 2^-k
        V = alpha 2^-(planes + 1)                                  at rest with rounding, else 0
        V += z                                                     until its window begins
        s = [V >= h_k];  V -= h_k s;  others get  h_k s            in step k = 1, 2, ... planes of the window

    With ``unit = alpha 2^-planes`` all its spikes are worth ``min(max(floor(V / unit), 0), 2^planes - 1) * unit``, for
    the potential ``V`` when its window begins.

    Attributes
    ----------
    planes : int
        The length of the window.
    scale : float
        The largest value it can give.
    rounding : bool
        Whether values are rounded to the nearest that it can give; the published neuron rounds down.
    """

    takes: ClassVar[tuple[str, ...]] = ("current",)
    planes: int = 6
    scale: float = 1.0
    rounding: bool = True

    @property
    def window(self) -> int:
        return self.planes

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        _check("planes", self.planes, MOST_BITS, self.scale)
        return inputs[0]


@dataclass(frozen=True, eq=False, kw_only=True)
class WindowFirstSpike(Neuron):
    """One spike, the earlier the larger the value, for the exact code of first spikes, in windows layer by layer.

    ::

        unit = scale / bins
        V += z                                                     until its window begins
        s = [V >= (bins - k - 1/2) unit] and no spike before       in step k = 0, 1, ... bins - 1 of the window
        others get  unit  in the step of the spike and in each later one of the window

    The threshold is half a unit higher without ``rounding``. Its spike is worth
    ``min(max(floor(V / unit + 1/2), 0), bins) * unit``; for less than half a unit there is none.

    Attributes
    ----------
    bins : int
        The length of the window.
    scale : float
        The largest value it can give, by a spike in the first step of the window.
    rounding : bool
        Whether values are rounded to the nearest that it can give, else down.
    """

    takes: ClassVar[tuple[str, ...]] = ("current",)
    bins: int = 32
    scale: float = 1.0
    rounding: bool = True

    @property
    def window(self) -> int:
        return self.bins

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        _check("bins", self.bins, MOST_BINS, self.scale)
        return inputs[0]


@dataclass(frozen=True, eq=False, kw_only=True)
class FirstSpike(Neuron):
    """Fire once, for the time-to-first-spike code (Rueckauer, Liu 2018).

    ::

        V += z;  s = 1 from the step on in which V >= threshold

    ``z`` is that of latched neurons (see above). V is never reset: it goes on after the spike.

    Attributes
    ----------
    threshold : float
    gated : bool
        False: the gate ``g`` is always open, so that biases act from the first step on. The `Accumulate` at the end
        has the gate of the neurons that it reads.
    bias_rise_ms : float
        How long biases rise until they have their value; 0: they act at once. The `Accumulate` at the end has that of
        the neurons that it reads.
    """

    latched: ClassVar[bool] = True
    takes: ClassVar[tuple[str, ...]] = ("current",)
    threshold: float = 1.0
    gated: bool = True
    bias_rise_ms: float = 0.0

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        if not self.threshold > 0:
            raise ValueError(f"threshold {self.threshold} must be above 0")
        if not self.bias_rise_ms >= 0:
            raise ValueError(f"bias_rise_ms {self.bias_rise_ms} must not be negative")
        return inputs[0]


@dataclass(frozen=True, eq=False, kw_only=True)
class DynamicFirstSpike(FirstSpike):
    """Fire once, and not before the input that is still to come (Rueckauer, Liu 2018: TTFS with dynamic threshold).

    ::

        V += z;  s = 1 from the step on in which V >= threshold + strength * (|W| P)

    ``P`` is, for each neuron before this layer, 1 while it is still expected to fire and 0 otherwise: after a step at
    time t of T,

    ::

        P = [s = 0 and z > 0 and V + z * (T - t) / dt >= threshold]      with horizon: at this rate it fires before T
        P = [s = 0 and z > 0]                                            without: as published

    ``|W|`` is the operations between with the absolute values of their weights, scales and factors, and no biases; a
    max-pool gives the largest P of its window. Nothing is expected of the input, which flows from the start.

    Attributes
    ----------
    threshold : float
    gated : bool
    bias_rise_ms : float
    strength : float
        How much one expected spike raises the threshold, for a weight of 1.
    horizon : bool
    """

    strength: float = 0.5
    horizon: bool = True

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        if self.strength < 0:
            raise ValueError(f"strength {self.strength} must not be negative")
        return super().output_shape(inputs)


@dataclass(frozen=True, eq=False, kw_only=True)
class CorrectiveFirstSpike(FirstSpike):
    """Fire, and take it back: TTFS with corrective spikes (Rueckauer, Liu 2018).

    ::

        V += z;  s = [V >= threshold] in every step

    A spike of sign +1 says that s has risen, one of sign -1 that it has fallen.
    """


def _check(name: str, window: int, most: int, scale: float) -> None:
    if not 1 <= window <= most:
        raise ValueError(f"{name} {window} must be from 1 to {most}")
    if not scale > 0:
        raise ValueError(f"scale {scale} must be above 0")
