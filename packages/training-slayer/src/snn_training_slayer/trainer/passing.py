"""What layers make of spikes, time first, before neurons take it: weights, and all that only passes on."""

from __future__ import annotations

from functools import singledispatch

import torch
from snn import layers as op
from snn.network import Layer
from torch import Tensor
from torch.nn import functional

_SPARSE = 0.1  # share of spikes below which the weights are gathered, not multiplied


class Gathered(torch.autograd.Function):
    """``x @ weight.T`` for few that are not zero: rows of the weights are gathered and added up."""

    @staticmethod
    def forward(context: torch.autograd.function.FunctionCtx, x: Tensor, weight: Tensor) -> Tensor:
        row, column = x.nonzero(as_tuple=True)
        heights = x[row, column]
        first = torch.searchsorted(row, torch.arange(len(x), device=x.device))
        context.save_for_backward(row, column, heights)
        context.shape = weight.shape  # type: ignore[attr-defined]
        return functional.embedding_bag(
            column, weight.T.contiguous(), first, mode="sum", per_sample_weights=heights.to(weight)
        )

    @staticmethod
    def backward(context: torch.autograd.function.FunctionCtx, *gradients: Tensor) -> tuple[None, Tensor]:
        row, column, heights = context.saved_tensors  # type: ignore[attr-defined]
        gradient = gradients[0]
        order = column.argsort(stable=True)
        first = torch.searchsorted(column[order], torch.arange(context.shape[1], device=gradient.device))  # type: ignore[attr-defined]
        found = functional.embedding_bag(
            row[order], gradient.contiguous(), first, mode="sum", per_sample_weights=heights[order].to(gradient)
        )
        return None, found.T


def dense(x: Tensor, weight: Tensor) -> Tensor:
    """Return what a dense layer makes of ``x`` (T, B, *shape), (T, B, out)."""
    flat = x.reshape(-1, weight.shape[1])
    if not x.requires_grad and int(flat.count_nonzero()) < _SPARSE * flat.numel():
        z: Tensor = Gathered.apply(flat, weight)  # type: ignore[no-untyped-call]
    else:
        z = flat @ weight.T
    return z.reshape(*x.shape[:2], -1)


def convolved(x: Tensor, weight: Tensor, layer: op.Conv) -> Tensor:
    """Return what a convolution makes of ``x`` (T, B, C, H, W), whose memory has channels last."""
    (top, bottom), (left, right) = layer.padding
    images = x.flatten(0, 1)
    if (top, left) != (bottom, right):
        images, top, left = functional.pad(images, (left, right, top, bottom)), 0, 0
    images = images.contiguous(memory_format=torch.channels_last)
    stride, dilation = layer.stride, layer.dilation
    z = functional.conv2d(images, weight, None, stride, (top, left), dilation, layer.groups)
    return z.reshape(*x.shape[:2], *z.shape[1:])


@singledispatch
def passed(layer: Layer, inputs: list[Tensor]) -> Tensor:
    """Return what a layer without weights makes of its inputs, (T, B, *shape)."""
    message = f"{layer.kind} is not trained through"
    raise TypeError(message)


@passed.register
def _(layer: op.Flatten, inputs: list[Tensor]) -> Tensor:
    return inputs[0].flatten(2)


@passed.register
def _(layer: op.Reshape, inputs: list[Tensor]) -> Tensor:
    return inputs[0].reshape(*inputs[0].shape[:2], *layer.shape)


@passed.register
def _(layer: op.Permute, inputs: list[Tensor]) -> Tensor:
    return inputs[0].permute(0, 1, *(axis + 2 for axis in layer.axes))


@passed.register
def _(layer: op.Concat, inputs: list[Tensor]) -> Tensor:
    return torch.cat(inputs, dim=layer.axis + 2)


@passed.register
def _(layer: op.Add, inputs: list[Tensor]) -> Tensor:
    total = inputs[0]
    for more in inputs[1:]:
        total = total + more
    return total


@passed.register
def _(layer: op.AvgPool, inputs: list[Tensor]) -> Tensor:
    (x,) = inputs
    (top, bottom), (left, right) = layer.padding
    images = functional.pad(x.flatten(0, 1), (left, right, top, bottom))
    pooled = functional.avg_pool2d(images, layer.size, layer.stride)
    return pooled.reshape(*x.shape[:2], *pooled.shape[1:])
