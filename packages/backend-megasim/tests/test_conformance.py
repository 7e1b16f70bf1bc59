"""The contract of a backend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from snn.testing import BackendSuite
from snn_backend_megasim.backend import MegaSim


class TestConformance(BackendSuite):
    backend = MegaSim()


class TestWithDelays(BackendSuite):
    backend = MegaSim(delay_ticks=2)
    deviations: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("computes_affine", "computes_batch_norm"),
        "events of the bias clock have no delay: a bias may fire a neuron before the spikes of its step have come",
    )
