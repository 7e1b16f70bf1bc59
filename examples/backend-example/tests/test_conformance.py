"""The example keeps every promise of a backend."""

from snn.testing import BackendSuite
from snn_backend_example.backend import Example


class TestExample(BackendSuite):
    backend = Example()
