"""The contract of a backend."""

from __future__ import annotations

from snn.testing import BackendSuite
from snn_backend_spinnaker.pynn.backend import PyNN


class TestNest(BackendSuite):
    backend = PyNN()
