"""The contract of a backend: with its numbers stepped through here, and as far as it goes without a board."""

from __future__ import annotations

from chips import Emulated
from snn.testing import BackendSuite
from snn_backend_spinnaker.spinnaker.backend import SpiNNaker


class TestEmulated(BackendSuite):
    backend = Emulated()


class TestWithoutABoard(BackendSuite):
    backend = SpiNNaker()
