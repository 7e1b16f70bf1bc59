"""The analog activations that the neurons of a spiking network stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from .. import analog
from ..layers import Activation
from ..network import Array, Network
from ..neurons import Accumulate, Neuron, SoftmaxFire

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Reference:
    """Where the activation of a layer of neurons is found in the normalised network.

    Attributes
    ----------
    source : str
        The layer of the normalised network whose output enters the activation.
    function : str
        ``relu``, ``softmax``, or ``linear`` for a potential.
    maximum : float or None
        Of a relu that ends there.
    gain : float
        Of a softmax.
    """

    source: str
    function: Literal["relu", "softmax", "linear"]
    maximum: float | None = None
    gain: float = 1.0

    def apply(self, values: npt.NDArray[np.floating]) -> Values:
        """Return the activation for what enters it, (batch, *shape)."""
        x = np.asarray(values, np.float64)
        if self.function == "relu":
            return np.clip(x, 0.0, self.maximum)
        if self.function == "softmax":
            softmax = Activation(name="softmax", inputs=("x",), function="softmax", gain=self.gain)
            return np.asarray(analog.apply(softmax, x), np.float64)  # type: ignore[arg-type]  # it keeps float64
        return x


def references(spiking: Network) -> Mapping[str, Reference]:
    """Return, for each layer of neurons that has one, its analog reference, by name.

    Empty where ``spiking`` does not hold the network it was converted from.
    """
    normalised = spiking.analog.get("normalised")
    if normalised is None:
        return {}
    found = {}
    for layer in spiking.layers:
        if not isinstance(layer, Neuron):
            continue
        twin = normalised[layer.name] if layer.name in normalised else None  # noqa: SIM401  a network has no get
        source = twin.inputs[0] if isinstance(twin, Activation) else layer.inputs[0]
        if source not in normalised or normalised.shapes[source] != spiking.shapes[layer.name]:
            continue
        if isinstance(layer, Accumulate):
            found[layer.name] = Reference(source, "linear")
        elif isinstance(layer, SoftmaxFire):
            found[layer.name] = Reference(source, "softmax", gain=layer.gain)
        else:
            maximum = twin.maximum if isinstance(twin, Activation) else None
            found[layer.name] = Reference(source, "relu", maximum)
    return found


def activations(spiking: Network, wanted: Mapping[str, Reference], samples: Array) -> dict[str, Values]:
    """Return the analog activation of each layer of neurons in ``wanted``, (batch, *shape), for ``samples``."""
    sources = {reference.source for reference in wanted.values()}
    outputs = analog.evaluate(spiking.analog["normalised"], samples, sources)
    return {name: reference.apply(outputs[reference.source]) for name, reference in wanted.items()}
