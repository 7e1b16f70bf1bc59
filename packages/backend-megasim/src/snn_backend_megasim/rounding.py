"""Round a network to the integers that MegaSim has, and tell what that changes."""

from __future__ import annotations

import dataclasses
import warnings
from typing import Any

import numpy as np
from snn.clock import Clock
from snn.errors import ConversionWarning
from snn.network import Layer, Network
from snn.neurons import IntegrateFire, SoftmaxFire

from .integers import Lost, rounded, together

_PLAIN = ("weight", "scale", "factors", "initial", "threshold")
_PER_MILLISECOND = ("bias", "shift")


def rounded_network(network: Network, clock: Clock, factor: int) -> Network:
    """Return ``network`` with whole numbers of ``1 / factor``; what enters per millisecond is that in each step."""
    lost: dict[str, Lost] = {}

    def change(layer: Layer) -> Layer:
        changed, losses = _rounded(layer, clock.dt_ms, factor)
        if losses.changed:
            lost[layer.name] = losses
        return changed

    made = network.rebuild(change, f"rounded to whole numbers of 1/{factor}, as MegaSim has them")
    if not lost:
        return network
    told = said(lost)
    warnings.warn(f"MegaSim counts in integers, {factor:,} for 1: {told}", ConversionWarning, stacklevel=3)
    return made


def said(lost: dict[str, Lost]) -> str:
    """Return in words what was lost in each layer, the worst first."""
    order = sorted(lost, key=lambda name: -lost[name].share)
    parts = [f"{name!r} {100 * lost[name].share:.2g} % (largest {lost[name].largest:.2g})" for name in order]
    return f"rounding changes the numbers of layer {', '.join(parts)}"


def _rounded(layer: Layer, dt_ms: float, factor: int) -> tuple[Layer, Lost]:
    fields: dict[str, Any] = {}
    losses = []
    for names, unit in ((_PLAIN, float(factor)), (_PER_MILLISECOND, factor * dt_ms)):
        for name in names:
            if not hasattr(layer, name):
                continue
            found, lost = rounded(getattr(layer, name), unit)
            if lost.changed:
                losses.append(lost)
                exact = found / unit
                fields[name] = float(exact) if name == "threshold" else np.asarray(exact, np.float32)
    if isinstance(layer, IntegrateFire) and fields.get("threshold") == 0:
        del fields["threshold"]  # a plan refuses it, by its name
    if isinstance(layer, SoftmaxFire):
        found, lost = rounded(1 / layer.gain, factor)
        if lost.changed and found > 0:
            losses.append(lost)
            fields["gain"] = factor / float(found)
    return (dataclasses.replace(layer, **fields) if fields else layer), together(losses)
