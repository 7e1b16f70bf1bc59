"""Networks small enough to be checked by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from ..clock import Clock
from ..encoding import ConstantCurrent
from ..layers import Add, Concat, Conv, Dense, Input
from ..network import Array, Layer, Network
from ..neurons import Accumulate, IntegrateFire, Neuron
from ..simulating import Kind, Stimulus
from .golden_layers import Golden, Nested, X

QUARTERS = 4
"""The steps in which ``n`` quarters of a current become ``n`` spikes."""

BELOW_ONE = 127 / 128
"""A threshold that no sum of quarters meets exactly: what happens there is the promise of one check alone.

One quarter a step fires once in four steps, two fire twice, three three times, four in each, as with a threshold of 1.
"""


WHOLE: Mapping[str, Any] = MappingProxyType({"integer": True, "threshold": 5120.0, "current_decay": 0.25})
"""Neurons with a current that count in whole numbers, as some chips have no others."""


@dataclass(frozen=True, eq=False)
class GivenSpikes(Stimulus):
    """Spikes written down beforehand, (steps, batch, *shape)."""

    spikes: Array
    kind: ClassVar[Kind] = "spikes"

    def of(self, start: int, stop: int) -> GivenSpikes:
        samples, numbers = self.samples[start:stop], self.numbers[start:stop]
        return replace(self, samples=samples, numbers=numbers, spikes=self.spikes[:, start:stop])

    def steps(self, start: int, stop: int) -> Array:
        return self.spikes[start:stop]


def current(samples: Nested | Array, duration_ms: float, dt_ms: float = 1.0) -> Stimulus:
    """Return ``samples``, (batch, *shape), as constant currents."""
    array = np.array(samples, np.float32)
    return ConstantCurrent(array, np.arange(len(array)), Clock(duration_ms, dt_ms))


def spikes_of(samples: Array, steps: int = QUARTERS) -> Stimulus:
    """Return ``samples``, (batch, *shape), from 0 to 1, as one spike each time that they add up to the next whole."""
    sums = np.floor(samples * np.arange(steps + 1, dtype=np.float32).reshape(-1, *[1] * samples.ndim))
    return GivenSpikes(samples, np.arange(len(samples)), Clock(steps, 1.0), np.diff(sums, axis=0))


def ways(case: Golden, output: Neuron) -> Iterator[tuple[str, Network, Stimulus]]:
    """Yield the networks of ``case`` read out by ``output``, each with its stimulus and with how the sample enters."""
    samples = case.sample / np.float32(QUARTERS)
    shape = samples.shape[1:]
    bare = Network((Input(name=X, shape=shape), *case.layers, output), stage="spiking")
    neurons = IntegrateFire(name=X, inputs=("input",), threshold=BELOW_ONE)
    after = Network((Input(name="input", shape=shape), neurons, *case.layers, output), stage="spiking")
    yield "given a current", bare, current(samples, QUARTERS)
    yield "given spikes", bare, spikes_of(samples)
    yield "after neurons given a current", after, current(samples, QUARTERS)
    yield "after neurons given spikes", after, spikes_of(samples)


def reading(layers: tuple[Layer, ...], kind: type[Neuron] = IntegrateFire, **fields: Any) -> Neuron:
    """Return the neuron ``out`` that reads the last of ``layers``."""
    return kind(name="out", inputs=(layers[-1].name,), **fields)


def single(neuron: type[Neuron] = IntegrateFire, size: int = 1, **fields: Any) -> Network:
    """Return ``size`` neurons, each of which is given one element of the sample as it is."""
    dense = Dense(
        name="dense", inputs=("input",), weight=np.eye(size, dtype=np.float32), bias=np.zeros(size, np.float32)
    )
    return Network(
        (Input(name="input", shape=(size,)), dense, neuron(name="out", inputs=("dense",), **fields)), stage="spiking"
    )


def dense(name: str, source: str, weight: Nested, bias: Nested | None = None) -> Dense:
    """Return a dense layer, without biases unless given."""
    array = np.array(weight, np.float32)
    given = np.zeros(len(array), np.float32) if bias is None else bias
    return Dense(name=name, inputs=(source,), weight=array, bias=np.array(given, np.float32))


def firing(name: str, **fields: Any) -> IntegrateFire:
    """Return the neurons ``name/fire`` on the layer ``name``."""
    return IntegrateFire(name=f"{name}/fire", inputs=(name,), **{"threshold": BELOW_ONE, **fields})


def bursts(**fields: Any) -> Network:
    """Return a neuron that is given 11/4 by each spike of another.

    Given 1/4 in each step, the first fires in steps 3 and 7. With a threshold of 1, the second fires in step 3 and has
    7/4 left after subtraction, nothing after a reset to zero, and 3/4 after one by modulo.
    """
    return Network(
        (
            Input(name="input", shape=(1,)),
            dense("first", "input", [[1]]),
            firing("first"),
            dense("second", "first/fire", [[2.75]]),
            IntegrateFire(name="out", inputs=("second",), **fields),
        ),
        stage="spiking",
    )


def biased() -> Network:
    """Return one neuron of threshold 13/16 that drives a potential by 1/2 a spike; both get 1/4 per millisecond.

    Given 1 per millisecond in steps of 1/2 ms, the neuron is given (1 + 1/4) / 2 = 10/16 a step: 10/16, 20/16 - 13/16
    = 7/16, 17/16 - 13/16 = 4/16, 14/16 - 13/16 = 1/16, with spikes in steps 1, 2 and 3. The last potential gets 1/8 a
    step and 1/2 a spike: 1/8, 6/8, 11/8, 16/8.
    """
    return Network(
        (
            Input(name="input", shape=(1,)),
            dense("first", "input", [[1]], [0.25]),
            firing("first", threshold=0.8125),
            dense("second", "first/fire", [[0.5]], [0.25]),
            Accumulate(name="out", inputs=("second",)),
        ),
        stage="spiking",
    )


def chain() -> Network:
    """Return three neurons in a row, the last of which is also reached by a way past the second.

    Given 1 in each step, every neuron fires in every step from the first on.
    """
    return Network(
        (
            Input(name="input", shape=(1,)),
            dense("first", "input", [[1]]),
            firing("first"),
            dense("second", "first/fire", [[1]]),
            firing("second"),
            Concat(name="both", inputs=("first/fire", "second/fire")),
            dense("third", "both", [[0.5, 0.5]]),
            IntegrateFire(name="out", inputs=("third",), threshold=BELOW_ONE),
        ),
        stage="spiking",
    )


def image() -> Network:
    """Return a network on images (2, 2, 3): two convolutions with neurons, the last with three classes."""
    first = np.array([[[[1, 0.5]], [[0.25, 0]]], [[[0, -0.5]], [[1, 1]]]], np.float32)  # (2, 2, 1, 2)
    second = ((np.arange(24) * 7) % 11 - 4).reshape(3, 2, 2, 2).astype(np.float32) / np.float32(16)  # from -1/4 to 3/8
    plain: dict[str, Any] = {"stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1)}
    return Network(
        (
            Input(name="input", shape=(2, 2, 3)),
            Conv(name="conv", inputs=("input",), weight=first, bias=np.array([0, 0.125], np.float32), **plain),
            firing("conv"),
            Conv(
                name="last",
                inputs=("conv/fire",),
                weight=second,
                bias=np.array([0, 0.0625, 0.125], np.float32),
                **plain,
            ),
            IntegrateFire(name="out", inputs=("last",), threshold=BELOW_ONE),
        ),
        stage="spiking",
    )


def images(count: int) -> Array:
    """Return ``count`` samples of `image`, (count, 2, 2, 3), in eighths from 0 to 5/8."""
    return np.random.default_rng(7).integers(0, 6, (count, 2, 2, 3)).astype(np.float32) / np.float32(8)


def rectifiers(**fields: Any) -> Network:
    """Return a 3-4-3 network of neurons in the place of rectifiers, whose values lie between 0 and 1.

    Given (0.3, 0.6, 0.9) the first four are 0.57, 0.06, 0 (from -0.45) and 0.75; the outputs are 0.5 * 0.57 + 0.25 *
    0.75 = 0.4725, 0.57 - 0.5 * 0.06 - 0.5 * 0.75 = 0.165, and 0 (from 0.06 - 0.75 + 0.1 = -0.59).
    """
    hidden: Nested = [[0.5, 0.25, 0.3], [0.6, 0.3, -0.4], [-0.5, -0.5, 0], [0, 0.5, 0.5]]
    out: Nested = [[0.5, 0, 1, 0.25], [1, -0.5, 0, -0.5], [0, 1, 1, -1]]
    return Network(
        (
            Input(name="input", shape=(3,)),
            dense("hidden", "input", hidden, [0, 0.06, 0, 0]),
            firing("hidden", **{"threshold": 1.0, **fields}),
            dense("last", "hidden/fire", out, [0, 0, 0.1]),
            IntegrateFire(name="out", inputs=("last",), **fields),
        ),
        stage="spiking",
    )


def branches() -> Network:
    """Return a residual block: half of what a neuron gives, and all that the neuron behind it gives."""
    return Network(
        (
            Input(name="input", shape=(2,)),
            dense("first", "input", [[1, 0], [0, 1]]),
            firing("first"),
            dense("second", "first/fire", [[0, 1], [1, 0]]),
            firing("second"),
            Add(name="sum", inputs=("first/fire", "second/fire"), factors=np.array([0.5, 1], np.float32)),
            IntegrateFire(name="out", inputs=("sum",), threshold=BELOW_ONE),
        ),
        stage="spiking",
    )


def windows(kind: type[Neuron], **fields: Any) -> Network:
    """Return two layers of neurons with windows: read are half of what the first give, and all that the second give.

    The first get 1/4 more than the sample, the second the difference of the first, and half of their second.
    """
    return Network(
        (
            Input(name="input", shape=(2,)),
            dense("first", "input", [[1, 0], [0, 1]], [0.25, 0.25]),
            kind(name="first/fire", inputs=("first",), **fields),
            dense("second", "first/fire", [[1, -1], [0, 0.5]]),
            kind(name="second/fire", inputs=("second",), **fields),
            Concat(name="both", inputs=("first/fire", "second/fire")),
            dense("third", "both", [[0.5, 0, 1, 0], [0, 0.5, 0, 1]], [0, -0.125]),
            Accumulate(name="out", inputs=("third",)),
        ),
        stage="spiking",
    )


def pair(neuron: type[Neuron], weight: float, delay: tuple[float, ...] = (), **fields: Any) -> Network:
    """Return two neurons that are given two inputs, and two others that are given theirs; ``weight`` is the largest."""
    late = {"delay_ms": np.array(delay, np.float32)} if delay else {}
    first = [[weight, -weight / 2], [weight / 2, weight / 4]]
    second = [[0.75 * weight, weight], [weight, -weight / 4]]
    return Network(
        (
            Input(name="input", shape=(2,)),
            dense("first", "input", first),
            neuron(name="first/fire", inputs=("first",), **fields, **late),
            dense("second", "first/fire", second),
            neuron(name="out", inputs=("second",), **fields),
        ),
        stage="spiking",
    )
