"""When the neurons of windowed codes fire: each layer in a window of its own, once all its input is there."""

from __future__ import annotations

from collections.abc import Mapping

from .clock import Clock
from .errors import SettingsError
from .network import Network
from .neurons import Neuron


def starts(network: Network) -> Mapping[str, int]:
    """Return, for each layer of neurons with a window, the step in which that begins, by name.

    It is the first step after the windows of all that the layer reads. Of branches of unequal depth the shorter one is
    simply there earlier; until its own window begins, a neuron integrates what comes.

    Examples
    --------
    >>> import numpy as np
    >>> from snn.layers import Add, Input
    >>> from snn.neurons import FewSpike
    >>> starts(Network((
    ...     Input(name="in", shape=(2,)),
    ...     FewSpike(name="first", inputs=("in",), planes=6),
    ...     FewSpike(name="second", inputs=("first",), planes=6),
    ...     Add(name="sum", inputs=("first", "second"), factors=np.ones(2)),
    ...     FewSpike(name="third", inputs=("sum",), planes=6),
    ... )))
    {'first': 0, 'second': 6, 'third': 12}
    """
    complete: dict[str, int] = {}  # the step from which on a layer's output grows no more
    found: dict[str, int] = {}
    for layer in network.layers:
        complete[layer.name] = max((complete[name] for name in layer.inputs), default=0)
        if isinstance(layer, Neuron) and layer.window:
            found[layer.name] = complete[layer.name]
            complete[layer.name] += layer.window
    return found


def steps(network: Network) -> int:
    """Return how many steps ``network`` needs for all its windows; 0 where no neuron has one."""
    return max((start + network[name].window for name, start in starts(network).items()), default=0)  # type: ignore[attr-defined]  # a neuron has one


def check_clock(network: Network, clock: Clock) -> None:
    """Raise SettingsError where the windows of ``network`` take longer than ``clock`` goes on."""
    needed = steps(network)
    if clock.steps < needed:
        raise SettingsError(
            f"the windows of the network's neurons take {needed} steps, but {clock.duration_ms:g} ms in steps of "
            f"{clock.dt_ms:g} ms are {clock.steps}",
            hint=f"give a duration of at least {needed * clock.dt_ms:g} ms, or no duration and no step at all",
        )
