"""The backend ``loihi``: what it runs, its settings, and what it refuses."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta
from snn import layers as op
from snn.connections import LINEAR
from snn.dataset import Dataset
from snn.errors import ConversionWarning, PluginError, Unavailable
from snn.network import Layer, Network
from snn.neurons import Accumulate, IntegrateFire, Neuron
from snn.operations import analog_part
from snn.plugins import check_requirements
from snn.response_neurons import CurrentBased
from snn.settings import PositiveFloat, PositiveInt
from snn.simulating import Backend, Problem, Setup, Simulator

from . import limits, paths, trained
from .quantise import quantise
from .thresholds import Wishes
from .together import TooInvolved

_COARSE = 0.05  # of the weights of a layer, by which rounding is warned about


@dataclass(frozen=True)
class Loihi(Backend):
    """Loihi: networks in its integers, on a bit-accurate emulator, or in Intel's Lava."""

    name: ClassVar[str] = "loihi"
    sequences: ClassVar[bool] = True
    prefers: ClassVar[Mapping[str, Mapping[str, Any]]] = MappingProxyType({"convert": {"spiking_pools": True}})
    deviations: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "rate_approaches_analog": "weights have eight bits: rates approach those of the rounded weights, which are "
            "up to 0.004 off in this check's network"
        }
    )
    layers: ClassVar[frozenset[type[Layer]]] = LINEAR | {op.Input, op.MaxPool, IntegrateFire, CurrentBased, Accumulate}

    executor: Annotated[
        Literal["emulator", "lava", "loihi2"],
        Meta(
            description="What runs the network: the package's own emulator, Lava's processes, which give the same bit "
            "by bit and are much slower, or a board."
        ),
    ] = "emulator"
    threshold_to_input_ratio: Annotated[
        float,
        Meta(
            ge=0,
            description="What thresholds are to be, as a multiple of what neurons are given in a step on calibration "
            "samples (percentile). 0 keeps the thresholds of the network, which normalisation has chosen.",
        ),
    ] = 0.0
    percentile: Annotated[
        float, Meta(gt=0, le=100, description="Of what neurons of a layer are given above 0, for that ratio.")
    ] = 99.9
    weight_percentile: Annotated[
        float,
        Meta(
            gt=0,
            le=100,
            description="Of the sizes of a layer's weights: those above it become as large as it is, and all others "
            "finer.",
        ),
    ] = 100.0
    saturation: Annotated[
        bool,
        Meta(description="Whether the rates that these thresholds are worked out with end at one spike a step."),
    ] = True
    chips: Annotated[PositiveInt, Meta(description="How many chips there are.")] = 32
    cores_per_chip: Annotated[PositiveInt, Meta(description="How many cores a chip has.")] = 128
    patience_s: Annotated[
        PositiveFloat, Meta(description="How long Lava may say nothing before it is given up, in seconds.")
    ] = 600.0

    @property
    def requires(self) -> tuple[str, ...]:  # type: ignore[override]  # it depends on a setting
        """The modules that the executor needs."""
        return ("lava.magma: lava-nc==0.10.0",) if self.executor == "lava" and _IS_310 else ()

    def inspect(self, network: Network) -> tuple[Problem, ...]:
        problems = list(super().inspect(network))
        before = analog_part(network)
        for layer in network.layers:
            if isinstance(layer, op.MaxPool) and layer.name not in before:
                hint = "train with average pools, or use backend inisim"
                problems.append(Problem(layer.name, "Loihi has no neurons that take the largest of spikes", hint))
            if isinstance(layer, Accumulate) and layer is not network.output:
                problems.append(Problem(layer.name, "backend 'loihi' reads potentials at the output only"))
            if isinstance(layer, IntegrateFire):
                problems += _of_neurons(layer)
        problems += trained.problems(network, refractory=self.executor == "emulator")
        if not any(isinstance(layer, Neuron) for layer in network.layers):
            problems.append(Problem(network.output.name, "the network has no neurons"))
        if problems:
            return tuple(problems)
        if too_many := limits.expanded(network, self.machine):
            return too_many
        try:
            tidied = paths.found(network).network
        except TooInvolved as error:
            return (error.problem,)
        return limits.problems(tidied, self.machine)

    def fit(self, network: Network, data: Dataset | None) -> Network:
        """Return ``network`` in numbers that are Loihi's; its provenance tells how far each layer's are off.

        A network of Loihi's own neurons is returned as it is.
        """
        if trained.own(network):
            return network
        wishes = Wishes(
            self.threshold_to_input_ratio, self.percentile, self.weight_percentile, saturation=self.saturation
        )
        fitted, told = quantise(network, data, wishes)
        for rounding in told:
            if rounding.weights > _COARSE:
                warnings.warn(str(rounding), ConversionWarning, stacklevel=2)
        return fitted

    def build(self, network: Network, setup: Setup) -> Simulator:
        if self.executor == "loihi2":
            raise Unavailable(
                "backend 'loihi' has no board: Lava reaches boards by an extension that Intel gives to members of its "
                "research community only",
                hint="leave executor at 'emulator', which gives the same spikes",
            )
        if self.executor == "lava" and not _IS_310:
            raise PluginError(
                f"executor 'lava' needs Python 3.10, and this is {sys.version_info.major}.{sys.version_info.minor}: "
                "Lava's last release runs on no other",
                hint="install the toolbox with a Python 3.10, or leave executor at 'emulator', which gives the same",
            )
        self.check(network)
        check_requirements("backend", self)
        if self.executor == "lava":
            from .lava.simulator import LavaSimulator  # noqa: PLC0415  starts processes

            return LavaSimulator(network, setup, self.machine, self.patience_s)
        from .simulator import Emulator  # noqa: PLC0415  compiles

        return Emulator(network, setup, self.machine)

    @property
    def machine(self) -> limits.Machine:
        """The chips that there are."""
        return limits.Machine(self.chips, self.cores_per_chip)


_IS_310 = sys.version_info[:2] == (3, 10)


def _of_neurons(layer: IntegrateFire) -> list[Problem]:
    """Return what Loihi's neurons cannot do."""
    found = []
    if layer.leak:
        found.append("leak: the leak of Loihi's neurons is a share of the potential, and this one is constant")
    if layer.reset == "modulo":
        found.append("reset 'modulo': Loihi's neurons are reset to zero, and emulated ones by subtraction, too")
    if layer.refractory_ms:
        found.append("refractory_ms: Lava's neurons have no refractory time")
    hint = "convert it with other settings ([convert]), or use backend inisim or brian2"
    return [Problem(layer.name, f"backend 'loihi' cannot do {what}", hint) for what in found]
