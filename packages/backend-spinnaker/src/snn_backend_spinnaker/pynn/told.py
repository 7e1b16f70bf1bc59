"""What the process of a simulator says of one sample."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from snn.network import Array

Columns: TypeAlias = npt.NDArray[np.int64]
"""The step and the neuron of each spike, (2, spikes)."""

Told: TypeAlias = "tuple[dict[str, Columns], dict[str, Array]]"
"""Spikes by layer, and potentials by layer, (steps, neurons)."""
