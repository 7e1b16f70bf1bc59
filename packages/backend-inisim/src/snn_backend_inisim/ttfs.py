"""The engine of the code ttfs: neurons that fire once."""

from __future__ import annotations

from functools import partial

from . import latched, latching
from .stepping import StepEngine

ENGINE = StepEngine(
    "ttfs", partial(latched.place_switch, keeps=True), latched.KERNELS, rewrite=latching.rewrite, enter=latching.enter
)
