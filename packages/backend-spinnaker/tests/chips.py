"""What the chips do with a plan, step by step, in their numbers: written from the C source of `IF_trunc_delta`.

It is no board. It shows that the plan, its delays, its clock, its currents and what is read of it are those of the
network, if the chips do what their source says; and how much their numbers cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from snn_backend_spinnaker.spinnaker.backend import SpiNNaker
from snn_backend_spinnaker.spinnaker.plan import CLOCK
from snn_backend_spinnaker.spinnaker.simulator import SpiNNakerSimulator

_FULL = 2**16 - 1  # what a ring buffer holds, in steps of its weights


@dataclass(frozen=True)
class Emulated(SpiNNaker):
    """The backend, with its plan stepped through in place of a board."""

    requires: ClassVar[tuple[str, ...]] = ()
    machine: str = "emulated.invalid"

    def build(self, network, setup):
        self.check(network)
        return Stepped(network, setup, self)


class Stepped(SpiNNakerSimulator):
    def _build(self, *, entry, height):
        self._plan = self._backend.plan(self._network, self._setup.clock, entry=entry, height=height)

    def _present(self, stimulus, given):
        samples = len(stimulus.samples)
        return run(self._plan, given, samples, self._records(), self._network.input.name)


def run(plan, given, samples, records, entry=""):  # noqa: PLR0912  all that happens in a step, in one place
    """Return what each sample leaves behind, as the process of sPyNNaker does."""
    ways = []
    for projection in plan.projections:
        target = plan.populations[projection.target]
        bits = np.rint(projection.weight / target.scale.step(projection.receptor)).astype(np.int64)
        assert (bits <= _FULL).all(), "a weight of more than 16 bits wraps around"
        ways.append((projection, bits))
    deepest = max((projection.delay for projection, _ in ways), default=1)
    states = {
        name: np.repeat(population.initial[None], samples, 0).copy() for name, population in plan.populations.items()
    }
    for name in states:
        if f"initial/{name}" in given:
            states[name] = given[f"initial/{name}"].copy()
    resting = {name: np.zeros(state.shape, int) for name, state in states.items()}
    coming = [
        {
            (name, r): np.zeros(state.shape, np.int64)
            for name, state in states.items()
            for r in ("excitatory", "inhibitory")
        }
        for _ in range(deepest + 1)
    ]
    found = {f"v/{s}/{name}": [] for name, kinds in records.items() if "v" in kinds for s in range(samples)}
    fired_of = {
        f"spikes/{s}/{name}": [] for name, kinds in records.items() if "spikes" in kinds for s in range(samples)
    }
    for step in range(plan.steps):
        arrived, fired = coming[step % (deepest + 1)], {}
        for name in plan.sources:
            fired[name] = np.zeros((samples, plan.sources[name]), bool)
            if name == CLOCK:
                fired[name][:] = True
            elif name == entry:
                for s in range(samples):
                    fired[name][s, given[f"neuron/{s}"][given[f"step/{s}"] == step]] = True
        for name, population in plan.populations.items():
            state, rest = states[name], resting[name]
            if "v" in records.get(name, ()):
                for s in range(samples):
                    found[f"v/{s}/{name}"].append(state[s].copy())
            sums = [
                np.minimum(arrived[name, r], _FULL) * population.scale.step(r) for r in ("excitatory", "inhibitory")
            ]
            z = sums[0] - sums[1] + given.get(f"current/{name}", 0.0)
            awake = rest <= 0
            state[awake] = np.maximum(state + z, population.reset)[awake]
            rest[~awake] -= 1
            spike = state >= population.threshold
            state[spike] = population.reset
            rest[spike] = population.pause - 1
            fired[name] = spike
            for values in (arrived[name, "excitatory"], arrived[name, "inhibitory"]):
                values[:] = 0
            if "spikes" in records.get(name, ()):
                for s in range(samples):
                    fired_of[f"spikes/{s}/{name}"] += [(neuron, step) for neuron in np.flatnonzero(spike[s])]
        for projection, bits in ways:
            buffers = coming[(step + projection.delay) % (deepest + 1)][projection.target, projection.receptor]
            for s in range(samples):
                hit = fired[projection.source][s][projection.pre]
                sums = np.bincount(projection.post[hit], weights=bits[hit], minlength=buffers.shape[1])
                buffers[s] += sums.astype(np.int64)
    return {key: np.array(rows, float) for key, rows in found.items()} | {
        key: np.array(rows, float).reshape(-1, 2) for key, rows in fired_of.items()
    }
