"""The engine of the code ttfs_corrective: neurons that fire, and take it back."""

from __future__ import annotations

from functools import partial

from . import latched, latching
from .stepping import StepEngine

ENGINE = StepEngine(
    "ttfs_corrective",
    partial(latched.place_switch, keeps=False),
    latched.KERNELS,
    rewrite=latching.rewrite,
    enter=latching.enter,
)
