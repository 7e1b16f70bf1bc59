"""A fitted network on the emulator, batch by batch."""

from __future__ import annotations

import time
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
from snn.assembling import assemble
from snn.errors import ConversionWarning
from snn.network import Array, Network
from snn.neurons import Accumulate
from snn.progress import Progress
from snn.response_neurons import CurrentBased
from snn.simulating import Recording, Setup, Simulator, Stimulus

from . import limits
from .given import Given, given
from .machine import Machine, Seen, joined
from .program import Compartments, Program, program

_HELD_BYTES = 2**28  # of input spikes and potentials, at once


class Emulator(Simulator):
    """The package's own emulator, with a network in it."""

    def __init__(self, network: Network, setup: Setup, machine: limits.Machine) -> None:
        started = time.perf_counter()
        self._network, self._setup = network, setup
        self._program = program(network, setup.clock, setup.kind)
        self._kept = kept(self._program, network, setup)
        self._machine = Machine(self._program, self._kept, setup.processors)
        self._saturated = dict.fromkeys(self._program.compartments, 0)
        self._wrapped = dict.fromkeys(self._program.compartments, 0)
        self._cut: Counter[str] = Counter()
        self._facts = facts(self._program, network, machine) | {
            "executor": "emulator",
            "build_seconds": round(time.perf_counter() - started, 3),
        }

    def run(self, stimulus: Stimulus) -> Recording:
        found = joined([self._present(stimulus, start, stop) for start, stop in self._parts(stimulus)])
        count_saturated(self._saturated, found, self._network)
        for name, wrapped in found.wrapped.items():
            self._wrapped[name] += int(wrapped.sum())
            if wrapped.any():
                warn_of_round(name, wrapped > 0)
        return recorded(self._program, self._network, stimulus, self._setup, found)

    def facts(self) -> Mapping[str, object]:
        counts = {"saturated_voltages": self._saturated, "wrapped_currents": self._wrapped, "cut_currents": self._cut}
        found: dict[str, object] = dict(self._facts)
        for fact, layers in counts.items():
            found |= some(fact, layers)
        return found

    def _parts(self, stimulus: Stimulus) -> Iterator[tuple[int, int]]:
        """Yield the first sample and the end of what is run at once."""
        voltages = sum(self._program.compartments[name].size for name in self._kept)
        each = stimulus.clock.steps * (4 * voltages + stimulus.samples[0].size)
        part, batch = max(1, _HELD_BYTES // each), len(stimulus.samples)
        yield from ((start, min(start + part, batch)) for start in range(0, batch, part))

    def _present(self, stimulus: Stimulus, start: int, stop: int) -> Seen:
        entering = given(self._program, self._network, stimulus.of(start, stop))
        self._cut.update(entering.cut)
        seen = self._machine.run(entering.spikes, drive(self._machine.driven, entering))
        self._setup.tell(Progress("simulate", stop, len(stimulus.samples)))
        return seen


def kept(program: Program, network: Network, setup: Setup) -> frozenset[str]:
    """Return the layers whose voltages are kept: those asked for, and the output's that does not spike."""
    silent = {name for name, group in program.compartments.items() if not group.spiking}
    return setup.record.potentials | (silent & {network.output.name})


def drive(names: list[str], entering: Given) -> npt.NDArray[np.int32]:
    """Return what layers are given by currents, (batch, rows, columns), in units of the voltage."""
    batch = entering.spikes.shape[1]
    if not names:
        return np.zeros((batch, 1, 0), np.int32)
    return np.concatenate([(entering.mantissa[n] << entering.exponent[n]).astype(np.int32) for n in names], axis=2)


def recorded(program: Program, network: Network, stimulus: Stimulus, setup: Setup, seen: Seen) -> Recording:
    """Return the recording of a batch."""
    spikes, potentials = {}, {}
    for place, (name, group) in enumerate(program.compartments.items()):
        if group.spiking:
            spikes[name] = seen.events(place)
        if name in seen.voltages:
            values: Array = group.value(seen.voltages[name])
            potentials[name] = values.reshape(stimulus.clock.steps, len(stimulus.samples), *network.shapes[name])
    return assemble(network, stimulus, setup.record, spikes, potentials)


def facts(program: Program, network: Network, machine: limits.Machine) -> dict[str, object]:
    """Return what is worth knowing of a program."""
    layouts = limits.layouts(network)
    cores = sum(layout.cores for layout in layouts.values())
    return {
        "synapses": sum(len(way.pre) for way in program.synapses),
        "cores": cores,
        "chips": -(-cores // machine.cores_per_chip),
        "layers": {name: _told(group, layouts[name]) for name, group in program.compartments.items()},
        "input": "spikes" if program.entry else "biases of the first layer",
    }


def _told(group: Compartments, layout: limits.Layout) -> str:
    threshold = f"threshold {group.threshold} * 2^6, " if group.spiking else ""
    cores = f"{layout.cores} core{'s' * (layout.cores > 1)} of {layout.per_core} neurons (limit: {layout.limit})"
    return f"{cores}; {threshold}a unit of 2^6 is {2.0**-group.unit:g}"


def some(fact: str, counts: Mapping[str, int]) -> dict[str, object]:
    """Return, as a ``fact``, how often something was in each layer, where it was."""
    found = {name: count for name, count in counts.items() if count}
    return {fact: found} if found else {}


def count_saturated(counts: dict[str, int], seen: Seen, network: Network) -> None:
    """Add to ``counts``, and warn where it is an output whose potentials tell the class."""
    for place, (name, found) in enumerate(seen.saturated.items()):
        counts[name] += int(found.sum())
        if isinstance(network[name], CurrentBased) and found.any():
            what = "potentials end at 24 bits, as on the chip, in"
            warnings.warn(_told_of(name, what, found > 0), ConversionWarning, stacklevel=2)
        if name == network.output.name and isinstance(network.output, Accumulate):
            warn_of_end(name, found > 0, seen.counts[:, :, place].sum(axis=1) > 0)


def warn_of_end(name: str, ended: npt.NDArray[np.bool_], begun: npt.NDArray[np.bool_]) -> None:
    """Warn of samples, (batch,), whose output ends at 24 bits, or begins at 0 again, for at the upper end it fires."""
    hint = "convert the model for as many steps as are run, with typical calibration samples"
    told = (
        (begun, f"rise above 24 bits and begin at 0 again, which changes the class; {hint}"),
        (ended & ~begun, f"reach the lower end of 24 bits, and stay there; {hint}"),
    )
    for which, what in told:
        if which.any():
            message = f"layer {name!r}: the potentials of {int(which.sum())} of {len(which)} samples {what}"
            warnings.warn(message, ConversionWarning, stacklevel=2)


def warn_of_round(name: str, samples: npt.NDArray[np.bool_]) -> None:
    """Warn of samples, (batch,), in which currents went round 24 bits, as they do on the chip."""
    what = "currents are larger than 24 bits and change their sign, as on the chip, in"
    warnings.warn(_told_of(name, what, samples), ConversionWarning, stacklevel=2)


def _told_of(name: str, what: str, samples: npt.NDArray[np.bool_]) -> str:
    share = f"{int(samples.sum())} of {len(samples)} samples"
    return f"layer {name!r}: {what} {share}; train with smaller weights or larger decays"
