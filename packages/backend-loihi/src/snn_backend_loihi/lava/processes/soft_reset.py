"""A neuron of Lava that is reset by subtraction, which none of its own is; for its simulation of Loihi only."""

# Lava reads annotations as they are, so that they must not be put off

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.ports import PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.lif.models import AbstractPyLifModelFixed
from lava.proc.lif.process import LIF

Spikes: TypeAlias = npt.NDArray[np.bool_]


class SoftResetLIF(LIF):  # type: ignore[misc]  # Lava has no types
    """`LIF`, which loses its threshold at a spike, and one unit more: it fires above, and what it stands for, at it."""


@implements(proc=SoftResetLIF, protocol=LoihiProtocol)
@requires(CPU)
@tag("bit_accurate_loihi", "fixed_pt")
class PySoftResetLIF(AbstractPyLifModelFixed):  # type: ignore[misc]
    """Its integers; a model of a process cannot be one of another with a change."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    vth: int = LavaPyType(int, np.int32, precision=17)

    def scale_threshold(self) -> None:
        """Count thresholds as voltages."""
        self.threshold = np.left_shift(self.vth, self.vth_shift)
        self.isthrscaled = True

    def spiking_activation(self) -> Spikes:
        """Return which neurons fire."""
        return self.v > self.threshold

    def reset_voltage(self, spike_vector: Spikes) -> None:
        """Take the threshold off the voltages of those that fire."""
        self.v[spike_vector] -= self.threshold + (1 << self.vth_shift)
