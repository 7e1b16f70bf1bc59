"""A network as a PyTorch module, time first, with the very arithmetic that INI's engine and Loihi's emulator have.

Weights are rounded in every forward pass, and their gradients pass straight through: those of `SpikeResponse` neurons
to a grid so fine that nobody sees it, but on which float32 holds all sums of weights exactly, in whatever order; those
of Loihi's neurons to its eight bits. Nothing is rounded afterwards, so that the network that comes out is the one that
was trained.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from snn import layers as op
from snn.network import Layer, Network
from snn.response_neurons import CurrentBased, SpikeResponse
from torch import Tensor

from .. import neurons as kinds
from ..current_based import fire
from ..kernels import causal, integer_kernel
from ..quantising import quantize
from ..response import psp, respond
from ..synapses import delay_shift
from .passing import convolved, dense, passed
from .preparing import Prepared

GRID_BITS = 16
"""Of weights, below the power of two that the threshold has: sums of 128 thresholds are exact in float32's 24 bits."""

LARGEST = 254
"""The largest mantissa of a weight of Loihi where both signs occur; even ones alone are held."""

_NEVER = 1e-300  # a kernel that ends there does not end in any presentation


@dataclass(frozen=True)
class Rule:
    """How a network is trained.

    Attributes
    ----------
    dt_ms : float
    tau_surrogate, scale_surrogate : float
        Of the derivative that stands for that of a spike, in thresholds.
    weight_exponent : int
        Of Loihi's weights.
    delays : bool
        Whether delays of the neurons before the last are trained.
    max_delay_ms : float
    dropout : float
        Share of the hidden neurons that are silent in a presentation.
    """

    dt_ms: float
    tau_surrogate: float
    scale_surrogate: float
    weight_exponent: int = 0
    delays: bool = False
    max_delay_ms: float = 62.0
    dropout: float = 0.0


class Model(torch.nn.Module):
    """A prepared network with weights, and delays, that are trained.

    Parameters
    ----------
    prepared : Prepared
    rule : Rule
    """

    def __init__(self, prepared: Prepared, rule: Rule) -> None:
        super().__init__()
        self._prepared, self._rule = prepared, rule
        network = prepared.network
        firing = [layer for layer in network.layers if isinstance(layer, (SpikeResponse, CurrentBased))]
        self._neurons = {layer.name: _library(layer, rule) for layer in firing}
        self._weights = [layer.name for layer in prepared.weighted]
        spiking = [layer for layer in network.layers if isinstance(layer, SpikeResponse)]
        self._delayed = [layer.name for layer in spiking if rule.delays and layer is not network.output]
        self.weights = torch.nn.ParameterList(
            torch.nn.Parameter(torch.tensor(self._units(layer)), requires_grad=layer.name not in prepared.fixed)
            for layer in prepared.weighted
        )
        self.delays = torch.nn.ParameterList(
            torch.tensor(np.broadcast_to(network[name].delay_ms, network.shapes[name]).copy())  # type: ignore[attr-defined]
            for name in self._delayed
        )

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Return the spikes of the output, (T, B, classes), of height 1.

        Parameters
        ----------
        x : Tensor, (T, B, *shape)
            What enters.
        generator : Generator or None
            Draws which hidden neurons are silent; None: none is.
        """
        network = self._prepared.network
        values = {network.input.name: x}
        last = {name: layer.name for layer in network.layers for name in layer.inputs}  # who reads it last
        for layer in network.layers[1:]:
            values[layer.name] = self._layer(layer, [values[name] for name in layer.inputs], generator)
            for name in layer.inputs:
                if last[name] == layer.name:
                    values.pop(name, None)
        return values[network.output.name].flatten(2)

    def network(self) -> Network:
        """Return the network with the weights and delays that the model has now."""
        given = self._prepared.network
        changed: dict[str, Layer] = {}
        for name in self._weights:
            weight = self._rounded(name).detach().cpu().numpy() * np.float32(self._unit(name))
            changed[name] = dataclasses.replace(given[name], weight=weight.astype(np.float32))  # type: ignore[call-arg]
        for name, delay in zip(self._delayed, self.delays, strict=True):
            steps = torch.trunc(delay.detach() / self._rule.dt_ms).cpu().numpy()  # as they are shifted
            late = (steps * self._rule.dt_ms).astype(np.float32)
            changed[name] = dataclasses.replace(given[name], delay_ms=late)  # type: ignore[call-arg]
        return dataclasses.replace(given, layers=tuple(changed.get(layer.name, layer) for layer in given.layers))

    @property
    def loihi(self) -> bool:
        """Whether its neurons are Loihi's."""
        return isinstance(self._prepared.network.output, CurrentBased)

    def largest_mantissa(self) -> float:
        """Return the largest size of a weight of Loihi's neurons; 0 where there are others."""
        return max(float(weight.detach().abs().max()) for weight in self.weights) if self.loihi else 0.0

    @torch.no_grad()
    def bound(self) -> None:
        """Bring delays back to where they may be, and Loihi's weights to what eight bits hold."""
        for delay in self.delays:
            delay.clamp_(0, self._rule.max_delay_ms)
        if self.loihi:
            for weight in self.weights:
                weight.clamp_(-LARGEST, LARGEST)

    @torch.no_grad()
    def scale_to(self, x: Tensor) -> None:
        """Scale the weights of each layer so that its potentials are as large as the threshold, without their resets.

        That is their root mean square for the samples ``x``, (T, B, *shape), which is in proportion to the weights;
        what is behind a layer is given its spikes with the new ones. A layer that is given nothing keeps its weights.
        """
        network = self._prepared.network
        values = {network.input.name: x}
        for layer in network.layers[1:]:
            inputs = [values[name] for name in layer.inputs]
            if layer.name in self._neurons:
                neuron = self._neurons[layer.name]
                size = float(self._response(inputs[0], neuron).square().mean().sqrt())
                for name in self._sources(layer.inputs[0]) if size else ():
                    self.weights[self._weights.index(name)].mul_(_level(neuron) / size)
                inputs = [self._again(layer.inputs[0], values)]
            values[layer.name] = self._layer(layer, inputs, None)
        self.bound()

    def _response(self, z: Tensor, neuron: kinds.SpikeResponse | kinds.CurrentBased) -> Tensor:
        if isinstance(neuron, kinds.SpikeResponse):
            return psp(z, neuron, self._rule.dt_ms)
        return causal(z, integer_kernel(neuron, len(z)).to(z))

    def _sources(self, name: str) -> list[str]:
        """Return the layers of weights that are trained between the neurons before and ``name``, itself too."""
        layer = self._prepared.network[name]
        if layer.name in self._neurons or layer.arity == 0:
            return []
        if name in self._weights:
            return [] if name in self._prepared.fixed else [name]
        return [source for each in layer.inputs for source in self._sources(each)]

    def _again(self, name: str, values: dict[str, Tensor]) -> Tensor:
        """Return the output of ``name`` with the weights as they are now."""
        layer = self._prepared.network[name]
        if layer.name in self._neurons or layer.arity == 0:
            return values[name]
        return self._layer(layer, [self._again(each, values) for each in layer.inputs], None)

    def largest_sums(self) -> Mapping[str, float]:
        """Return, of each layer of weights, how large a share of what sums may be its largest sum of sizes is."""
        return {
            name: float(self._rounded(name).detach().abs().flatten(1).sum(1).max()) / (self._step(name) * 2**24)
            for name in self._weights
        }

    def _layer(self, layer: Layer, inputs: list[Tensor], generator: torch.Generator | None) -> Tensor:
        x = inputs[0]
        if isinstance(layer, op.Dense):
            return dense(x, self._rounded(layer.name))
        if isinstance(layer, op.Conv):
            return convolved(x, self._rounded(layer.name), layer)
        if isinstance(layer, (SpikeResponse, CurrentBased)):
            return self._fired(layer, x, generator)
        return passed(layer, inputs)

    def _fired(self, layer: SpikeResponse | CurrentBased, z: Tensor, generator: torch.Generator | None) -> Tensor:
        neuron = self._neurons[layer.name]
        images = z.ndim == 5
        if images:  # channels last, as a convolution leaves them in memory
            z = z.permute(0, 1, 3, 4, 2)
        if isinstance(neuron, kinds.CurrentBased):
            before = torch.zeros_like(z[:1])  # the library's, as the original's, lose their first step
            spikes = fire(torch.cat([before, z]), neuron)[1:]
        else:
            spikes = respond(z, neuron, self._rule.dt_ms)
        if images:
            spikes = spikes.permute(0, 1, 4, 2, 3)
        if isinstance(layer, SpikeResponse):
            spikes = self._late(layer, spikes)
        if generator is not None and self._rule.dropout and layer is not self._prepared.network.output:
            kept = torch.rand(spikes.shape[1:], generator=generator) >= self._rule.dropout
            spikes = spikes * kept.to(spikes)
        return spikes

    def _late(self, layer: Layer, spikes: Tensor) -> Tensor:
        if layer.name in self._delayed:
            return delay_shift(spikes, self.delays[self._delayed.index(layer.name)], self._rule.dt_ms)
        steps = layer.delay_steps(self._rule.dt_ms)  # type: ignore[attr-defined]
        if not steps.any():
            return spikes
        given = torch.tensor(np.broadcast_to(steps, spikes.shape[2:]).astype(np.float32), device=spikes.device)
        return delay_shift(spikes, given, 1.0)

    def _rounded(self, name: str) -> Tensor:
        return quantize(self.weights[self._weights.index(name)], self._step(name))

    def _after(self, name: str) -> kinds.SpikeResponse | kinds.CurrentBased:
        """Return the neurons that read a layer, through others that only pass on."""
        network = self._prepared.network
        while name not in self._neurons:
            name = network.readers(name)[0].name
        return self._neurons[name]

    def _step(self, name: str) -> float:
        """Return what weights of a layer are multiples of."""
        neuron = self._after(name)
        if isinstance(neuron, kinds.CurrentBased):
            return 2.0
        return 2.0 ** (math.floor(math.log2(neuron.threshold)) - GRID_BITS)

    def _unit(self, name: str) -> float:
        """Return what a weight of 1 is in the network."""
        neuron = self._after(name)
        return neuron.gain if isinstance(neuron, kinds.CurrentBased) else 1.0

    def _units(self, layer: op.Dense | op.Conv) -> npt.NDArray[np.float32]:
        """Return the weights of ``layer`` as the model counts them."""
        return (layer.weight / np.float32(self._unit(layer.name))).astype(np.float32)


def _library(layer: SpikeResponse | CurrentBased, rule: Rule) -> kinds.SpikeResponse | kinds.CurrentBased:
    """Return the neuron of the library that ``layer`` is."""
    if isinstance(layer, SpikeResponse):
        return kinds.SpikeResponse(
            threshold=layer.threshold,
            tau=layer.tau_ms,
            tau_refractory=layer.tau_refractory_ms,
            scale_refractory=layer.scale_refractory,
            cut=max(layer.cut, _NEVER),
            refractory_cut=max(layer.refractory_cut, _NEVER),
            tau_surrogate=rule.tau_surrogate,
            scale_surrogate=rule.scale_surrogate,
        )
    return kinds.CurrentBased(
        threshold=layer.threshold / 2**kinds.MOST_SHIFT,
        current_decay=round(layer.current_decay * 4096),
        voltage_decay=round(layer.voltage_decay * 4096),
        refractory_steps=layer.refractory_steps,
        weight_exponent=rule.weight_exponent,
        tau_surrogate=rule.tau_surrogate,
        scale_surrogate=rule.scale_surrogate,
    )


def _level(neuron: kinds.SpikeResponse | kinds.CurrentBased) -> float:
    return neuron.level if isinstance(neuron, kinds.CurrentBased) else neuron.threshold
