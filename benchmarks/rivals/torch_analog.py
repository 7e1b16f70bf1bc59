"""As many analog passes as there are steps, in PyTorch."""

from __future__ import annotations

import torch
from networks import Example
from snn.network import Array
from torch.nn import functional

from .torch_layers import tensor, weights


def make(example: Example, batch: int, steps: int, threads: int, *, channels_last: bool) -> object:
    """Pass the batch ``steps`` times."""
    torch.set_num_threads(threads)
    stages = weights(example, channels_last=channels_last)
    x = tensor(example.batch(batch), channels_last=channels_last)

    @torch.inference_mode()
    def run() -> Array:
        for _ in range(steps):
            h = x
            for stage in stages[:-1]:
                h = stage.pooled(functional.relu_(stage.apply(h)))
            h = stages[-1].apply(h)
        return h.numpy()

    return run
