"""The spiking network with SpikingJelly's integrate-and-fire nodes, step by step or multi-step, without gradients."""

from __future__ import annotations

import torch
from networks import Example
from snn.network import Array
from spikingjelly.activation_based import functional as jelly
from spikingjelly.activation_based.neuron import IFNode

from .torch_layers import Weights, tensor, weights
from .torch_spiking import FOLDED_BYTES, START


def make(example: Example, batch: int, steps: int, threads: int, *, multi: bool) -> object:
    """Reset by subtraction; what the constant input gives the first layer is computed once."""
    torch.set_num_threads(threads)
    stages = weights(example, channels_last=True)
    x = tensor(example.batch(batch), channels_last=True)
    mode = "m" if multi else "s"
    nodes = [IFNode(v_threshold=1.0, v_reset=None, step_mode=mode).eval() for _ in stages[:-1]]
    part = max(1, FOLDED_BYTES // (stages[0].apply(x[:1]).numel() * steps * 4)) if multi else batch

    @torch.inference_mode()
    def run() -> Array:
        results = []
        for start in range(0, batch, part):
            for node in nodes:
                jelly.reset_net(node)
            run_part = _multi if multi else _single
            results.append(run_part(stages, nodes, x[start : start + part], steps))
        return torch.cat(results).numpy()

    return run


def _single(stages: list[Weights], nodes: list[IFNode], x: torch.Tensor, steps: int) -> torch.Tensor:
    constant = stages[0].apply(x)
    total: torch.Tensor | float = 0.0
    for step in range(steps):
        z = constant
        for stage, node, reader in zip(stages, nodes, stages[1:], strict=False):
            if not step:
                node.v = torch.full_like(z, START)
            z = reader.apply(stage.pooled(node(z)))
        total = total + z
    return total  # type: ignore[return-value]  # there is at least one step


def _multi(stages: list[Weights], nodes: list[IFNode], x: torch.Tensor, steps: int) -> torch.Tensor:
    z = stages[0].apply(x).expand(steps, *stages[0].apply(x).shape)
    for stage, node, reader in zip(stages, nodes, stages[1:], strict=False):
        node.v = torch.full_like(z[0], START)
        spikes = node(z).flatten(0, 1)
        z = reader.apply(stage.pooled(spikes))
        z = z.reshape(steps, len(x), *z.shape[1:])
    return z.sum(0)
