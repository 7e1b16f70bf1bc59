"""What the spikes of a layer stand for, in the units of its analog activations."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch

import numpy as np
import numpy.typing as npt

from ..clock import Clock
from ..network import Layer, Shape
from ..neurons import (
    BitPattern,
    CorrectiveFirstSpike,
    FewSpike,
    FirstSpike,
    IntegrateFire,
    SoftmaxFire,
    WindowFirstSpike,
)
from ..simulating import Events, Integers

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Activity:
    """What a layer did while one batch was shown.

    Attributes
    ----------
    shape : (batch, *shape)
    clock : Clock
    start : int
        The step in which the layer's window begins; 0 where it has none.
    counts : ndarray of int, (batch, *shape), or None
    spikes : Events or None
    """

    shape: Shape
    clock: Clock
    start: int = 0
    counts: Integers | None = None
    spikes: Events | None = None

    @property
    def duration_ms(self) -> float:
        """How long a sample was shown, in whole steps."""
        return self.clock.steps * self.clock.dt_ms

    def numbers(self) -> Integers:
        """Return the spikes of each neuron, whatever their sign, (batch, *shape)."""
        if self.counts is not None:
            return self.counts
        places, size = _places(self)
        return np.asarray(np.bincount(places, minlength=size).reshape(self.shape), np.int64)

    def summed(self, heights: Values) -> Values:
        """Return the sum over the spikes of each neuron of their ``heights`` (spikes,), (batch, *shape)."""
        places, size = _places(self)
        return np.asarray(np.bincount(places, heights * _events(self).sign, size).reshape(self.shape), np.float64)


def needs_spikes(layer: Layer) -> bool:
    """Return whether `worth` needs the steps of the spikes of ``layer``; their number is enough for others."""
    return isinstance(layer, (BitPattern, FewSpike, WindowFirstSpike, FirstSpike))


@singledispatch
def worth(layer: Layer, activity: Activity) -> Values | None:
    """Return what the spikes of each neuron stand for, (batch, *shape); None for a kind that is not known here."""
    return None


@worth.register(IntegrateFire)
@worth.register(SoftmaxFire)
def _(layer: IntegrateFire | SoftmaxFire, activity: Activity) -> Values:
    """Return spikes per millisecond."""
    return activity.numbers() / activity.duration_ms


@worth.register
def _(layer: BitPattern, activity: Activity) -> Values:
    return activity.summed(layer.scale * 2.0 ** -(1.0 + _step(activity)))


@worth.register
def _(layer: FewSpike, activity: Activity) -> Values:
    alpha = layer.scale / (1 - 2.0**-layer.planes)
    return activity.summed(alpha * 2.0 ** -(1.0 + _step(activity)))


@worth.register
def _(layer: WindowFirstSpike, activity: Activity) -> Values:
    return activity.summed((layer.bins - _step(activity)) * layer.scale / layer.bins)


@worth.register
def _(layer: FirstSpike, activity: Activity) -> Values:
    """Return the threshold over the time of the only spike: the constant current that reaches it then."""
    return activity.summed(layer.threshold / ((1.0 + _step(activity)) * activity.clock.dt_ms))


@worth.register
def _(layer: CorrectiveFirstSpike, activity: Activity) -> Values:
    """Return the threshold over the time of the last spike, where that was not taken back."""
    events = _events(activity)
    places, size = _places(activity)
    last = np.full(size, -1, np.int64)
    np.maximum.at(last, places, events.step)
    flows = np.bincount(places, events.sign, size) > 0
    time = (np.maximum(last, 0) + 1.0) * activity.clock.dt_ms
    return np.where(flows, layer.threshold / time, 0.0).reshape(activity.shape)


def _events(activity: Activity) -> Events:
    if activity.spikes is None:
        raise ValueError("the steps of spikes are needed, but were not recorded")
    return activity.spikes


def _step(activity: Activity) -> Values:
    """Return the step of each spike, from the beginning of the layer's window."""
    return _events(activity).step.astype(np.float64) - activity.start


def _places(activity: Activity) -> tuple[Integers, int]:
    """Return the neuron of each spike, numbered through the batch, and how many there are."""
    events, size = _events(activity), int(np.prod(activity.shape[1:]))
    return events.sample.astype(np.int64) * size + events.neuron, activity.shape[0] * size
