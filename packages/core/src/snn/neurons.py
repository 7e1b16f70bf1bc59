"""The neurons that take the place of activations; a spike code is a kind of neuron.

Each step a neuron is given ``z``, the sum of its input in that step: weights times spikes (a spike has height 1
whatever the threshold), plus what enters per millisecond (input current, biases) times the step ``dt``.
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

    bins: int = 32
    scale: float = 1.0
    rounding: bool = True

    @property
    def window(self) -> int:
        return self.bins

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        _check("bins", self.bins, MOST_BINS, self.scale)
        return inputs[0]


def _check(name: str, window: int, most: int, scale: float) -> None:
    if not 1 <= window <= most:
        raise ValueError(f"{name} {window} must be from 1 to {most}")
    if not scale > 0:
        raise ValueError(f"scale {scale} must be above 0")
