"""What is seen of one sample in the process of a simulator."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from snn.network import Array

Columns: TypeAlias = npt.NDArray[np.int64]
"""The step and the neuron of each spike, (2, spikes)."""


def within(step: npt.NDArray[Any], neuron: npt.NDArray[Any], steps: int) -> Columns:
    """Return the spikes whose step, whole numbers from 0 on, is one of ``steps``."""
    seen = (step >= 0) & (step < steps)
    return np.stack([np.asarray(step, np.int64)[seen], np.asarray(neuron, np.int64)[seen]])


Seen: TypeAlias = "tuple[dict[str, Columns], dict[str, Array]]"
"""Spikes by layer, and potentials by layer, (steps, neurons)."""
