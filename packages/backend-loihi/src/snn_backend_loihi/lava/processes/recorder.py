"""A process of Lava that keeps spikes in a file: what it keeps in memory it hands out number by number, in seconds."""

# Lava reads annotations as they are, so that they must not be put off

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol


class Recorder(AbstractProcess):  # type: ignore[misc]  # Lava has no types
    """Keeps the spikes of neurons of ``shape`` for so many ``steps``, and then writes ``path``, (steps, *shape)."""

    def __init__(self, *, shape: tuple[int, ...], steps: int, path: str) -> None:
        super().__init__(shape=shape, steps=steps, path=path)
        self.a_in = InPort(shape=shape)


@implements(proc=Recorder, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyRecorder(PyLoihiProcessModel):  # type: ignore[misc]
    """Its arrays."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self._path = proc_params["path"]
        self._fired = np.zeros((proc_params["steps"], *proc_params["shape"]), np.uint8)

    def run_spk(self) -> None:
        """Keep what has come in this step."""
        self._fired[self.time_step - 1] = self.a_in.recv()
        if self.time_step == len(self._fired):
            np.save(self._path, self._fired)
