"""The integers of Loihi, and how they are written as mantissas and exponents.

A compartment has a current ``u`` and a voltage ``v`` of 24 bits. In each step, with ``a`` the sum of the weights of
the spikes that came, each ``mantissa << exponent``, and ``rz`` rounding towards zero::

    u = rz(u (4096 - (current_decay + 1)) / 4096) + (a << 6)       wraps around at -2^23 and 2^23
    v = rz(v (4096 - voltage_decay) / 4096) + u + (bias_mantissa << bias_exponent)
    v = min(max(v, -(2^23 - 1)), 2^23 - 1)
    spike where v > threshold << 6;  v = 0 there

Source: lava-nc 0.10.0, the fixed-point model of `LIF`, whose numbers are Loihi's (Davies et al. 2018).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

SHIFT = 6
"""Of weights and thresholds against voltages: they count in units of ``2^6``."""

VOLTAGE = 2**23 - 1
"""The largest voltage; a larger one stays there."""

UNITS = 2**17 - 1
"""The largest threshold, and the largest sum of weights that surely does not wrap around, in units."""

FORGETS = 4095
"""The current decay that leaves nothing of the current of the step before."""

MOST_EXPONENT = 7
"""Of weights and biases."""

BIAS = 4095
"""The largest mantissa of a bias, of 12 bits and a sign."""


def largest(weights: npt.NDArray[Any]) -> int:
    """Return the largest size that a mantissa has where weights have these signs.

    Eight bits hold 0 to 255 where all weights have one sign. Where both occur, one bit is the sign and the mantissa
    has steps of 2, so that -256 to 254 are held.
    """
    return 254 if (weights > 0).any() and (weights < 0).any() else 255


def step(weights: npt.NDArray[Any]) -> int:
    """Return the step of mantissas where weights have these signs."""
    return 2 if (weights > 0).any() and (weights < 0).any() else 1


def bias(raw: npt.NDArray[np.float64], least: int) -> tuple[Integers, Integers]:
    """Return mantissas and exponents, (neurons,), of biases in units of the voltage; what is too large is cut.

    Exponents are the smallest that hold the bias, which makes it finest, but not below ``least``.
    """
    size = np.abs(raw) / BIAS
    exponent = np.clip(np.ceil(np.log2(np.maximum(size, 1))), least, MOST_EXPONENT).astype(np.int64)
    # a mantissa that rounds up to more than there is needs one more
    over = (np.abs(np.rint(raw / 2.0**exponent)) > BIAS) & (exponent < MOST_EXPONENT)
    exponent += over
    mantissa = np.clip(np.rint(raw / 2.0**exponent), -BIAS, BIAS).astype(np.int64)
    return mantissa, exponent


def fineness(values: npt.NDArray[np.floating]) -> int:
    """Return the least ``k`` with which all ``values * 2^k`` are whole numbers; of zeros alone, a very small one.

    Examples
    --------
    >>> fineness(np.array([0.75, -3.0, 0.0]))
    2
    >>> fineness(np.array([6.0]))
    -1
    """
    found = np.asarray(values, np.float64).ravel()
    found = found[found != 0]
    if not found.size:
        return -1000
    mantissa, exponent = np.frexp(found)
    whole = np.ldexp(mantissa, 53).astype(np.int64)
    zeros = np.rint(np.log2((whole & -whole).astype(np.float64))).astype(np.int64)
    return int((53 - exponent - zeros).max())
