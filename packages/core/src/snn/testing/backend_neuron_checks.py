"""What a backend promises of each kind of neuron that it lists: to spike in the very steps that `snn.neurons` says."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import analog, windows
from ..codes.rate import Rate
from ..converting import place
from ..layers import Activation
from ..neurons import Accumulate, BitPattern, FewSpike, IntegrateFire, Neuron, SoftmaxFire, WindowFirstSpike
from ..response_neurons import CurrentBased, SpikeResponse
from ..simulating import Backend
from . import golden
from .outcome import require
from .running import compare, flat, record, taken


def _fires(backend: Backend, samples: list[list[float]], duration_ms: float, dt_ms: float = 1.0, **fields: Any) -> None:
    """Compare neurons given ``samples``, (batch, size), each element as it is, with the reference."""
    network = golden.single(size=len(samples[0]), **fields)
    compare(backend, network, golden.current(samples, duration_ms, dt_ms), f"given {samples} a millisecond")


def _resets(backend: Backend, reset: str, samples: list[list[float]], duration_ms: float) -> None:
    """Compare neurons of one reset with the reference; another one in its place is a fault."""
    bursts, quarter = golden.bursts(reset=reset), golden.current([[0.25]], 8)
    for layer in taken(backend, bursts, quarter).layers:
        given = bursts[layer.name]
        if isinstance(layer, IntegrateFire) and isinstance(given, IntegrateFire) and given.reset == reset:
            require(layer.reset == reset, f"it runs neurons with reset {layer.reset!r} in the place of {reset!r}")
    _fires(backend, samples, duration_ms, reset=reset)
    compare(backend, bursts, quarter, "given 2.75 in bursts")


def fires_at_threshold(backend: Backend) -> None:
    """Fire when the potential equals the threshold, and not only when it is above."""
    _fires(backend, [[0.25, 0.5, 1]], 8)
    _fires(backend, [[0.25, 0.375]], 6, threshold=0.75)


def reset_subtract(backend: Backend) -> None:
    """Take the threshold off the potential at a spike, and keep what is above for later steps."""
    _resets(backend, "subtract", [[0.375, 1.5, -0.5]], 7)


def reset_zero(backend: Backend) -> None:
    """Set the potential to zero at a spike."""
    _resets(backend, "zero", [[0.375, 1.5, -0.5]], 7)


def reset_modulo(backend: Backend) -> None:
    """Leave what remains of the potential divided by the threshold at a spike."""
    _resets(backend, "modulo", [[0.375, 2.75, -0.5]], 5)


def waits_refractory_time(backend: Backend) -> None:
    """Keep the least time between two spikes, and lose the input that comes in it."""
    below = golden.BELOW_ONE
    _fires(backend, [[0.625, 4.5]], 10, refractory_ms=2.0, threshold=below)
    _fires(backend, [[0.625, 4.5]], 10, refractory_ms=2.5, reset="zero", threshold=below)
    _fires(backend, [[1.25, 4.5]], 8, dt_ms=0.5, refractory_ms=1.5, threshold=below)


def leaks(backend: Backend) -> None:
    """Lose potential each millisecond, down to zero and no further."""
    _fires(backend, [[0.375, 0.4375, -0.25]], 9, leak=0.125, threshold=golden.BELOW_ONE)
    _fires(backend, [[0.375, 0.4375, -0.25]], 9, dt_ms=0.5, leak=0.125, threshold=golden.BELOW_ONE)
    _fires(backend, [[0.0625, 0.1875]], 20, leak=0.125, initial=np.float32(0.5), threshold=golden.BELOW_ONE)


def starts_at_initial_potential(backend: Backend) -> None:
    """Begin every presentation at the initial potential, one for all neurons or one each."""
    _fires(backend, [[0.375, 0.625]], 6, initial=np.float32(0.5), threshold=golden.BELOW_ONE)
    _fires(backend, [[0.375, 0.375]], 6, initial=np.array([0.25, -0.25], np.float32), threshold=golden.BELOW_ONE)


def _fires_in_windows(backend: Backend, kind: type[Neuron], **fields: Any) -> None:
    """Compare neurons that fire in windows, alone and after others, in steps that are longer than needed, too."""
    samples = [[-1, 0.03125, 0.3, 0.703125, 0.8, 1, 5]]
    alone, behind = golden.single(kind, size=len(samples[0]), **fields), golden.windows(kind, **fields)
    for steps, dt_ms in ((windows.steps(alone), 1.0), (2 * windows.steps(alone), 0.5)):
        compare(backend, alone, golden.current(samples, steps * dt_ms, dt_ms), f"given {samples}, steps of {dt_ms} ms")
    blocks = golden.current([[0.5, 0.125], [0.3, 0.6], [1, 0]], windows.steps(behind) + 3)
    compare(backend, behind, blocks, "behind neurons with a window before theirs")


def fires_bit_patterns(backend: Backend) -> None:
    """Give the bits of the rounded potential, the highest first, in a window of steps once all input is there."""
    _fires_in_windows(backend, BitPattern, bits=3)
    _fires_in_windows(backend, BitPattern, bits=2, scale=2.0)


def fires_few_spikes(backend: Backend) -> None:
    """Halve threshold, reset and spike in each step of a window, from a potential that is rounded or not."""
    _fires_in_windows(backend, FewSpike, planes=3, scale=0.875)
    _fires_in_windows(backend, FewSpike, planes=2, scale=1.5, rounding=False)


def fires_once_in_a_window(backend: Backend) -> None:
    """Fire at most once in a window, the earlier the higher the potential, and give a current from then on."""
    _fires_in_windows(backend, WindowFirstSpike, bins=4)
    _fires_in_windows(backend, WindowFirstSpike, bins=8, scale=2.0, rounding=False)


def _responds(backend: Backend, kind: type[Neuron], weight: float, steps: int, **fields: Any) -> None:
    """Compare neurons on which a spike acts for a while, and others behind them, with the reference."""
    samples = np.array([[0.5, 0.25], [1, 0], [0.125, 0.75]], np.float32)
    compare(backend, golden.pair(kind, weight, **fields), golden.spikes_of(samples, steps), f"{fields}")


def responds_with_alpha_kernels(backend: Backend) -> None:
    """Answer a spike with an alpha kernel, and a neuron's own one with another, each cut where it has faded."""
    _responds(backend, SpikeResponse, 1.25, 40, tau_ms=4.0)
    _responds(backend, SpikeResponse, 8.0, 40, tau_ms=2.5, threshold=10.0, tau_refractory_ms=3.0, scale_refractory=0.5)
    _responds(backend, SpikeResponse, 1.25, 20, tau_ms=2.0, cut=0.25, refractory_cut=0.0)


def lets_spikes_leave_late(backend: Backend) -> None:
    """Let the spikes of each neuron leave after its own delay, in whole steps, and refrain from the spike itself on."""
    _responds(backend, SpikeResponse, 1.25, 30, tau_ms=4.0, delay=(3.75, 0.0))


def drives_with_whole_currents(backend: Backend) -> None:
    """Let current and potential leak, each rounded towards zero, and fire above the threshold, not at it."""
    rule: dict[str, Any] = {"integer": True, "threshold": 5120.0}
    _responds(backend, CurrentBased, 4096, 24, current_decay=0.25, voltage_decay=1 / 32, **rule)
    _responds(backend, CurrentBased, 4096, 24, current_decay=1001 / 4096, voltage_decay=77 / 4096, **rule)
    _responds(backend, CurrentBased, 5120, 24, **rule)


def drives_with_currents(backend: Backend) -> None:
    """Let current and potential leak without rounding."""
    _responds(backend, CurrentBased, 1.0, 24, current_decay=0.3, voltage_decay=0.05, threshold=1.1)


def waits_refractory_steps(backend: Backend) -> None:
    """Hold the potential at zero until the refractory steps are over, and let the current go on."""
    rule: dict[str, Any] = {"integer": True, "threshold": 1024.0, "current_decay": 0.125, "voltage_decay": 0.0}
    _responds(backend, CurrentBased, 4096, 24, refractory_steps=3, **rule)


def reads_potentials(backend: Backend) -> None:
    """Integrate the output's potential without end where it does not spike."""
    network = golden.single(Accumulate, 3)
    compare(backend, network, golden.current([[0.75, -0.5, 3]], 6))


def fires_as_softmax(backend: Backend) -> None:
    """Fire with the probabilities of a softmax of the potentials, independently in each step."""
    steps = 400
    network, stimulus = golden.single(SoftmaxFire, 3), golden.current([[0, 0, 0], [0, 0, 1]], steps)
    fitted = taken(backend, network, stimulus)
    counts = flat(record(backend, fitted, stimulus).output)[-1]
    # Even odds give 133.3 spikes with a standard deviation of 9.4; five of those are 47.
    np.testing.assert_allclose(counts[0], steps / 3, atol=47, err_msg="spikes at even odds in 400 steps")
    # A potential that grows by 1 a step leaves the others at most 1 spike: the sum of exp(-t) / (1 + exp(-t)) is 0.5.
    require(counts[1, 2] >= steps - 10, f"{counts[1, 2]:g} spikes at almost sure odds in 400 steps")
    require(counts[1, :2].max() <= 10, f"{counts[1, :2].max():g} spikes at almost no odds in 400 steps")


def answers_in_the_same_step(backend: Backend) -> None:
    """Answer the input of a step in the same step, however many layers are between."""
    compare(backend, golden.chain(), golden.current([[1], [0.5]], 6))


def computes_branches(backend: Backend) -> None:
    """Let branches of unequal length meet in the same step."""
    compare(backend, golden.branches(), golden.current([[0.75, 0.25], [0.5, 1]], 8))


def takes_shorter_steps(backend: Backend) -> None:
    """Count currents and biases for each millisecond, and spikes for each spike, whatever the step."""
    compare(backend, golden.biased(), golden.current([[1], [0.5]], 4, dt_ms=0.5))
    compare(backend, golden.biased(), golden.current([[1], [0.5]], 8, dt_ms=2.0))


def rate_approaches_analog(backend: Backend) -> None:
    """Come as close to the analog values as a few spikes in 50, 200 and 800 steps."""
    spikes = 3.0  # one of the neuron itself, and under 2 that its inputs are behind by: the sum of their weights
    network = golden.rectifiers()
    samples = np.array([[0.3, 0.6, 0.9], [0.9, 0.1, 0.4], [0, 0.5, 0.2]], np.float32)
    relu = {layer.name: layer for layer in network.layers if isinstance(layer, IntegrateFire)}
    rectified = network.replace(
        Activation(name=layer.name, inputs=layer.inputs, function="relu") if layer.name in relu else layer
        for layer in network.layers
    )
    expected = analog.evaluate(rectified, samples)[network.output.name]
    spiking = place(rectified, Rate(initial=0.0), readout="spikes", spiking_pools=False)
    for steps in (50, 200, 800):
        stimulus = golden.current(samples, steps)
        counts = flat(record(backend, taken(backend, spiking, stimulus), stimulus).output)[-1]
        np.testing.assert_allclose(
            counts / steps, expected, rtol=0, atol=spikes / steps, err_msg=f"rates after {steps} steps"
        )
