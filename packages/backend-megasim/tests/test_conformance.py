"""The contract of a backend."""

from __future__ import annotations

from snn.testing import BackendSuite
from snn_backend_megasim.backend import MegaSim


class TestConformance(BackendSuite):
    backend = MegaSim()


class TestWithDelays(BackendSuite):
    backend = MegaSim(delay_ticks=2)
