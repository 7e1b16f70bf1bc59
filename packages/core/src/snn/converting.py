"""Replace activations by neurons: the step that makes a network spiking."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from . import layers as op
from .codes.rate import Rate
from .coding import Code
from .errors import ConversionError, ConversionWarning
from .network import Layer, Network
from .neurons import Accumulate, SoftmaxFire

Readout: TypeAlias = Literal["potential", "spikes", "softmax"]


@dataclass(frozen=True)
class ConvertSettings:
    """How activations become neurons; the fields of the chosen code stand in the same table."""

    code: Annotated[str, Meta(description="The spike code; snn plugins lists those installed.")] = "rate"
    readout: Annotated[
        Readout,
        Meta(description="What tells the class: output potentials, output spikes, or the ancestor's random softmax."),
    ] = "potential"
    spiking_pools: Annotated[
        bool, Meta(description="Put neurons after average pools too, as the ancestor and some chips do.")
    ] = False


def convert(
    network: Network,
    code: Code | None = None,
    *,
    readout: Readout = "potential",
    spiking_pools: bool = False,
    seed: int = 0,
) -> Network:
    """Return the spiking network in which neurons of ``code`` stand where the activations of ``network`` were.

    Parameters
    ----------
    network : Network
        Normalised; of a network that is not, values above 1 saturate, which is warned about.
    code : Code
        `Rate` by default.
    readout : str
        ``potential``: the outputs integrate and never fire; ``spikes``: they fire like the others; ``softmax``: they
        fire at random with the probabilities of the softmax.
    spiking_pools : bool
        Whether neurons also follow the average pools.
    seed : int
        With the names of the layers, the only source of chance.

    Raises
    ------
    ConversionError
        Layers have no spiking form; all are named, each with its function.
    """
    code = code or Rate()
    check(network, code, readout)
    _check_maxima(network)
    if network.stage != "normalised":
        warnings.warn(
            f"the network is {network.stage}, not normalised: every value above 1 saturates; run snn normalise first",
            ConversionWarning,
            stacklevel=2,
        )
    return code.complete(place(network, code, readout=readout, spiking_pools=spiking_pools), seed)


def place(network: Network, code: Code, *, readout: Readout, spiking_pools: bool) -> Network:
    """Return the spiking network of one that has passed `check`."""
    layers: list[Layer] = []
    moved: dict[str, str] = {}  # a pool, and the neurons that its readers now read
    for layer in network.layers:
        inputs = tuple(moved.get(name, name) for name in layer.inputs)
        changed = dataclasses.replace(layer, inputs=inputs) if inputs != layer.inputs else layer
        if layer is network.output:
            layers += _output(changed, code, readout, network)
        elif isinstance(changed, op.Activation):
            layers.append(code.place(changed, network))
        else:
            layers.append(changed)
            if spiking_pools and isinstance(layer, op.AvgPool):
                moved[layer.name] = _free(network, f"{layer.name}/neurons")
                layers.append(code.place(_relu(moved[layer.name], layer.name), network))
    pools = ", neurons after average pools" if spiking_pools else ""
    note = f"converted to code {code.name!r}, readout by {readout}{pools}"
    analog: Mapping[str, Network] = {**network.analog, "normalised": dataclasses.replace(network, analog={})}
    spiking = dataclasses.replace(network.replace(layers, note), stage="spiking", analog=analog)
    return dataclasses.replace(spiking, clock=code.clock(spiking))


def check(network: Network, code: Code, readout: Readout) -> None:
    """Raise ConversionError where a network, normalised or not, has no spiking form."""
    if network.stage == "spiking":
        raise ConversionError("the network is spiking already", hint="simulate it: snn simulate NET.snn --data DATA")
    if readout not in code.readouts:
        raise ConversionError(
            f"code {code.name!r} has no readout by {readout}", hint=f"choose one of: {', '.join(code.readouts)}"
        )
    bad = [
        layer
        for layer in network.layers
        if isinstance(layer, op.Activation)
        and layer.function not in code.functions
        and not (layer is network.output and layer.function in ("softmax", "linear"))
    ]
    if bad:
        told = ", ".join(f"{layer.name!r} ({layer.function})" for layer in bad)
        raise ConversionError(
            f"{len(bad)} layer{'s have' if len(bad) > 1 else ' has'} no spiking form in code {code.name!r}: {told}",
            hint="train the network again with relu in their place; a softmax is possible at the output only",
        )
    if norms := [layer.name for layer in network.layers if isinstance(layer, op.BatchNorm)]:
        raise ConversionError(f"layer {norms[0]!r} is a BatchNorm", hint="simplify the network first: snn simplify")
    if readout == "softmax" and not (isinstance(last := network.output, op.Activation) and last.function == "softmax"):
        raise ConversionError(
            f"layer {network.output.name!r}: the output is no softmax, so it cannot be read by one",
            hint="choose --set convert.readout=potential or spikes",
        )


def _check_maxima(network: Network) -> None:
    for layer in network.layers:
        if isinstance(layer, op.Activation) and layer.maximum is not None and layer.maximum < 1 - 1e-6:
            raise ConversionError(
                f"layer {layer.name!r}: neurons cannot keep its maximum {layer.maximum:g}, below one spike a step",
                hint="normalise the network first: snn normalise",
            )


def _output(layer: Layer, code: Code, readout: str, network: Network) -> list[Layer]:
    """Return what stands at the end of the spiking network, for the output ``layer``."""
    function = layer.function if isinstance(layer, op.Activation) else None
    before: list[Layer] = [] if function else [layer]
    name, inputs = (layer.name, layer.inputs) if function else (_free(network, f"{layer.name}/readout"), (layer.name,))
    if readout == "spikes":
        return [*before, code.place(op.Activation(name=name, inputs=inputs, function="relu"), network)]
    if readout == "softmax":
        return [SoftmaxFire(name=name, inputs=inputs, gain=layer.gain)]  # type: ignore[attr-defined]  # an Activation
    return [*before, Accumulate(name=name, inputs=inputs)]


def _relu(name: str, source: str) -> op.Activation:
    return op.Activation(name=name, inputs=(source,), function="relu")


def _free(network: Network, name: str) -> str:
    while name in network:
        name += "_"
    return name
