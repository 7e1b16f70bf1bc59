"""Nadam: Adam with Nesterov's momentum."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any

import torch
from snn.errors import SettingsError
from torch.optim import Optimizer


class Nadam(Optimizer):
    """Adam that steps by the momentum it will have, not by the one it had.

    With gradient g, m = b1 m + (1 - b1) g and v = b2 v + (1 - b2) g^2, step t changes a parameter by
    -lr sqrt(1 - b2^t) / (1 - b1^t) (b1 m + (1 - b1) g) / (sqrt(v) + eps). It is SLAYER's form, without the schedule of
    momenta that torch.optim.NAdam has. Dozat, "Incorporating Nesterov momentum into Adam", 2016.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        What is trained, or groups of it with settings of their own.
    lr : float
        Learning rate.
    betas : (float, float)
        b1 and b2: how much of the means is kept each step.
    eps : float
        Keeps the step finite.
    weight_decay : float
        Adds so much of the parameter to its gradient.
    amsgrad : bool
        Divide by the root of the largest v so far (Reddi et al. 2018).
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
    ) -> None:
        for name, value in (("lr", lr), ("eps", eps), ("weight_decay", weight_decay)):
            if not 0 <= value < float("inf"):
                raise SettingsError(f"Nadam: {name} is {value}", hint="choose 0 or more")
        if len(betas) != 2 or not all(0 <= beta < 1 for beta in betas):
            raise SettingsError(f"Nadam: betas are {betas}", hint="choose two from 0 to below 1")
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad}
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Change all parameters once; ``closure`` computes their gradients, and the loss that is returned."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._change(parameter, group)
        return loss

    def _change(self, parameter: torch.Tensor, group: dict[str, Any]) -> None:
        gradient, state = parameter.grad, self.state[parameter]
        if gradient is None or gradient.is_sparse:
            raise SettingsError("Nadam takes no sparse gradients", hint="use torch.optim.SparseAdam")
        if not state:
            state["step"] = 0
            state["mean"] = torch.zeros_like(parameter)
            state["mean_of_squares"] = torch.zeros_like(parameter)
            if group["amsgrad"]:
                state["largest_mean_of_squares"] = torch.zeros_like(parameter)
        if group["weight_decay"]:
            gradient = gradient.add(parameter, alpha=group["weight_decay"])
        b1, b2 = group["betas"]
        state["step"] += 1
        mean, squares = state["mean"], state["mean_of_squares"]
        mean.mul_(b1).add_(gradient, alpha=1 - b1)
        squares.mul_(b2).addcmul_(gradient, gradient, value=1 - b2)
        if group["amsgrad"]:
            squares = torch.maximum(state["largest_mean_of_squares"], squares, out=state["largest_mean_of_squares"])
        rate = group["lr"] * sqrt(1 - b2 ** state["step"]) / (1 - b1 ** state["step"])
        ahead = (mean * b1).add_(gradient, alpha=1 - b1)
        parameter.addcdiv_(ahead, squares.sqrt().add_(group["eps"]), value=-rate)
