"""The contract of a backend, on the emulator."""

from __future__ import annotations

from snn.testing import BackendSuite
from snn_backend_loihi.backend import Loihi


class TestEmulator(BackendSuite):
    backend = Loihi()
