"""Networks of Loihi's own neurons, `CurrentBased`, as SLAYER trains them: all is Loihi's already, nothing is rounded.

Their currents and potentials are Loihi's, in units of 1, so that a weight is ``mantissa << (6 + exponent)`` and a
threshold ``mantissa << 6``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from snn.connections import Connection
from snn.errors import UnsupportedLayer
from snn.network import Array, Network
from snn.neurons import IntegrateFire
from snn.response_neurons import CurrentBased
from snn.simulating import Problem

from . import chip

_DECAYS = 4096
_HINT = "train with decays in 4096ths and a threshold that is a multiple of 64, or use backend inisim"


def own(network: Network) -> bool:
    """Return whether ``network`` has Loihi's own neurons."""
    return any(isinstance(layer, CurrentBased) for layer in network.layers)


def problems(network: Network, *, refractory: bool) -> Iterator[Problem]:
    """Yield what Loihi's neurons cannot do; without ``refractory`` they may fire in every step."""
    if not own(network):
        return
    for layer in network.layers:
        if isinstance(layer, CurrentBased):
            yield from (Problem(layer.name, f"backend 'loihi' cannot do {what}", _HINT) for what in _faults(layer))
            if layer.refractory_steps > 1 and not refractory:
                told = f"refractory_steps {layer.refractory_steps}: Lava's neurons in integers have no refractory time"
                yield Problem(layer.name, told, "leave executor at 'emulator'")
        if isinstance(layer, IntegrateFire):
            told = "IntegrateFire neurons beside CurrentBased ones: what is rounded and what is not do not go together"
            yield Problem(layer.name, told, "use backend inisim")


def _faults(layer: CurrentBased) -> list[str]:
    found = []
    if not layer.integer:
        found.append("integer = false: Loihi counts in whole numbers")
    decays = {"current_decay": layer.current_decay, "voltage_decay": layer.voltage_decay}
    found += [f"{name} {value:g}: Loihi's are in 4096ths" for name, value in decays.items() if value * _DECAYS % 1]
    if not layer.current_decay:
        found.append("current_decay 0: Loihi's currents lose at least 1/4096 in a step")
    if layer.voltage_decay == 1:
        found.append("voltage_decay 1: Loihi's potentials keep at least 1/4096")
    if layer.threshold % 2**chip.SHIFT or layer.threshold > chip.UNITS << chip.SHIFT:
        found.append(f"threshold {layer.threshold:g}: Loihi's are multiples of 64 up to {chip.UNITS << chip.SHIFT}")
    return found


def check(layer: CurrentBased, ways: Sequence[Connection], bias: Array, *, driven: bool) -> None:
    """Raise UnsupportedLayer where what a layer is given is not Loihi's."""
    if driven:
        raise UnsupportedLayer(
            f"layer {layer.name!r}: Loihi's currents are raised by spikes alone, and the samples are constant currents",
            hint="give them as spikes: --set simulate.input=events, regular or poisson",
        )
    if bias.any():
        raise UnsupportedLayer(
            f"layer {layer.name!r}: its biases are currents; Loihi's are added to the potential",
            hint="train without biases, or use backend inisim",
        )
    for way in ways:
        size, step = np.abs(way.weight) / 2**chip.SHIFT, chip.step(way.weight)
        exponent = chip.fineness(size) * -1 - (step - 1)
        if exponent < 0 or size.max() > chip.largest(way.weight) << min(exponent, chip.MOST_EXPONENT):
            raise UnsupportedLayer(
                f"layer {layer.name!r}: its weights from {way.source!r} are not of eight bits times 64",
                hint="train them with quantised weights, as SLAYER's Loihi neurons do, or use backend inisim",
            )
