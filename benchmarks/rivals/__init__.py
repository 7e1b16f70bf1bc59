"""The contenders: what each is called, and the module that makes it run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from networks import Example
from snn.network import Array

Run = Callable[[], Array]
"""Runs all steps once, and returns the outputs, (batch, classes): potentials at the end, or of one analog pass."""


@dataclass(frozen=True)
class Contender:
    """A module with ``make(example, batch, steps, threads, **settings) -> Run``.

    ``analog`` ones make as many passes as there are steps; the fastest of them is the yardstick.
    """

    module: str
    analog: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)

    def make(self, example: Example, batch: int, steps: int, threads: int) -> Run:
        """Return what is measured; ImportError where something is not installed."""
        make = import_module(f"rivals.{self.module}").make
        return make(example, batch, steps, threads, **self.settings)


CONTENDERS: Mapping[str, Contender] = {
    "inisim": Contender("inisim"),
    "analog, PyTorch, channels first": Contender("torch_analog", analog=True, settings={"channels_last": False}),
    "analog, PyTorch, channels last": Contender("torch_analog", analog=True, settings={"channels_last": True}),
    "analog, ONNX Runtime": Contender("onnx_analog", analog=True),
    "PyTorch, step by step": Contender("torch_spiking", settings={"folded": False}),
    "PyTorch, steps folded": Contender("torch_spiking", settings={"folded": True}),
    "SpikingJelly, step by step": Contender("spikingjelly_nodes", settings={"multi": False}),
    "SpikingJelly, multi-step": Contender("spikingjelly_nodes", settings={"multi": True}),
}
"""In the order in which they take turns."""
