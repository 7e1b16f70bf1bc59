"""The plots by the names that users type, without what draws them."""

from __future__ import annotations

from collections.abc import Mapping

PLOTS: Mapping[str, str] = {
    "input_image": "maps",
    "error_over_time": "over_time",
    "operations_over_time": "over_time",
    "spike_count": "over_time",
    "pearson": "agreement",
    "confusion": "confusion",
    "correlations": "agreement",
    "rate_distribution": "agreement",
    "activations": "maps",
    "rates": "maps",
    "rates_minus_activations": "maps",
    "spike_trains": "trains",
    "potentials": "trains",
    "weights": "normalisation",
    "normalisation": "normalisation",
}
"""The module of this folder in which the function of the same name draws each."""
