"""INI's simulator keeps every promise of a backend."""

from snn.testing import BackendSuite
from snn_backend_inisim.backend import IniSim


class TestIniSim(BackendSuite):
    backend = IniSim()
