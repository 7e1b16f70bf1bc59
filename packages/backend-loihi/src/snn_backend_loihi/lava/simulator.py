"""A fitted network in the process of Lava."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from snn.assembling import assemble, in_order
from snn.network import Network
from snn.processes.child import Child
from snn.processes.process import private_folder
from snn.simulating import Recording, Setup, Simulator, Stimulus

from .. import chip, limits
from ..given import given
from ..program import program
from ..simulator import facts, kept, some, warn_of_end
from .orders import Answer, Present
from .plan import channels_first, channels_last, plan

_HINT = "snn check loihi, with --set backend.loihi.executor=lava, tells what works"


class LavaSimulator(Simulator):
    """Lava's processes, in a process of their own; samples are presented one after the other, each from rest."""

    def __init__(self, network: Network, setup: Setup, machine: limits.Machine, patience_s: float) -> None:
        started = time.perf_counter()
        self._network, self._setup = network, setup
        self._program = program(network, setup.clock, setup.kind)
        self._read = kept(self._program, network, setup)
        self._cut: Counter[str] = Counter()
        self._child = Child(
            f"{__package__}.worker",
            "Lava",
            private_folder(setup.folder, "lava"),
            kept=setup.folder is not None,
            hint=_HINT,
            patience_s=patience_s,
            tell=setup.tell,
        )
        try:
            self._child.ask("build", plan(self._program, network, setup.clock.steps, self._read))
        except BaseException:
            self.close()
            raise
        self._facts = facts(self._program, network, machine) | {
            "executor": "lava",
            "build_seconds": round(time.perf_counter() - started, 3),
        }

    def run(self, stimulus: Stimulus) -> Recording:
        entering = given(self._program, self._network, stimulus)
        shapes = self._network.shapes
        self._cut.update(entering.cut)
        order = Present(
            channels_last(entering.spikes, shapes[self._network.input.name] if self._program.entry else (0,)),
            {name: channels_last(values, shapes[name]) for name, values in entering.mantissa.items()},
            {name: channels_last(values, shapes[name]) for name, values in entering.exponent.items()},
        )
        answer: Answer = self._child.ask("present", order)
        firing = [name for name, group in self._program.compartments.items() if group.spiking]
        spikes = {name: in_order(*np.nonzero(_flat(answer.fired[name], shapes[name]))) for name in firing}
        potentials = {}
        for name, voltages in answer.voltages.items():
            values = self._program.compartments[name].value(_flat(voltages, shapes[name]))
            potentials[name] = values.reshape(*voltages.shape[:2], *shapes[name])
            if not self._program.compartments[name].spiking:
                ends = np.abs(_flat(voltages, shapes[name])).max(axis=(0, 2)) >= chip.VOLTAGE
                warn_of_end(name, ends, _flat(answer.fired[name], shapes[name]).sum(axis=(0, 2)) > 0)
        return assemble(self._network, stimulus, self._setup.record, spikes, potentials)

    def facts(self) -> Mapping[str, object]:
        return self._facts | some("cut_currents", self._cut)

    def close(self) -> None:
        self._child.close()


def _flat(values: npt.NDArray[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """Return values of neurons in Lava's order, (steps, batch, *shape), in the network's, (steps, batch, neurons)."""
    return channels_first(values, shape).reshape(*values.shape[:2], -1)
