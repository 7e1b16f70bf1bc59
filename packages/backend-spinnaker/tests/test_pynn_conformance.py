"""The contract of a backend, in each simulator that PyNN drives."""

from __future__ import annotations

import pytest
from snn.processes.child import Child
from snn.testing import BackendSuite
from snn_backend_spinnaker.pynn import simulator
from snn_backend_spinnaker.pynn.backend import PyNN
from test_pynn import missing


class Kept:
    """Gives the process that there is, which else is one for each network, and a second or more of imports."""

    def __init__(self):
        self.begun = {}

    def __call__(self, worker, name, folder, **more):
        if name in self.begun:
            folder.rmdir()  # made for a process that need not be
        else:
            self.begun[name] = Lasting(worker, name, folder, **more)
        return self.begun[name]


class Lasting(Child):
    """A process that is not ended by whoever has used it."""

    def close(self):
        """Let the next network have it."""


@pytest.fixture(scope="module")
def kept():
    kept = Kept()
    yield kept
    for child in kept.begun.values():
        Child.close(child)


@pytest.fixture(autouse=True)
def _one_process_each(kept, request, monkeypatch):
    if "lets_go" not in request.node.name:  # that is about the ends of processes
        monkeypatch.setattr(simulator, "Child", kept)


def there(name):
    return pytest.mark.skipif(bool(missing(name)), reason=missing(name) or "it is there")


@there("nest")
class TestNest(BackendSuite):
    backend = PyNN()


@there("neuron")
class TestNeuron(BackendSuite):
    backend = PyNN(simulator="neuron")


@there("brian2")
class TestBrian2(BackendSuite):
    backend = PyNN(simulator="brian2")
