"""The numbers of a core: potentials in steps of 2^-15, weights of 16 bits whose step each population chooses.

What the spikes of one step bring to a neuron is added up in ring buffers, one for excitatory and one for inhibitory
weights, of 16 bits as well: a sum above that stays at the largest value, and a weight above it wraps around. With the
shift ``s`` that sPyNNaker finds, a bit is worth ``2^(s - 15)``, so that a ring buffer holds ``2^(s + 1)``: its *power*
here is ``s + 1``. sPyNNaker chooses ``s`` so that ``2^s`` is above the largest weight times the number of inputs; a
population is told a tighter sum instead (`Scale.expected`), and all its quantities are multiplied by a power of two, so
that no bit is left over. Powers of two leave weights that are sums of few of them as they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

STEP = 2.0**-15
"""Of potentials, thresholds and currents (S16.15)."""

LARGEST = 2.0**15
"""What potentials are kept below, half of what they could be."""

_BITS = 16
_USUAL_POWER = 9  # of the larger ring buffer: thresholds then have seven bits and more before the point
_MOST_SHIFT = 6  # where there is no threshold, and currents may be of any size
_ROOM = 2.0**9  # for thresholds, so that currents of 64 times as much have room, too


@dataclass(frozen=True)
class Scale:
    """How a population counts.

    Attributes
    ----------
    factor : float
        A power of two: what is 1 in the network is ``factor`` on the chip.
    excitatory, inhibitory : int
        The powers of its ring buffers, in units of the chip.
    """

    factor: float
    excitatory: int
    inhibitory: int

    def power(self, receptor: str) -> int:
        """Return the power of a ring buffer."""
        return self.excitatory if receptor == "excitatory" else self.inhibitory

    def step(self, receptor: str) -> float:
        """Return what the last bit of a weight is worth, in units of the chip."""
        return 2.0 ** (self.power(receptor) - _BITS)

    @property
    def expected(self) -> list[float]:
        """What sPyNNaker is told to expect, for it to find the shifts that belong to the powers."""
        return [0.75 * 2.0 ** (power - 1) for power in (self.excitatory, self.inhibitory)]

    def weights(self, weight: Numbers, receptor: str) -> Numbers:
        """Return ``weight``, of the network and above 0, as the chip has it, in its units."""
        step = self.step(receptor)
        return np.asarray(np.rint(weight * self.factor / step) * step, np.float64)

    def value(self, number: Numbers) -> Numbers:
        """Return a potential, threshold or current of the network as the chip has it, in its units."""
        return np.asarray(np.rint(number * self.factor / STEP) * STEP, np.float64)


def scale(excitatory: float, inhibitory: float, fan_in: int, threshold: float | None, steps: int) -> Scale:
    """Return the finest scale of a population.

    Parameters
    ----------
    excitatory, inhibitory : float
        The largest sums that its ring buffers are to hold, in units of the network.
    fan_in : int
        The largest number of weights in such a sum, each of which may be rounded up.
    threshold : float or None
        None where the neurons only add up, which potentials of so many ``steps`` must leave room for.
    steps : int
    """
    powers = [_power(bound, fan_in) for bound in (excitatory, inhibitory)]
    most = _USUAL_POWER if threshold is not None else min(_USUAL_POWER, int(math.log2(LARGEST / (steps + 1))))
    shift = most - max(powers)
    shift = min(shift, _MOST_SHIFT if threshold is None else math.floor(math.log2(_ROOM / threshold)))
    return Scale(2.0**shift, *(max(1, power + shift) for power in powers))


def _power(bound: float, fan_in: int) -> int:
    """Return the least power whose ring buffer holds ``bound`` once each of ``fan_in`` weights has been rounded."""
    if bound <= 0:
        return -_BITS
    power = math.ceil(math.log2(bound))
    while bound + (fan_in / 2 + 1) * 2.0 ** (power - _BITS) > 2.0**power and power < math.log2(bound) + _BITS:
        power += 1
    return power
