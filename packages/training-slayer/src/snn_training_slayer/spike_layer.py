"""SLAYER's layers of spike response neurons on tensors NCHWT, with the original's names beside the others.

At this interface a spike has height 1 / Ts, and a response the factor Ts. In memory time comes first: the axes are
turned, and only what comes from elsewhere is copied for it.
"""

# arguments and names of the original
# ruff: noqa: N803, N815

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

from . import response, synapses
from .kernels import causal, refractory_kernel, response_kernel
from .neurons import Simulation, SpikeResponse
from .synapses import POOL_GAIN, Hook, Size


def time_first(x: Tensor) -> Tensor:
    """Turn NCHWT to (T, N, C, H, W)."""
    return x.permute(4, 0, 1, 2, 3)


def time_last(x: Tensor) -> Tensor:
    """Turn (T, N, C, H, W), or (T, N, C), to NCHWT."""
    return (x[..., None, None] if x.dim() == 3 else x).permute(1, 2, 3, 4, 0)


def scaled(x: Tensor, factor: float) -> Tensor:
    """Return ``x * factor``, and do nothing for a factor of 1."""
    return x if factor == 1 else x * factor


def usual(weights: Tensor) -> Tensor:
    """Stand, as a hook, for the one that a kind of layers has unless another is given."""
    return weights


class _TimeLast:
    """What turns a module of `synapses` into one of tensors NCHWT, its parameters' names unchanged."""

    def forward(self, x: Tensor) -> Tensor:
        return time_last(super().forward(time_first(x)))  # type: ignore[misc]


class _Dense(_TimeLast, synapses.Dense):
    pass


class _Convolution(_TimeLast, synapses.Convolution):
    pass


class _TransposedConvolution(_TimeLast, synapses.TransposedConvolution):
    pass


class _Pool(_TimeLast, synapses.Pool):
    pass


class _Unpool(_TimeLast, synapses.Unpool):
    pass


class _Dropout(_TimeLast, synapses.Dropout):
    pass


class _Delay(_TimeLast, synapses.Delay):
    pass


class ResponseFilters(torch.nn.Module):
    """Responses whose kernels are learnt: NCHWT to N(filters C)HWT, all channels of the first filter first.

    The weight is (filters, 1, 1, 1, length), the latest lag first. Kernels are applied as matrix products.
    """

    def __init__(self, kernels: Tensor, dt: float) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(kernels.flip(-1).reshape(len(kernels), 1, 1, 1, -1))
        self.dt = dt

    def forward(self, x: Tensor) -> Tensor:
        kernels = self.weight.flatten(1).flip(-1)
        return time_last(torch.cat([causal(time_first(x), kernel) for kernel in kernels], 2) * self.dt)


class Layers(torch.nn.Module):
    """The makers of layers that `SpikeLayer` and Loihi's layer share.

    A maker returns a module, or does at once what has no parameters. Hooks change weights on their way into use.
    """

    dense_scale: ClassVar[float] = 10

    def __init__(self, simulation: Mapping[str, Any], pool_weight: float) -> None:
        super().__init__()
        self.simulation = Simulation.from_dictionary(simulation)
        self.pool_weight = pool_weight

    def dense(
        self, inFeatures: Size, outFeatures: int, weightScale: float | None = None, preHookFx: Hook | None = usual
    ) -> torch.nn.Module:
        """Return all-to-all weights; inputs are a number or (width, height, channels)."""
        scale = self.dense_scale if weightScale is None else weightScale
        return _Dense(inFeatures, outFeatures, scale, self._hook(preHookFx))

    def conv(
        self,
        inChannels: int,
        outChannels: int,
        kernelSize: Size,
        stride: Size = 1,
        padding: Size = 0,
        dilation: Size = 1,
        groups: int = 1,
        weightScale: float = 100,
        preHookFx: Hook | None = usual,
    ) -> torch.nn.Module:
        """Return convolution weights; sizes are a number or (height, width)."""
        sizes = kernelSize, stride, padding, dilation, groups
        return _Convolution(inChannels, outChannels, *sizes, weightScale, self._hook(preHookFx))

    def conv_transpose(
        self,
        inChannels: int,
        outChannels: int,
        kernelSize: Size,
        stride: Size = 1,
        padding: Size = 0,
        dilation: Size = 1,
        groups: int = 1,
        weightScale: float = 100,
        preHookFx: Hook | None = usual,
    ) -> torch.nn.Module:
        """Return the weights of a transposed convolution."""
        sizes = kernelSize, stride, padding, dilation, groups
        return _TransposedConvolution(inChannels, outChannels, *sizes, weightScale, self._hook(preHookFx))

    def pool(
        self,
        kernelSize: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
        preHookFx: Hook | None = usual,
    ) -> torch.nn.Module:
        """Return sums over windows with a fixed weight at which one spike makes a spike."""
        return _Pool(self.pool_weight, kernelSize, stride, padding, dilation, self._hook(preHookFx))

    def unpool(
        self,
        kernelSize: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
        preHookFx: Hook | None = usual,
    ) -> torch.nn.Module:
        """Return the transpose of `pool`."""
        return _Unpool(self.pool_weight, kernelSize, stride, padding, dilation, self._hook(preHookFx))

    def dropout(self, p: float = 0.5, inplace: bool = False) -> torch.nn.Module:
        """Return what silences neurons for a whole sample, in training; ``inplace`` is the original's, and no more."""
        return _Dropout(p)

    def delay(self, inputSize: Size) -> torch.nn.Module:
        """Return delays to be learnt, one for each neuron; inputs are a number or (width, height, channels)."""
        width, height, channels = (1, 1, inputSize) if isinstance(inputSize, int) else inputSize
        return _Delay((channels, height, width), self.simulation.dt)

    def delay_shift(self, input: Tensor, delay: float | Tensor, Ts: float = 1) -> Tensor:  # noqa: A002  the original's
        """Delay by a number, or by a tensor of one for each neuron, in the unit of ``Ts``; fractions are cut off."""
        return time_last(synapses.delay_shift(time_first(input), delay, Ts))

    def replicate_in_time(self, input: Tensor, mode: str = "nearest") -> Tensor:  # noqa: A002  the original's
        """Return an image, NCHW or NCHW1, repeated in every step."""
        if mode != "nearest":
            raise ValueError(f"mode is 'nearest', not {mode!r}")
        image = input if input.dim() == 5 else input[..., None]
        return image.expand(*image.shape[:4], self.simulation.steps)

    def kernel(self) -> Tensor:
        """Return the response to a spike, float64 (length,)."""
        raise NotImplementedError

    def psp_layer(self) -> torch.nn.Module:
        """Return a response whose kernel is learnt, from the neuron's on."""
        return ResponseFilters(self.kernel().float()[None], self.simulation.dt)

    def psp_filter(self, nFilter: int, filterLength: int, filterScale: float = 1) -> torch.nn.Module:
        """Return ``nFilter`` responses, of as many steps, whose kernels are learnt; they begin at random."""
        kernels = torch.empty(nFilter, 1, 1, 1, filterLength)
        torch.nn.init.kaiming_uniform_(kernels, a=5**0.5)
        return ResponseFilters(kernels.flatten(1) * filterScale, self.simulation.dt)

    def usual_hook(self) -> Hook | None:
        """Return the hook of layers that are made without one."""
        return None

    def _hook(self, given: Hook | None) -> Hook | None:
        return self.usual_hook() if given is usual else given

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *arguments: Any) -> None:
        """Pass over the kernels in saved states of the original: they follow from the parameters."""
        for name in ("srmKernel", "refKernel"):
            state_dict.pop(prefix + name, None)
        super()._load_from_state_dict(state_dict, prefix, *arguments)

    convTranspose = conv_transpose
    delayShift = delay_shift
    pspLayer = psp_layer
    pspFilter = psp_filter
    replicateInTime = replicate_in_time


class SpikeLayer(Layers):
    """Layers of spike response neurons.

    Parameters
    ----------
    neuron
        ``{type: SRMALPHA, theta, tauSr, tauRef, scaleRef, tauRho, scaleRho}``
    simulation
        ``{Ts, tSample}``, in milliseconds.
    fullRefKernel
        Whether the refractory kernel ends at 0.0001 instead of 0.01.
    """

    def __init__(self, neuron: Mapping[str, Any], simulation: Mapping[str, Any], fullRefKernel: bool = False) -> None:
        made = SpikeResponse.from_dictionary(neuron, fullRefKernel)
        super().__init__(simulation, POOL_GAIN * made.threshold)
        self.neuron = made
        settings = made, self.simulation.dt, self.simulation.steps
        self.register_buffer("srmKernel", response_kernel(*settings).float(), persistent=False)
        self.register_buffer("refKernel", refractory_kernel(*settings).float(), persistent=False)

    def kernel(self) -> Tensor:
        return response_kernel(self.neuron, self.simulation.dt, self.simulation.steps)

    def psp(self, spike: Tensor) -> Tensor:
        """Return the responses to spikes, NCHWT."""
        dt, steps = self.simulation.dt, self.simulation.steps
        return time_last(scaled(response.psp(time_first(spike), self.neuron, dt, longest=steps), dt))

    def spike(self, membranePotential: Tensor) -> Tensor:
        """Return the spikes of neurons with this potential but for what their own spikes add, NCHWT."""
        dt, steps = self.simulation.dt, self.simulation.steps
        spikes = response.spike(time_first(membranePotential), self.neuron, dt, longest=steps)
        return time_last(scaled(spikes, 1 / dt))
