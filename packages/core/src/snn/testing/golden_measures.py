"""Four networks whose neurons leave the analog activations for one reason each, checked by hand."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..clock import Clock
from ..layers import Activation, Input
from ..network import Layer, Network
from ..neurons import IntegrateFire
from ..simulating import Stimulus
from . import golden
from .golden_layers import Nested

STEPS = 10


@dataclass(frozen=True, eq=False)
class GoldenBudget:
    """A network, what it is shown for `STEPS` steps of a millisecond, and the only part of the budget of its output.

    Attributes
    ----------
    part : str
        Of `snn.measures.layer.PARTS`; every other one is zero, and so is every part of other layers.
    amount : float
        What it is, value less activation.
    network : Network
        Spiking, with the normalised one it came from.
    stimulus : Stimulus
        One sample.
    entry : ndarray, (1, *shape)
        What enters in a millisecond, on average.
    value : float
        Spikes of the output in a millisecond.
    """

    part: str
    amount: float
    network: Network
    stimulus: Stimulus
    entry: npt.NDArray[np.float64]
    value: float


def clipping() -> GoldenBudget:
    """Return a neuron that is given 3/2 a millisecond and fires in each step, which is 1: half is cut off."""
    network = _network([[1.0]], initial=(0.0,))
    return GoldenBudget("clipping", -0.5, network, golden.current([[1.5]], STEPS), np.full((1, 1), 1.5), 1.0)


def quantisation() -> GoldenBudget:
    """Return a neuron given 1/4 that starts at half its threshold: 1/2 + 10/4 holds 3 whole spikes, which is 0.3."""
    network = _network([[1.0]], initial=(0.5,))
    return GoldenBudget("quantisation", 0.05, network, golden.current([[0.25]], STEPS), np.full((1, 1), 0.25), 0.3)


def unevenness() -> GoldenBudget:
    """Return a neuron that gets a spike in odd steps, and has one taken back in even ones.

    The two before it are given 1/2 each and fire five times in ten steps, as they should; the first starts at half its
    threshold, so it fires in steps 1, 3, 5, … and the other in 2, 4, 6, …  On average nothing enters the last neuron,
    but the first spike is there before anything is taken back: it fires once, which is 0.1, and never again.
    """
    layers: tuple[Layer, ...] = (
        Input(name="input", shape=(2,)),
        golden.dense("dense", "input", [[1, 0], [0, 1]]),
        Activation(name="hidden", inputs=("dense",), function="relu"),
        golden.dense("difference", "hidden", [[1, -1]]),
        Activation(name="out", inputs=("difference",), function="relu"),
    )
    network = _spiking(layers, {"hidden": (0.5, 0.0), "out": (0.0,)})
    stimulus = golden.current([[0.5, 0.5]], STEPS)
    return GoldenBudget("unevenness", 0.1, network, stimulus, np.full((1, 2), 0.5), 0.1)


def inherited() -> GoldenBudget:
    """Return a neuron whose input stands for 1/2 but is three spikes in ten steps: it fires with each, which is 0.3."""
    network = _network([[1.0]], initial=(0.0,))
    spikes = np.zeros((STEPS, 1, 1), np.float32)
    spikes[[1, 4, 8]] = 1
    sample = np.full((1, 1), 0.5, np.float32)
    stimulus = golden.GivenSpikes(sample, np.arange(1), Clock(STEPS, 1.0), spikes)
    return GoldenBudget("inherited", -0.2, network, stimulus, np.full((1, 1), 0.3), 0.3)


BUDGETS = (clipping, quantisation, unevenness, inherited)


def _network(weight: Nested, initial: tuple[float, ...]) -> Network:
    layers = (
        Input(name="input", shape=(1,)),
        golden.dense("dense", "input", weight),
        Activation(name="out", inputs=("dense",), function="relu"),
    )
    return _spiking(layers, {"out": initial})


def _spiking(layers: tuple[Layer, ...], initial: dict[str, tuple[float, ...]]) -> Network:
    """Return the spiking network of normalised ``layers``, whose neurons start at ``initial`` potentials, by layer."""
    normalised = Network(layers, stage="normalised")
    placed = (
        IntegrateFire(name=layer.name, inputs=layer.inputs, initial=np.array(initial[layer.name], np.float32))
        if layer.name in initial
        else layer
        for layer in layers
    )
    spiking = Network(tuple(placed), stage="spiking", clock=Clock(STEPS, 1.0))
    parsed = dataclasses.replace(normalised, stage="parsed")
    return dataclasses.replace(spiking, analog={"parsed": parsed, "normalised": normalised})
