"""SLAYER: spiking networks trained by backpropagation through time (Shrestha and Orchard 2018), on plain PyTorch.

Code that was written for the original runs with ``import snn_training_slayer as snn``: the original's names stand for
those of this package. PyTorch is imported when a name is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_NAMES = {
    "SpikeLayer": ("spike_layer", "SpikeLayer"),
    "LoihiLayer": ("loihi_layer", "LoihiLayer"),
    "Loss": ("losses", "Loss"),
    "Parameters": ("parameters", "Parameters"),
    "Predictor": ("prediction", "Predictor"),
    "LearningStatistics": ("statistics", "LearningStatistics"),
    "QuantizeWeights": ("quantising", "QuantizeWeights"),
    "quantize": ("quantising", "quantize"),
    "spike_files": ("spike_files", ""),
    "optimisers": ("optimisers", ""),
    # the original's names
    "layer": ("spike_layer", "SpikeLayer"),
    "spikeLayer": ("spike_layer", "SpikeLayer"),
    "loihi": ("loihi_layer", "LoihiLayer"),
    "spikeLoihi": ("loihi_layer", "LoihiLayer"),
    "loss": ("losses", "Loss"),
    "spikeLoss": ("losses", "Loss"),
    "params": ("parameters", "Parameters"),
    "predict": ("prediction", "Predictor"),
    "spikeClassifier": ("prediction", "Predictor"),
    "io": ("spike_files", ""),
    "stats": ("statistics", "LearningStatistics"),
    "learningStats": ("statistics", "LearningStatistics"),
    "quantizeWeights": ("quantising", "QuantizeWeights"),
    "optim": ("optimisers", ""),
}
"""The module of each name, and its name there; none stands for the module itself."""

__all__ = [*_NAMES, "utils"]  # noqa: PLE0604  names, all of them


def __getattr__(name: str) -> Any:
    if name == "utils":  # the original's module of helpers
        return import_module(".utils", __name__)
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _NAMES[name]
    found = import_module(f".{module}", __name__)
    return getattr(found, attribute) if attribute else found
