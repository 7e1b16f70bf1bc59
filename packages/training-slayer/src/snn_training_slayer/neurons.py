"""What a neuron is: its parameters, and how they are read from the dictionaries that describe an experiment.

The dictionaries have the keys of the original, and nothing is ever written back into them, so that any number of
layers and losses can be made from one.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

MOST_SHIFT = 6
"""Loihi gives a weight 6 binary places more than it has, and its threshold too."""


@dataclass(frozen=True)
class Simulation:
    """Discrete time: ``steps`` steps of ``dt`` milliseconds."""

    dt: float
    steps: int

    def __post_init__(self) -> None:
        _positive(self, "dt", "steps")

    @classmethod
    def from_dictionary(cls, simulation: Mapping[str, Any]) -> Simulation:
        """Read ``{Ts, tSample}``, both in milliseconds; ``nSample`` may be there and is for who loads the samples."""
        _keys("simulation", simulation, {"Ts", "tSample"}, {"nSample"})
        dt = float(simulation["Ts"])
        return cls(dt, round(float(simulation["tSample"]) / dt) if dt > 0 else 0)


@dataclass(frozen=True)
class SpikeResponse:
    """A neuron of the spike response model (Gerstner), with alpha functions as its kernels.

    .. math:: u(t) = (eps * z)(t) + (nu * s)(t), s(t) = [u(t) >= threshold]

    Parameters
    ----------
    threshold, tau, tau_refractory, scale_refractory
        Potential of a spike; time constants, in milliseconds, of the response to a spike and of the refractory
        response; and the latter's depth in thresholds.
    tau_surrogate, scale_surrogate
        Width, in thresholds, and height of the derivative that stands for that of a spike in the potential,
        ``scale / (tau threshold) exp(-|u - threshold| / (tau threshold))``.
    cut, refractory_cut
        A kernel ends with the first value after its peak that is smaller than this.
    """

    threshold: float
    tau: float
    tau_refractory: float
    scale_refractory: float
    tau_surrogate: float
    scale_surrogate: float
    cut: float = 0.01
    refractory_cut: float = 0.01

    def __post_init__(self) -> None:
        _positive(self, "threshold", "tau", "tau_refractory", "tau_surrogate", "cut", "refractory_cut")

    @classmethod
    def from_dictionary(cls, neuron: Mapping[str, Any], full_refractory_kernel: bool = False) -> SpikeResponse:
        """Read a neuron of type ``SRMALPHA``; a full refractory kernel ends at 0.0001 instead of 0.01."""
        names = ("theta", "tauSr", "tauRef", "scaleRef", "tauRho", "scaleRho")
        _keys("neuron", neuron, {"type", *names})
        _type(neuron, "SRMALPHA")
        theta, tau, tau_refractory, scale_refractory, tau_surrogate, scale_surrogate = (
            float(neuron[name]) for name in names
        )
        surrogate = tau_surrogate, scale_surrogate
        cuts = 0.01, 1e-4 if full_refractory_kernel else 0.01
        return cls(theta, tau, tau_refractory, scale_refractory, *surrogate, *cuts)


@dataclass(frozen=True)
class CurrentBased:
    """A neuron whose input decays as a current before it is integrated (CUBA), Loihi's.

    With ``integer``, as on Loihi, decays are units of 1/4096, the threshold is ``threshold * 64``, and
    ``rz`` rounds toward zero:

    .. math:: u(t) = rz(u(t-1) (4096 - current_decay) / 4096) + 2^{6 + weight_exponent} int(z(t))
    .. math:: v(t) = rz(v(t-1) (4096 - voltage_decay) / 4096) + u(t), s(t) = [v(t) > 64 threshold]

    without, decays are shares and the threshold is in plain units:

    .. math:: u(t) = (1 - current_decay) u(t-1) + z(t)
    .. math:: v(t) = (1 - voltage_decay) v(t-1) + u(t), s(t) = [v(t) >= threshold]

    With a spike v becomes 0, and stays so until ``refractory_steps`` steps later; u is integrated all the time.

    Parameters
    ----------
    refractory_steps
        Steps from a spike to the first that may follow; 1 is no refraction.
    weight_exponent
        Of integer neurons only; at least -6.
    tau_surrogate, scale_surrogate
        As in `SpikeResponse`, the threshold being the one that v is compared with. For integer neurons the scale is
        divided by the greatest value of the response kernel, so that it means the same for every decay.
    """

    threshold: float
    current_decay: float
    voltage_decay: float
    refractory_steps: int = 1
    weight_exponent: int = 0
    tau_surrogate: float = 1.0
    scale_surrogate: float = 1.0
    integer: bool = True

    def __post_init__(self) -> None:
        _positive(self, "threshold", "tau_surrogate", "refractory_steps")
        most = 4096 if self.integer else 1
        for name in ("current_decay", "voltage_decay"):
            decay = getattr(self, name)
            if not 0 <= decay <= most or (self.integer and decay != int(decay)):
                kind = "an integer from 0 to 4096" if self.integer else "from 0 to 1"
                raise ValueError(f"{name} must be {kind}, not {decay}")
        if self.integer and self.threshold != int(self.threshold):
            raise ValueError(f"threshold must be an integer, not {self.threshold}")
        if self.weight_exponent < -MOST_SHIFT:
            raise ValueError(f"weight_exponent must be at least -6, not {self.weight_exponent}")

    @classmethod
    def from_dictionary(cls, neuron: Mapping[str, Any]) -> CurrentBased:
        """Read a neuron of type ``LOIHI``."""
        names = ("vThMant", "iDecay", "vDecay", "refDelay", "wgtExp", "tauRho", "scaleRho")
        _keys("neuron", neuron, {"type", *names})
        _type(neuron, "LOIHI")
        threshold, current, voltage, refractory, exponent = (int(neuron[name]) for name in names[:5])
        tau, scale = (float(neuron[name]) for name in names[5:])
        return cls(threshold, current, voltage, refractory, exponent, tau, scale)

    @property
    def level(self) -> float:
        """What v is compared with."""
        return self.threshold * 2**MOST_SHIFT if self.integer else self.threshold

    @property
    def gain(self) -> float:
        """What u gains by an input of 1."""
        return 2.0 ** (MOST_SHIFT + self.weight_exponent) if self.integer else 1.0

    @property
    def kept(self) -> tuple[float, float]:
        """The shares of u and of v that a step leaves; for integer neurons they are exact in binary."""
        unit = 4096 if self.integer else 1
        return (unit - self.current_decay) / unit, (unit - self.voltage_decay) / unit


def _keys(
    what: str, given: Mapping[str, Any], needed: AbstractSet[str], allowed: AbstractSet[str] = frozenset()
) -> None:
    """Refuse keys that are missing or foreign, by name."""
    missing = sorted(needed - set(given))
    foreign = sorted(str(key) for key in set(given) - needed - allowed)
    if missing or foreign:
        parts = [f"{kind} {', '.join(keys)}" for kind, keys in (("lacks", missing), ("has unknown", foreign)) if keys]
        raise ValueError(f"{what} {' and '.join(parts)}; its keys are {', '.join(sorted(needed))}")


def _type(neuron: Mapping[str, Any], expected: str) -> None:
    if neuron["type"] != expected:
        raise ValueError(f"neuron: type is {neuron['type']!r}, and this layer's neurons are of type {expected!r}")


def _positive(neuron: object, *names: str) -> None:
    for name in names:
        if not getattr(neuron, name) > 0:
            raise ValueError(f"{name} must be positive, not {getattr(neuron, name)}")
