"""What the contenders in PyTorch share: the stages as tensors, and what they compute."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from networks import Example, Stage
from torch.nn import functional

CHANNELS_LAST = torch.channels_last


@dataclass(frozen=True, eq=False)
class Weights:
    """A stage as tensors."""

    weight: torch.Tensor
    bias: torch.Tensor
    padding: int
    pool: int

    def apply(self, x: torch.Tensor) -> torch.Tensor:
        """Return what comes before the rectifier or the neurons."""
        if self.weight.ndim == 2:
            return functional.linear(x.flatten(1), self.weight, self.bias)
        return functional.conv2d(x, self.weight, self.bias, padding=self.padding)

    def pooled(self, x: torch.Tensor) -> torch.Tensor:
        """Return the average pool of what comes after."""
        return functional.avg_pool2d(x, self.pool) if self.pool > 1 else x


def weights(example: Example, *, channels_last: bool) -> list[Weights]:
    """Return the stages; a dense layer reads channels first in either layout, since flattening goes by the axes."""
    return [_tensors(stage, channels_last=channels_last) for stage in example.stages]


def tensor(array: object, *, channels_last: bool) -> torch.Tensor:
    """Return ``array`` in the memory layout wanted."""
    made = torch.tensor(array)
    return made.contiguous(memory_format=CHANNELS_LAST) if channels_last and made.ndim == 4 else made


def _tensors(stage: Stage, *, channels_last: bool) -> Weights:
    weight = tensor(stage.weight, channels_last=channels_last)
    return Weights(weight, torch.tensor(stage.bias), stage.padding, stage.pool)
