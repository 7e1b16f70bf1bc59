"""The contract of a backend."""

from __future__ import annotations

from snn.testing import BackendSuite
from snn_backend_brian2.backend import Brian2


class TestBrian2(BackendSuite):
    backend = Brian2()
