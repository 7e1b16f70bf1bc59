"""The contract of a backend: with its numbers stepped through here, and as far as it goes without a board."""

from __future__ import annotations

from chips import Emulated
from snn.testing import BackendSuite
from snn_backend_spinnaker.spinnaker.backend import SpiNNaker

DEVIATIONS = {
    "reset_subtract": "its neuron, IF_trunc_delta, is reset to zero, so fit puts that in the place of a subtraction",
    "rate_approaches_analog": "reset to zero, a neuron given z a step fires once in ceil(threshold / z) steps: rates "
    "are 0.23 off after 50 steps, and stay so",
}


class TestEmulated(BackendSuite):
    backend = Emulated()
    deviations = DEVIATIONS


class TestWithoutABoard(BackendSuite):
    backend = SpiNNaker()
    deviations = DEVIATIONS
